#include "core/field25519.h"

#include "core/bytes.h"

namespace handfast {
namespace {

using Wide = unsigned __int128;

constexpr uint64_t kMask = (uint64_t{1} << 51) - 1;

// Brings five sums of products, of limbs below 2^53, back to limbs little above 51 bits. All carries move at once, twice, instead of one after the other: the chain of
// squarings waits for each result, so that what counts here is how long the longest path is.
inline Field Carry(Wide r0, Wide r1, Wide r2, Wide r3, Wide r4) {
  // r4 holds no product times 19, so that its carry is below 2^57 and 19 times it fits.
  const uint64_t h0 = static_cast<uint64_t>(r0 >> 51), h1 = static_cast<uint64_t>(r1 >> 51), h2 = static_cast<uint64_t>(r2 >> 51),
                 h3 = static_cast<uint64_t>(r3 >> 51), h4 = static_cast<uint64_t>(r4 >> 51);
  // 2^255 = 19 modulo p, so what leaves the top comes back at the bottom 19 times.
  const uint64_t t0 = (static_cast<uint64_t>(r0) & kMask) + 19 * h4, t1 = (static_cast<uint64_t>(r1) & kMask) + h0,
                 t2 = (static_cast<uint64_t>(r2) & kMask) + h1, t3 = (static_cast<uint64_t>(r3) & kMask) + h2,
                 t4 = (static_cast<uint64_t>(r4) & kMask) + h3;
  return {{(t0 & kMask) + 19 * (t4 >> 51), (t1 & kMask) + (t0 >> 51), (t2 & kMask) + (t1 >> 51), (t3 & kMask) + (t2 >> 51), (t4 & kMask) + (t3 >> 51)}};
}

inline Field SquareTimes(Field a, int times) {
  while (times-- > 0) a = FieldSquare(a);
  return a;
}

}  // namespace

Field FieldFromBytes(const uint8_t in[32]) {
  const uint64_t w0 = LoadLittle64(in), w1 = LoadLittle64(in + 8), w2 = LoadLittle64(in + 16), w3 = LoadLittle64(in + 24);
  return {{w0 & kMask, (w0 >> 51 | w1 << 13) & kMask, (w1 >> 38 | w2 << 26) & kMask, (w2 >> 25 | w3 << 39) & kMask, w3 >> 12 & kMask}};
}

void FieldToBytes(uint8_t out[32], const Field& a) {
  uint64_t t[5] = {a.limb[0], a.limb[1], a.limb[2], a.limb[3], a.limb[4]};
  // Twice, because the first round may leave a carry out of the top again.
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 4; i++) {
      t[i + 1] += t[i] >> 51;
      t[i] &= kMask;
    }
    t[0] += 19 * (t[4] >> 51);
    t[4] &= kMask;
  }
  // Now 0 <= t < 2^255 + a little: q is 1 exactly when t >= p, and t - qp = t + 19q - q 2^255.
  uint64_t q = (t[0] + 19) >> 51;
  for (int i = 1; i < 5; i++) q = (t[i] + q) >> 51;
  t[0] += 19 * q;
  for (int i = 0; i < 4; i++) {
    t[i + 1] += t[i] >> 51;
    t[i] &= kMask;
  }
  t[4] &= kMask;
  StoreLittle64(out, t[0] | t[1] << 51);
  StoreLittle64(out + 8, t[1] >> 13 | t[2] << 38);
  StoreLittle64(out + 16, t[2] >> 26 | t[3] << 25);
  StoreLittle64(out + 24, t[3] >> 39 | t[4] << 12);
}

Field FieldAdd(const Field& a, const Field& b) {
  Field out;
  for (int i = 0; i < 5; i++) out.limb[i] = a.limb[i] + b.limb[i];
  return out;
}

