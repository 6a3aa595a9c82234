// The group of edwards25519 (RFC 8032 section 5.1): points, their formulas and encodings, and multiples of the base point in constant time, which is what X25519 key pairs and
// Ed25519 signatures spend most of their time on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/field25519.h"

namespace handfast {

// The curve is -x^2 + y^2 = 1 + d x^2 y^2. Formulas: Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited" (2008), sections 3.1 to 3.3, which are complete here
// (-1 is a square and d is not), so that no input is a special case.

// Extended coordinates: the affine point is (x/z, y/z), and t = xy/z. All reduced.
struct EdwardsPoint {
  Field x, y, z, t;
};

// What an addition wants of its second point: y + x, y - x and 2dt, and 2z where the point is not affine.
struct EdwardsNiels {
  Field sum, difference, product;
};
struct EdwardsCached {
  Field sum, difference, product, twiceZ;
};

constexpr Field kEdwardsD = {{929955233495203, 466365720129213, 1662059464998953, 2033849074728123, 1442794654840575}};  // -121665/121666
constexpr Field kEdwardsTwiceD = {{1859910466990425, 932731440258426, 1072319116312658, 1815898335770999, 633789495995903}};
constexpr EdwardsPoint kEdwardsNeutral = {kFieldZero, kFieldOne, kFieldOne, kFieldZero};

// scalar * B for any scalar of 256 bits, little-endian. The first call in a process also computes a table of 39 KiB (about 0.2 ms).
// Secrets are wiped but for what the compiler spilled to the stack: EdwardsWipe() clears that too, and the result.
void EdwardsMultiplyBase(EdwardsPoint* out, const uint8_t scalar[32]);
void EdwardsWipe(EdwardsPoint* point);

EdwardsPoint EdwardsBase();
// The 32 bytes of RFC 8032: y, and the lowest bit of x on top. One inversion.
void EdwardsEncode(uint8_t out[32], const EdwardsPoint& point);
// The point of such bytes, z = 1; false where there is none. Not in constant time. The caller has seen to it that y is below p and not 1 or -1, where x = 0 has no sign.
bool EdwardsDecode(EdwardsPoint* out, const uint8_t in[32]);
// The u of RFC 7748 that belongs to the point: (z + y) / (z - y), 0 for the neutral element. One inversion.
void EdwardsEncodeMontgomery(uint8_t out[32], const EdwardsPoint& point);
// Makes points affine, with one inversion for all.
void EdwardsToNiels(EdwardsNiels* out, const EdwardsPoint* points, size_t count);

inline EdwardsCached EdwardsCache(const EdwardsPoint& p) {
  return {FieldAdd(p.y, p.x), FieldSubtractReduced(p.y, p.x), FieldMultiply(p.t, kEdwardsTwiceD), FieldAdd(p.z, p.z)};
}

// Below, withT says whether t is wanted, which additions read and doublings do not: one multiplication.

// The end that both additions have in common: b = (y + x)(y' + x'), a = (y - x)(y' - x'), c = 2dtt', d = 2zz'; d below 2^53.
inline void EdwardsAddProducts(EdwardsPoint* p, const Field& a, const Field& b, const Field& c, const Field& d, bool withT) {
  const Field e = FieldSubtractReduced(b, a), f = FieldSubtractReduced(d, c), g = FieldAdd(d, c), h = FieldAdd(b, a);
  p->x = FieldMultiply(e, f);
  p->y = FieldMultiply(g, h);
  p->z = FieldMultiply(f, g);
  if (withT) p->t = FieldMultiply(e, h);
}

// Seven multiplications.
inline void EdwardsAdd(EdwardsPoint* p, const EdwardsNiels& q, bool withT = true) {
  const Field a = FieldMultiply(FieldSubtractReduced(p->y, p->x), q.difference);
  const Field b = FieldMultiply(FieldAdd(p->y, p->x), q.sum);
  EdwardsAddProducts(p, a, b, FieldMultiply(p->t, q.product), FieldAdd(p->z, p->z), withT);
}

// Eight.
inline void EdwardsAdd(EdwardsPoint* p, const EdwardsCached& q, bool withT = true) {
  const Field a = FieldMultiply(FieldSubtractReduced(p->y, p->x), q.difference);
  const Field b = FieldMultiply(FieldAdd(p->y, p->x), q.sum);
  EdwardsAddProducts(p, a, b, FieldMultiply(p->t, q.product), FieldMultiply(p->z, q.twiceZ), withT);
}

// Four multiplications and four squarings.
inline void EdwardsDouble(EdwardsPoint* p, bool withT = true) {
  const Field xx = FieldSquare(p->x), yy = FieldSquare(p->y), zz = FieldSquare(p->z), square = FieldSquare(FieldAdd(p->x, p->y));
  const Field h = FieldAdd(yy, xx), g = FieldSubtractReduced(yy, xx);
  const Field e = FieldSubtract(square, h), f = FieldSubtract(FieldAdd(zz, zz), g);
  p->x = FieldMultiply(e, f);
  p->y = FieldMultiply(g, h);
  p->z = FieldMultiply(f, g);
  if (withT) p->t = FieldMultiply(e, h);
}

}  // namespace handfast
