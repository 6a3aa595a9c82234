#include "core/order-secp256k1.h"

namespace handfast {
namespace {

using Wide = unsigned __int128;

constexpr uint64_t kOrder[4] = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff};
// 2^256 - n.
constexpr uint64_t kFold[3] = {0x402da1732fc9bebf, 0x4551231950b75fc4, 1};
// -1 / n modulo 2^64.
constexpr uint64_t kNegatedInverse = 0x4b0dff665588b13f;
static_assert(kNegatedInverse * kOrder[0] == ~uint64_t{0});
// p - n.
constexpr uint64_t kSpare[4] = {0x402da1722fc9baee, 0x4551231950b75fc4, 1, 0};

bool Less(const uint64_t a[4], const uint64_t b[4]) {
  for (int i = 3; i >= 0; i--) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

// a - b. True: b was more.
bool Subtract(uint64_t a[4], const uint64_t b[4]) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    const Wide difference = static_cast<Wide>(a[i]) - b[i] - borrow;
    a[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
  return borrow != 0;
}

// Takes the `high` words above the first four of t down to those below, since 2^256 is worth 2^256 - n modulo n; what this comes to has at most four words and high - 1 more, or where high is 1 a bit more.
template <int high>
__attribute__((always_inline)) inline void Fold(uint64_t t[4 + high]) {
  constexpr int kWords = 4 + high;
  uint64_t above[high];
  for (int i = 0; i < high; i++) {
    above[i] = t[4 + i];
    t[4 + i] = 0;
  }
#pragma GCC unroll 4
  for (int i = 0; i < high; i++) {
    Wide sum = static_cast<Wide>(above[i]) * kFold[0] + t[i];
    t[i] = static_cast<uint64_t>(sum);
    sum = static_cast<Wide>(above[i]) * kFold[1] + t[i + 1] + static_cast<uint64_t>(sum >> 64);
    t[i + 1] = static_cast<uint64_t>(sum);
    // The third word of what 2^256 is worth is 1.
    sum = static_cast<Wide>(above[i]) + t[i + 2] + static_cast<uint64_t>(sum >> 64);
    t[i + 2] = static_cast<uint64_t>(sum);
#pragma GCC unroll 8
    for (int k = i + 3; k < kWords; k++) {
      sum = static_cast<Wide>(t[k]) + static_cast<uint64_t>(sum >> 64);
      t[k] = static_cast<uint64_t>(sum);
    }
  }
}

OrderNumber Reduced(uint64_t t[8]) {
  Fold<4>(t);  // below 2^386
  Fold<3>(t);  // below 2^260
  Fold<1>(t);  // below 2^256 + 2^133
  Fold<1>(t);  // below 2^256: what was just above it is little now
  OrderNumber out{{t[0], t[1], t[2], t[3]}};
  if (!Less(out.word, kOrder)) Subtract(out.word, kOrder);
  return out;
}

// a times 2^-bits, bits from 1 to 63: as often n as makes the lowest bits zero, then a shift.
void DivideByPower(uint64_t a[4], int bits) {
  const uint64_t times = a[0] * kNegatedInverse & ((uint64_t{1} << bits) - 1);
  uint64_t sum[5], carry = 0;
  for (int i = 0; i < 4; i++) {
    const Wide product = static_cast<Wide>(times) * kOrder[i] + a[i] + carry;
    sum[i] = static_cast<uint64_t>(product);
    carry = static_cast<uint64_t>(product >> 64);
  }
  sum[4] = carry;
  for (int i = 0; i < 4; i++) a[i] = sum[i] >> bits | sum[i + 1] << (64 - bits);
}

// Until a, which is not zero, is odd; what is worth so many of it is divided too.
void MakeOdd(uint64_t a[4], uint64_t worth[4]) {
  while ((a[0] & 1) == 0) {
    const int bits = a[0] == 0 ? 63 : __builtin_ctzll(a[0]);
    for (int i = 0; i < 3; i++) a[i] = a[i] >> bits | a[i + 1] << (64 - bits);
    a[3] >>= bits;
    DivideByPower(worth, bits);
  }
}

void SubtractModulo(uint64_t a[4], const uint64_t b[4]) {
  if (!Subtract(a, b)) return;
  uint64_t carry = 0;
  for (int i = 0; i < 4; i++) {
    const Wide sum = static_cast<Wide>(a[i]) + kOrder[i] + carry;
    a[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
}

// By the binary form of Euclid's algorithm (Knuth, The Art of Computer Programming, volume 2, 4.5.2, algorithm B, with the multiples kept): u = x a and v = y a modulo n all the while, both odd.
OrderNumber Inverse(const OrderNumber& a) {
  uint64_t u[4], v[4], x[4] = {1}, y[4] = {};
  for (int i = 0; i < 4; i++) {
    u[i] = a.word[i];
    v[i] = kOrder[i];
  }
  MakeOdd(u, x);
  for (;;) {
    if (Less(u, v)) {
      Subtract(v, u);
      SubtractModulo(y, x);
      MakeOdd(v, y);
    } else {
      Subtract(u, v);
      // Both were 1, since n is prime.
      if ((u[0] | u[1] | u[2] | u[3]) == 0) return {{x[0], x[1], x[2], x[3]}};
      SubtractModulo(x, y);
      MakeOdd(u, x);
    }
  }
}

}  // namespace

bool OrderFromBytes(OrderNumber* out, const uint8_t bytes[32]) {
  for (int i = 0; i < 4; i++) {
    uint64_t word = 0;
    for (int k = 0; k < 8; k++) word = word << 8 | bytes[8 * (3 - i) + k];
    out->word[i] = word;
  }
  if (Less(out->word, kOrder)) return true;
  Subtract(out->word, kOrder);
  return false;
}

bool OrderIsZero(const OrderNumber& a) { return (a.word[0] | a.word[1] | a.word[2] | a.word[3]) == 0; }

OrderNumber OrderMultiply(const OrderNumber& a, const OrderNumber& b) {
  uint64_t t[8] = {};
  for (int i = 0; i < 4; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) {
      const Wide sum = static_cast<Wide>(a.word[i]) * b.word[j] + t[i + j] + carry;
      t[i + j] = static_cast<uint64_t>(sum);
      carry = static_cast<uint64_t>(sum >> 64);
    }
    t[i + 4] = carry;
  }
  return Reduced(t);
}

void OrderInvertTogether(OrderNumber* numbers, size_t count) {
  if (count == 0) return;
  OrderNumber products[kMostInverted];
  products[0] = numbers[0];
  for (size_t i = 1; i < count; i++) products[i] = OrderMultiply(products[i - 1], numbers[i]);
  OrderNumber inverse = Inverse(products[count - 1]);
  for (size_t i = count - 1; i > 0; i--) {
    const OrderNumber own = OrderMultiply(inverse, products[i - 1]);
    inverse = OrderMultiply(inverse, numbers[i]);
    numbers[i] = own;
  }
  numbers[0] = inverse;
}

bool OrderRaised(uint64_t out[4], const OrderNumber& a) {
  if (!Less(a.word, kSpare)) return false;
  uint64_t carry = 0;
  for (int i = 0; i < 4; i++) {
    const Wide sum = static_cast<Wide>(a.word[i]) + kOrder[i] + carry;
    out[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
  return true;
}

void OrderDigits(int16_t* digit, const OrderNumber& a, unsigned bits) {
  const unsigned count = 256 / bits, half = 1u << (bits - 1), mask = 2 * half - 1;
  unsigned carry = 0;
  for (unsigned i = 0; i < count; i++) {
    const unsigned at = i * bits, value = (static_cast<unsigned>(a.word[at / 64] >> (at % 64)) & mask) + carry;
    carry = value > half;
    digit[i] = static_cast<int16_t>(static_cast<int>(value) - static_cast<int>(carry * 2 * half));
  }
  digit[count] = static_cast<int16_t>(carry);
}

}  // namespace handfast
