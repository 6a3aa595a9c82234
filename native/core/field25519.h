// Arithmetic modulo p = 2^255 - 19 in constant time, for the group of edwards25519.h and for turning its points into those of the Montgomery curve.
// The hot operations are inline, since a call through memory costs a tenth of a multiplication.
#pragma once

#include <cstdint>

namespace handfast {

// Five limbs of 51 bits, least significant first. A product ("reduced") has limbs below 2^51 + 2^17; sums and differences are not carried: every operand of a
// multiplication may have limbs below 2^54, of a subtraction what that says.
struct Field {
  uint64_t limb[5];
};

constexpr uint64_t kFieldMask = (uint64_t{1} << 51) - 1;
constexpr Field kFieldZero = {{0, 0, 0, 0, 0}}, kFieldOne = {{1, 0, 0, 0, 0}};

// The low 255 bits; values from 2^255 - 19 upwards are taken modulo it. Reduced.
Field FieldFromBytes(const uint8_t in[32]);
// The canonical encoding.
void FieldToBytes(uint8_t out[32], const Field& a);
// a^(p-2): the inverse, and 0 for 0.
Field FieldInvert(const Field& a);
// a^((p-5)/8), of which square roots are made (RFC 8032 section 5.1.3).
Field FieldRootPower(const Field& a);
bool FieldIsZero(const Field& a);

inline Field FieldAdd(const Field& a, const Field& b) {
  return {{a.limb[0] + b.limb[0], a.limb[1] + b.limb[1], a.limb[2] + b.limb[2], a.limb[3] + b.limb[3], a.limb[4] + b.limb[4]}};
}

// a + times * p - b: with 2p no limb goes below zero for a reduced b, with 4p for a b of up to 53 bits.
template <unsigned times>
inline Field FieldSubtractFrom(const Field& a, const Field& b) {
  constexpr uint64_t low = times * (kFieldMask - 18), rest = times * kFieldMask;
  return {{a.limb[0] + low - b.limb[0], a.limb[1] + rest - b.limb[1], a.limb[2] + rest - b.limb[2], a.limb[3] + rest - b.limb[3], a.limb[4] + rest - b.limb[4]}};
}

inline Field FieldSubtractReduced(const Field& a, const Field& b) { return FieldSubtractFrom<2>(a, b); }
inline Field FieldSubtract(const Field& a, const Field& b) { return FieldSubtractFrom<4>(a, b); }

using Wide = unsigned __int128;

// Brings five sums of products back to limbs little above 51 bits. All carries move at once, twice, instead of one after the other: the chain of squarings waits for
// each result, so that what counts here is how long the longest path is.
inline Field FieldCarry(Wide r0, Wide r1, Wide r2, Wide r3, Wide r4) {
  // r0 to r3 are below 77 * 2^108, so that their carries are below 2^64; r4 holds no product times 19 and is below 5 * 2^108: its carry is below 2^59.4, and 19 times it
  // fits.
  const uint64_t h0 = static_cast<uint64_t>(r0 >> 51), h1 = static_cast<uint64_t>(r1 >> 51), h2 = static_cast<uint64_t>(r2 >> 51),
                 h3 = static_cast<uint64_t>(r3 >> 51), h4 = static_cast<uint64_t>(r4 >> 51);
  // 2^255 = 19 modulo p, so what leaves the top comes back at the bottom 19 times.
  const uint64_t t0 = (static_cast<uint64_t>(r0) & kFieldMask) + 19 * h4, t1 = (static_cast<uint64_t>(r1) & kFieldMask) + h0,
                 t2 = (static_cast<uint64_t>(r2) & kFieldMask) + h1, t3 = (static_cast<uint64_t>(r3) & kFieldMask) + h2,
                 t4 = (static_cast<uint64_t>(r4) & kFieldMask) + h3;
  return {{(t0 & kFieldMask) + 19 * (t4 >> 51), (t1 & kFieldMask) + (t0 >> 51), (t2 & kFieldMask) + (t1 >> 51), (t3 & kFieldMask) + (t2 >> 51),
           (t4 & kFieldMask) + (t3 >> 51)}};
}

// The same one carry after the other: longer to wait for, but fewer instructions, which is what counts where other products fill the time.
inline Field FieldCarryInTurn(Wide r0, Wide r1, Wide r2, Wide r3, Wide r4) {
  r1 += static_cast<uint64_t>(r0 >> 51);
  r2 += static_cast<uint64_t>(r1 >> 51);
  r3 += static_cast<uint64_t>(r2 >> 51);
  r4 += static_cast<uint64_t>(r3 >> 51);
  const uint64_t t0 = (static_cast<uint64_t>(r0) & kFieldMask) + 19 * static_cast<uint64_t>(r4 >> 51);
  return {{t0 & kFieldMask, (static_cast<uint64_t>(r1) & kFieldMask) + (t0 >> 51), static_cast<uint64_t>(r2) & kFieldMask, static_cast<uint64_t>(r3) & kFieldMask,
           static_cast<uint64_t>(r4) & kFieldMask}};
}

inline Field FieldMultiply(const Field& a, const Field& b) {
  const uint64_t a0 = a.limb[0], a1 = a.limb[1], a2 = a.limb[2], a3 = a.limb[3], a4 = a.limb[4];
  const uint64_t b0 = b.limb[0], b1 = b.limb[1], b2 = b.limb[2], b3 = b.limb[3], b4 = b.limb[4];
  const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
  const Wide r0 = Wide{a0} * b0 + Wide{a1} * c4 + Wide{a2} * c3 + Wide{a3} * c2 + Wide{a4} * c1;
  const Wide r1 = Wide{a0} * b1 + Wide{a1} * b0 + Wide{a2} * c4 + Wide{a3} * c3 + Wide{a4} * c2;
  const Wide r2 = Wide{a0} * b2 + Wide{a1} * b1 + Wide{a2} * b0 + Wide{a3} * c4 + Wide{a4} * c3;
  const Wide r3 = Wide{a0} * b3 + Wide{a1} * b2 + Wide{a2} * b1 + Wide{a3} * b0 + Wide{a4} * c4;
  const Wide r4 = Wide{a0} * b4 + Wide{a1} * b3 + Wide{a2} * b2 + Wide{a3} * b1 + Wide{a4} * b0;
  return FieldCarryInTurn(r0, r1, r2, r3, r4);
}

inline Field FieldSquare(const Field& a) {
  const uint64_t a0 = a.limb[0], a1 = a.limb[1], a2 = a.limb[2], a3 = a.limb[3], a4 = a.limb[4];
  const uint64_t d0 = 2 * a0, d1 = 2 * a1, c3 = 19 * a3, c4 = 19 * a4;
  const Wide r0 = Wide{a0} * a0 + Wide{d1} * c4 + Wide{2 * a2} * c3;
  const Wide r1 = Wide{d0} * a1 + Wide{2 * a2} * c4 + Wide{a3} * c3;
  const Wide r2 = Wide{d0} * a2 + Wide{a1} * a1 + Wide{2 * a3} * c4;
  const Wide r3 = Wide{d0} * a3 + Wide{d1} * a2 + Wide{a4} * c4;
  const Wide r4 = Wide{d0} * a4 + Wide{d1} * a3 + Wide{a2} * a2;
  return FieldCarry(r0, r1, r2, r3, r4);
}

}  // namespace handfast