Field FieldSubtract(const Field& a, const Field& b) {
  // 4p is added first, so that no limb goes below zero for operands of up to 53 bits.
  constexpr uint64_t k4p0 = 4 * ((uint64_t{1} << 51) - 19), k4p = 4 * kMask;
  return {{a.limb[0] + k4p0 - b.limb[0], a.limb[1] + k4p - b.limb[1], a.limb[2] + k4p - b.limb[2], a.limb[3] + k4p - b.limb[3],
           a.limb[4] + k4p - b.limb[4]}};
}

Field FieldMultiply(const Field& a, const Field& b) {
  const uint64_t a0 = a.limb[0], a1 = a.limb[1], a2 = a.limb[2], a3 = a.limb[3], a4 = a.limb[4];
  const uint64_t b0 = b.limb[0], b1 = b.limb[1], b2 = b.limb[2], b3 = b.limb[3], b4 = b.limb[4];
  const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
  const Wide r0 = Wide{a0} * b0 + Wide{a1} * c4 + Wide{a2} * c3 + Wide{a3} * c2 + Wide{a4} * c1;
  const Wide r1 = Wide{a0} * b1 + Wide{a1} * b0 + Wide{a2} * c4 + Wide{a3} * c3 + Wide{a4} * c2;
  const Wide r2 = Wide{a0} * b2 + Wide{a1} * b1 + Wide{a2} * b0 + Wide{a3} * c4 + Wide{a4} * c3;
  const Wide r3 = Wide{a0} * b3 + Wide{a1} * b2 + Wide{a2} * b1 + Wide{a3} * b0 + Wide{a4} * c4;
  const Wide r4 = Wide{a0} * b4 + Wide{a1} * b3 + Wide{a2} * b2 + Wide{a3} * b1 + Wide{a4} * b0;
  return Carry(r0, r1, r2, r3, r4);
}

Field FieldSquare(const Field& a) {
  const uint64_t a0 = a.limb[0], a1 = a.limb[1], a2 = a.limb[2], a3 = a.limb[3], a4 = a.limb[4];
  const uint64_t d0 = 2 * a0, d1 = 2 * a1, c3 = 19 * a3, c4 = 19 * a4;
  const Wide r0 = Wide{a0} * a0 + Wide{d1} * c4 + Wide{2 * a2} * c3;
  const Wide r1 = Wide{d0} * a1 + Wide{2 * a2} * c4 + Wide{a3} * c3;
  const Wide r2 = Wide{d0} * a2 + Wide{a1} * a1 + Wide{2 * a3} * c4;
  const Wide r3 = Wide{d0} * a3 + Wide{d1} * a2 + Wide{a4} * c4;
  const Wide r4 = Wide{d0} * a4 + Wide{d1} * a3 + Wide{a2} * a2;
  return Carry(r0, r1, r2, r3, r4);
}

Field FieldInvert(const Field& a) {
  // The exponent 2^255 - 21 by an addition chain of 254 squarings and 11 multiplications; names say which power is held.
  const Field p2 = FieldSquare(a);
  const Field p9 = FieldMultiply(SquareTimes(p2, 2), a);
  const Field p11 = FieldMultiply(p9, p2);
  const Field ones5 = FieldMultiply(FieldSquare(p11), p9);  // 2^5 - 1
  const Field ones10 = FieldMultiply(SquareTimes(ones5, 5), ones5);
  const Field ones20 = FieldMultiply(SquareTimes(ones10, 10), ones10);
  const Field ones40 = FieldMultiply(SquareTimes(ones20, 20), ones20);
  const Field ones50 = FieldMultiply(SquareTimes(ones40, 10), ones10);
  const Field ones100 = FieldMultiply(SquareTimes(ones50, 50), ones50);
  const Field ones200 = FieldMultiply(SquareTimes(ones100, 100), ones100);
  const Field ones250 = FieldMultiply(SquareTimes(ones200, 50), ones50);
  return FieldMultiply(SquareTimes(ones250, 5), p11);
}

}  // namespace handfast
