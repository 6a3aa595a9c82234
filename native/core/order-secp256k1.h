// Integers modulo n, the order of secp256k1's group, as signatures are verified with them: all of it is public, nothing is in constant time. Four little-endian words, below n.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

struct OrderNumber {
  uint64_t word[4];
};

// 32 big-endian bytes modulo n. False: they were n or more.
bool OrderFromBytes(OrderNumber* out, const uint8_t bytes[32]);
bool OrderIsZero(const OrderNumber& a);
OrderNumber OrderMultiply(const OrderNumber& a, const OrderNumber& b);
// Replaces at most kMostInverted numbers that are not zero by their inverses: all together for the price of one and three multiplications each.
constexpr size_t kMostInverted = 64;
void OrderInvertTogether(OrderNumber* numbers, size_t count);
// a + n as four words; false where that is not below p, the prime of the field.
bool OrderRaised(uint64_t out[4], const OrderNumber& a);
// digit[0] + 2^bits digit[1] + ... = a, with digits from -2^(bits - 1) to 2^(bits - 1); there are 256 / bits + 1 of them. bits is 4 or 8.
void OrderDigits(int16_t* digit, const OrderNumber& a, unsigned bits);

}  // namespace handfast
