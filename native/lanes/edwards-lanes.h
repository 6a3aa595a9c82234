// Points of edwards25519 in each lane of a vector, in constant time: formulas, decoding and encoding as in core/edwards25519.h, on the field of field-lanes.h.
//
// Coordinates are kept as the products they come from, not carried: whoever uses a point carries the sums it makes of them, which is seven carries an addition instead of
// ten. x and t are one product (limbs below 2^55.4) or something clean; y and z are that too, but biased (field-lanes.h), so that SubtractBiased takes x and others off them
// and Subtract takes one off the other. What is subtracted is otherwise never more than two products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanes/field-lanes.h"

namespace handfast {
namespace {

// Extended coordinates: the affine point is (x/z, y/z), and t = xy/z.
template <class V>
struct EdwardsLanes {
  SumLanes<V> x, y, z, t;
};

// What an addition wants of its second point: y + x, y - x and 2dt, and 2z where the point is not affine.
template <class V>
struct NielsLanes {
  FieldLanes<V> sum, difference, product;
};
template <class V>
struct CachedLanes {
  FieldLanes<V> sum, difference, product, twiceZ;
};

template <class V>
LANES_INLINE FieldLanes<V> EdwardsD() {  // -121665/121666
  return FieldOf<V>(0x75eb4dca135978a3, 0x00700a4d4141d8ab, 0x8cc740797779e898, 0x52036cee2b6ffe73);
}
template <class V>
LANES_INLINE FieldLanes<V> EdwardsTwiceD() {
  return FieldOf<V>(0xebd69b9426b2f159, 0x00e0149a8283b156, 0x198e80f2eef3d130, 0x2406d9dc56dffce7);
}
template <class V>
LANES_INLINE FieldLanes<V> RootOfMinusOne() {
  return FieldOf<V>(0xc4ee1b274a0ea0b0, 0x2f431806ad2fe478, 0x2b4d00993dfbd7a7, 0x2b8324804fc1df0b);
}

template <class V>
LANES_INLINE EdwardsLanes<V> EdwardsNeutral() {
  const SumLanes<V> zero = AsSum(FieldOf<V>(0)), one = Biased(AsSum(FieldOf<V>(1)));
  return {zero, one, one, zero};
}

// --- additions and doublings ------------------------------------------------------------------------------------------------------------------------

// withT says whether t is wanted, which additions read and doublings do not: one multiplication. Costs in operations of 512 bits: 582 with affine points, 655, 516 to double.

template <class V>
LANES_INLINE CachedLanes<V> Cache(const EdwardsLanes<V>& p) {
  return {Carry(Add(p.y, p.x)), Carry(SubtractBiased(p.y, p.x)), Multiply(Carry(p.t), EdwardsTwiceD<V>()), Carry(Double(p.z))};
}

template <class V>
LANES_INLINE EdwardsLanes<V> EdwardsOf(const FieldLanes<V>& e, const FieldLanes<V>& f, const FieldLanes<V>& g, const FieldLanes<V>& h, bool withT) {
  EdwardsLanes<V> out;
  out.x = Product(e, f);
  out.y = BiasedProduct(g, h);
  out.z = BiasedProduct(f, g);
  if (withT) out.t = Product(e, h);
  return out;
}

// The end that both additions have in common: d is 2zz', biased.
template <class V>
LANES_INLINE EdwardsLanes<V> AddProducts(const EdwardsLanes<V>& p, const FieldLanes<V>& sum, const FieldLanes<V>& difference, const FieldLanes<V>& product, const SumLanes<V>& d,
                                         bool withT) {
  const SumLanes<V> a = Product(Carry(SubtractBiased(p.y, p.x)), difference), b = BiasedProduct(Carry(Add(p.y, p.x)), sum);
  const FieldLanes<V> e = Carry(SubtractBiased(b, a)), h = Carry(Add(b, a));
  const SumLanes<V> c = Product(Carry(p.t), product);
  return EdwardsOf(e, Carry(SubtractBiased(d, c)), Carry(Add(d, c)), h, withT);
}

template <class V>
LANES_INLINE EdwardsLanes<V> Add(const EdwardsLanes<V>& p, const NielsLanes<V>& q, bool withT = true) {
  return AddProducts(p, q.sum, q.difference, q.product, Double(p.z), withT);
}

template <class V>
LANES_INLINE EdwardsLanes<V> Add(const EdwardsLanes<V>& p, const CachedLanes<V>& q, bool withT = true) {
  return AddProducts(p, q.sum, q.difference, q.product, BiasedProduct(Carry(p.z), q.twiceZ), withT);
}

// t of p is not read.
template <class V>
LANES_INLINE EdwardsLanes<V> Double(const EdwardsLanes<V>& p, bool withT = true) {
  const SumLanes<V> xx = Squared(Carry(p.x)), yy = Squared(Carry(p.y)), zz = BiasedSquared(Carry(p.z)), square = BiasedSquared(Carry(Add(p.x, p.y)));
  const SumLanes<V> h = Add(yy, xx);
  // f = 2zz - (yy - xx), of which only yy may be subtracted.
  return EdwardsOf(Carry(SubtractBiased(square, h)), Carry(SubtractBiased(Add(Double(zz), xx), yy)), Carry(Subtract(yy, xx)), Carry(h), withT);
}

// The negative of a point where the mask has ones: both halves change places, and the product its sign.
template <class V>
LANES_INLINE NielsLanes<V> NegateWhere(typename V::Mask mask, const NielsLanes<V>& a) {
  return {Select(mask, a.difference, a.sum), Select(mask, a.sum, a.difference), Select(mask, Negate(a.product), a.product)};
}
template <class V>
LANES_INLINE CachedLanes<V> NegateWhere(typename V::Mask mask, const CachedLanes<V>& a) {
  return {Select(mask, a.difference, a.sum), Select(mask, a.sum, a.difference), Select(mask, Negate(a.product), a.product), a.twiceZ};
}

// --- encodings --------------------------------------------------------------------------------------------------------------------------------------

// RFC 8032 section 5.1.3: x^2 = u/v, and the candidate for its root is u v^3 (u v^7)^((p-5)/8). What is known before the power of uv7.
template <class V>
struct RootLanes {
  FieldLanes<V> y, u, v, uv3, uv7;
};

template <class V>
LANES_NOINLINE void BeginDecode(RootLanes<V>* root, const uint8_t* const in[V::kLanes]) {
  root->y = FieldFromBytes<V>(in);
  const SumLanes<V> one = AsSum(FieldOf<V>(1)), yy = Squared(root->y);
  root->u = Carry(Subtract(yy, one));
  root->v = Carry(Add(Product(Carry(yy), EdwardsD<V>()), one));
  const FieldLanes<V> vv = Square(root->v);
  root->uv3 = Multiply(root->u, Multiply(vv, root->v));
  root->uv7 = Multiply(root->uv3, Square(vv));
}

template <class V>
LANES_NOINLINE typename V::Mask EndDecode(EdwardsLanes<V>* out, const RootLanes<V>& root, const FieldLanes<V>& power, const uint8_t* const in[V::kLanes]) {
  FieldLanes<V> x = Multiply(root.uv3, power);
  const SumLanes<V> vxx = Product(root.v, Square(x)), uSum = Widen(root.u);
  const typename V::Mask plus = IsZero(Carry(Subtract(vxx, uSum))), minus = IsZero(Carry(Add(vxx, uSum)));
  x = Select(plus, x, Multiply(x, RootOfMinusOne<V>()));
  const typename V::Mask sign = V::LoadFrom(in, 24).TopBits();
  x = Select(static_cast<typename V::Mask>(IsOdd(x) ^ sign), Negate(x), x);
  *out = {Widen(x), Biased(AsSum(root.y)), Biased(AsSum(FieldOf<V>(1))), Product(x, root.y)};
  return static_cast<typename V::Mask>(plus | minus);
}

// The points of `size` times 32 bytes a lane, z = 1; the masks have ones where there is one, and other lanes hold rubbish. Constant time. As in core, the caller has seen to it
// that y is below p and not 1 or -1, where x = 0 has no sign.
template <class V, size_t size>
LANES_INLINE void Decode(typename V::Mask there[size], EdwardsLanes<V>* const out[size], const uint8_t* const* const in[size]) {
  RootLanes<V> root[size];
  FieldSet<V, size> uv7;
  for (size_t i = 0; i < size; i++) {
    BeginDecode(&root[i], in[i]);
    uv7.of[i] = root[i].uv7;
  }
  const FieldSet<V, size> power = RootPower(uv7);
  for (size_t i = 0; i < size; i++) there[i] = EndDecode(out[i], root[i], power.of[i], in[i]);
}

// The 32 bytes of RFC 8032, for the lanes of the mask: y, and the lowest bit of x on top. The inverse of z is made together with others' (invert-lanes.h).
template <class V>
LANES_INLINE void Encode(uint8_t* const out[V::kLanes], const FieldLanes<V>& x, const FieldLanes<V>& y, const FieldLanes<V>& inverseOfZ, typename V::Mask mask) {
  V words[4], wordsOfX[4];
  FieldToWords(words, Multiply(y, inverseOfZ));
  FieldToWords(wordsOfX, Multiply(x, inverseOfZ));
  words[3] = words[3] | wordsOfX[0].template ShiftLeft<63>();
  for (size_t i = 0; i < 4; i++) words[i].StoreTo(out, 8 * i, mask);
}

}  // namespace
}  // namespace handfast
