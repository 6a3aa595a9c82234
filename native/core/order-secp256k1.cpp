#include "core/order-secp256k1.h"

namespace handfast {
namespace {

using Wide = unsigned __int128;

constexpr uint64_t kOrder[4] = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff};
// 2^256 - n, and n - 2.
constexpr uint64_t kFold[3] = {0x402da1732fc9bebf, 0x4551231950b75fc4, 1};
constexpr uint64_t kInverse[4] = {kOrder[0] - 2, kOrder[1], kOrder[2], kOrder[3]};
// p - n.
constexpr uint64_t kSpare[4] = {0x402da1722fc9baee, 0x4551231950b75fc4, 1, 0};

bool Less(const uint64_t a[4], const uint64_t b[4]) {
  for (int i = 3; i >= 0; i--) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

// a - n, modulo 2^256.
void SubtractOrder(uint64_t a[4]) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    const Wide difference = static_cast<Wide>(a[i]) - kOrder[i] - borrow;
    a[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
}

// The upper four of eight words are taken down, as often as there are any.
OrderNumber Reduced(uint64_t t[8]) {
  while ((t[4] | t[5] | t[6] | t[7]) != 0) {
    const uint64_t high[4] = {t[4], t[5], t[6], t[7]};
    t[4] = t[5] = t[6] = t[7] = 0;
    for (int i = 0; i < 4; i++) {
      if (high[i] == 0) continue;
      uint64_t carry = 0;
      for (int j = 0; j < 3; j++) {
        const Wide sum = static_cast<Wide>(high[i]) * kFold[j] + t[i + j] + carry;
        t[i + j] = static_cast<uint64_t>(sum);
        carry = static_cast<uint64_t>(sum >> 64);
      }
      for (int k = i + 3; carry != 0 && k < 8; k++) {
        t[k] += carry;
        carry = t[k] < carry;
      }
    }
  }
  OrderNumber out{{t[0], t[1], t[2], t[3]}};
  if (!Less(out.word, kOrder)) SubtractOrder(out.word);
  return out;
}

OrderNumber Inverse(const OrderNumber& a) {
  OrderNumber power[16];
  power[1] = a;
  for (int i = 2; i < 16; i++) power[i] = OrderMultiply(power[i - 1], a);
  OrderNumber out = power[15];
  for (int i = 62; i >= 0; i--) {
    for (int k = 0; k < 4; k++) out = OrderMultiply(out, out);
    const unsigned digit = kInverse[i / 16] >> (4 * (i % 16)) & 15;
    if (digit != 0) out = OrderMultiply(out, power[digit]);
  }
  return out;
}

}  // namespace

bool OrderFromBytes(OrderNumber* out, const uint8_t bytes[32]) {
  for (int i = 0; i < 4; i++) {
    uint64_t word = 0;
    for (int k = 0; k < 8; k++) word = word << 8 | bytes[8 * (3 - i) + k];
    out->word[i] = word;
  }
  if (Less(out->word, kOrder)) return true;
  SubtractOrder(out->word);
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
