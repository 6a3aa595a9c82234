#include "core/signature-equation.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "core/bytes.h"
#include "core/short-relation.h"

// With u = vk (short-relation.h), R = sB - kA exactly when (vs)B - uA - vR = 0. u and v have half the length of k; vs modulo L is cut in two at 2^126, since B is always the same and a table
// of multiples of 2^126 B can be had beforehand. So four multiplications share some 128 doublings (Straus), where the equation as it stands takes 253, and the point is compared
// with 0, which takes no inversion. The price is a square root, since R is wanted as a point.

namespace handfast {
namespace {

constexpr int kSplit = 126;
// Widths of the windows: large where the multiples are known beforehand.
constexpr int kBaseWidth = 7, kPointWidth = 5;
constexpr int kBaseMultiples = 1 << (kBaseWidth - 2), kPointMultiples = 1 << (kPointWidth - 2);

// B, 3B, 5B... and the same of 2^126 B.
struct BaseTable {
  EdwardsNiels low[kBaseMultiples], high[kBaseMultiples];

  BaseTable() {
    EdwardsPoint first = EdwardsBase();
    Fill(low, first);
    for (int i = 0; i < kSplit; i++) EdwardsDouble(&first);
    Fill(high, first);
  }

  static void Fill(EdwardsNiels out[kBaseMultiples], const EdwardsPoint& first) {
    EdwardsPoint twice = first, multiple[kBaseMultiples] = {first};
    EdwardsDouble(&twice);
    const EdwardsCached step = EdwardsCache(twice);
    for (int i = 1; i < kBaseMultiples; i++) {
      multiple[i] = multiple[i - 1];
      EdwardsAdd(&multiple[i], step);
    }
    EdwardsToNiels(out, multiple, kBaseMultiples);
  }
};

// P, 3P, 5P...
struct PointTable {
  EdwardsCached odd[kPointMultiples];

  explicit PointTable(const EdwardsPoint& first) {
    EdwardsPoint twice = first;
    EdwardsDouble(&twice);
    odd[0] = EdwardsCache(first);
    for (int i = 1; i < kPointMultiples; i++) {
      EdwardsPoint next = twice;
      EdwardsAdd(&next, odd[i - 1]);
      odd[i] = EdwardsCache(next);
    }
  }
};

// Signed digits, odd or 0, of which any `width` in a row have at most one that is not 0 (the NAF of width w): the number is the sum of digit[i] 2^i.
struct Digits {
  int8_t digit[257] = {0};
  int count = 0;

  Digits(const uint64_t number[4], int width) {
    const auto bits = [&](int at) {
      const int word = at / 64, shift = at % 64;
      uint64_t value = word < 4 ? number[word] >> shift : 0;
      if (shift > 0 && word < 3) value |= number[word + 1] << (64 - shift);
      return value;
    };
    const uint64_t mask = (uint64_t{1} << width) - 1;
    uint64_t carry = 0;
    for (int at = 0; at < 257;) {
      const uint64_t window = (bits(at) & mask) + carry;
      if (window % 2 == 0) {
        at++;  // the carry, if there is one, meets a bit that is 1 and moves on
        continue;
      }
      carry = window >> (width - 1);
      digit[at] = static_cast<int8_t>(static_cast<int>(window) - static_cast<int>(carry << width));
      count = at + 1;
      at += width;
    }
  }
};

EdwardsNiels Negative(const EdwardsNiels& p) { return {p.difference, p.sum, FieldSubtractReduced(kFieldZero, p.product)}; }
EdwardsCached Negative(const EdwardsCached& p) { return {p.difference, p.sum, FieldSubtractReduced(kFieldZero, p.product), p.twiceZ}; }

// digit * P of a table of P, 3P, 5P...
template <typename Multiple>
Multiple Select(const Multiple* odd, int digit) {
  const Multiple& multiple = odd[(digit < 0 ? -digit : digit) / 2];
  return digit < 0 ? Negative(multiple) : multiple;
}

EdwardsPoint Negative(const EdwardsPoint& p) {
  // Multiplied by one, so that the limbs are reduced.
  return {FieldMultiply(FieldSubtractReduced(kFieldZero, p.x), kFieldOne), p.y, p.z, FieldMultiply(FieldSubtractReduced(kFieldZero, p.t), kFieldOne)};
}

}  // namespace

bool SignatureEquationHolds(const EdwardsPoint& r, const EdwardsPoint& a, const uint8_t s[32], const uint8_t k[32]) {
  static const BaseTable base;
  const ShortRelation relation = ShortRelationOf(k);
  const uint64_t v[4] = {static_cast<uint64_t>(relation.v), static_cast<uint64_t>(relation.v >> 64), 0, 0};
  uint8_t wide[32] = {0}, product[32];
  StoreLittle64(wide, v[0]);
  StoreLittle64(wide + 8, v[1]);
  crypto_core_ed25519_scalar_mul(product, wide, s);
  const uint64_t p[4] = {LoadLittle64(product), LoadLittle64(product + 8), LoadLittle64(product + 16), LoadLittle64(product + 24)};
  const uint64_t low[4] = {p[0], p[1] & (~uint64_t{0} >> 2), 0, 0}, high[4] = {p[1] >> 62 | p[2] << 2, p[2] >> 62 | p[3] << 2, p[3] >> 62, 0};

  // |v| s B -+ u A - |v| R.
  const PointTable ofA(relation.negative ? a : Negative(a)), ofR(Negative(r));
  const Digits digitsOfLow(low, kBaseWidth), digitsOfHigh(high, kBaseWidth), digitsOfU(relation.u, kPointWidth), digitsOfV(v, kPointWidth);
  EdwardsPoint sum = kEdwardsNeutral;
  for (int i = std::max({digitsOfLow.count, digitsOfHigh.count, digitsOfU.count, digitsOfV.count}); i-- > 0;) {
    const int l = digitsOfLow.digit[i], h = digitsOfHigh.digit[i], u = digitsOfU.digit[i], w = digitsOfV.digit[i];
    EdwardsDouble(&sum, (l | h | u | w) != 0);
    if (l != 0) EdwardsAdd(&sum, Select(base.low, l), (h | u | w) != 0);
    if (h != 0) EdwardsAdd(&sum, Select(base.high, h), (u | w) != 0);
    if (u != 0) EdwardsAdd(&sum, Select(ofA.odd, u), w != 0);
    if (w != 0) EdwardsAdd(&sum, Select(ofR.odd, w), false);
  }
  return FieldIsZero(sum.x) && FieldIsZero(FieldSubtractReduced(sum.y, sum.z));
}

}  // namespace handfast
