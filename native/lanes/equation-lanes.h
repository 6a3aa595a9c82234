// The equation of an Ed25519 signature in lanes, as core/signature-equation.cpp has it for one: with u = vk of half the length of k, |v| s B -+ u A - |v| R = 0, each lane for
// itself. All lanes walk in step, so that digits are of a fixed width, zero or not, and an addition is made for each. All of it is public: time and addresses depend on it.
// Operations of 512 bits for a full vector: 128 doublings 68,000, 66 additions of multiples of A and R 42,000, 32 of the base 19,000, two tables 11,000, two square roots 35,000.
#pragma once

#include <cstring>

#include "core/scalar25519.h"
#include "lanes/edwards-lanes.h"
#include "lanes/equation-table.h"
#include "lanes/relations-lanes.h"

namespace handfast {
namespace {

// Digits from -8 to 8 of u and v, and larger ones of the base, each at the place of one of theirs.
constexpr int kWindow = 4, kWindowMultiples = 9;
constexpr int kBaseDigits = 128 / kBaseWindow, kPlacesOfBase = kBaseWindow / kWindow, kLeastWindows = kBaseDigits * kPlacesOfBase;

// 0 P to 8 P of each lane's own point.
template <class V>
struct MultiplesLanes {
  static constexpr size_t kField = 5 * V::kLanes, kEntry = 5 * kField;
  // Limb by limb, lane beside lane: y + x, y - x, 2dxy, -2dxy, 2z.
  alignas(64) uint64_t word[kWindowMultiples * kEntry];

  LANES_INLINE static void StoreField(uint64_t* at, const FieldLanes<V>& a) {
    for (size_t i = 0; i < 5; i++) a.limb[i].Store(at + i * V::kLanes);
  }

  LANES_INLINE static FieldLanes<V> GatherField(const uint64_t* at, V index) {
    FieldLanes<V> out;
    for (size_t i = 0; i < 5; i++) out.limb[i] = V::Gather(at + i * V::kLanes, index);
    return out;
  }

  LANES_NOINLINE void Keep(int multiple, const CachedLanes<V>& p) {
    uint64_t* at = word + static_cast<size_t>(multiple) * kEntry;
    StoreField(at, p.sum);
    StoreField(at + kField, p.difference);
    StoreField(at + 2 * kField, p.product);
    StoreField(at + 3 * kField, Negate(p.product));
    StoreField(at + 4 * kField, p.twiceZ);
  }

  LANES_INLINE CachedLanes<V> Of(V size, typename V::Mask negative) const {
    const V entry = MultiplyAddLow(LaneNumbers(), size, V::Broadcast(kEntry)), next = entry + V::Broadcast(kField);
    const V plus = Select(negative, next, entry), minus = Select(negative, entry, next);
    return {GatherField(word, plus), GatherField(word, minus), GatherField(word + 2 * kField, plus), GatherField(word + 4 * kField, entry)};
  }

  LANES_INLINE static V LaneNumbers() {
    static constexpr uint64_t kNumbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    return V::Load(kNumbers);
  }
};

template <class V>
LANES_NOINLINE void DoubleApart(EdwardsLanes<V>* p, int times) {
  while (--times > 0) *p = Double(*p, false);
  *p = Double(*p);
}

template <class V>
LANES_NOINLINE void AddApart(EdwardsLanes<V>* p, const CachedLanes<V>& q) {
  *p = Add(*p, q);
}

template <class V>
LANES_NOINLINE void FillMultiples(MultiplesLanes<V>* out, const EdwardsLanes<V>& first) {
  const CachedLanes<V> step = Cache(first);
  out->Keep(0, Cache(EdwardsNeutral<V>()));
  out->Keep(1, step);
  EdwardsLanes<V> even[5];  // 2 P and 4 P are wanted again
  for (int half = 1; half <= 4; half++) {
    EdwardsLanes<V> p = half == 1 ? first : even[half];
    DoubleApart(&p, 1);
    if (2 * half <= 4) even[2 * half] = p;
    out->Keep(2 * half, Cache(p));
    if (half == 4) break;
    AddApart(&p, step);
    if (2 * half + 1 <= 4) even[2 * half + 1] = p;
    out->Keep(2 * half + 1, Cache(p));
  }
}

// A number of 256 bits in each lane, and its digits of `width` bits, which is a divisor of 64: signed, from -2^(width-1) up, but for the last one, which is what is left. Half of
// its range is added to every digit, so that bits are read and the half taken off again.
template <class V, int width>
struct DigitsLanes {
  static constexpr uint64_t kHalf = uint64_t{1} << (width - 1);

  uint64_t word[4][V::kLanes];
  int count;

  // The last digit is that of place `count` - 1, and takes width bits if the number has no more than width * count - 1.
  void Bias(int digits) {
    count = digits;
    uint64_t halves[4] = {0, 0, 0, 0};
    for (int bit = width - 1; bit < width * (count - 1); bit += width) halves[bit / 64] |= uint64_t{1} << (bit % 64);
    for (size_t lane = 0; lane < V::kLanes; lane++) {
      unsigned __int128 sum = 0;
      for (int i = 0; i < 4; i++) {
        sum += static_cast<unsigned __int128>(word[i][lane]) + halves[i];
        word[i][lane] = static_cast<uint64_t>(sum);
        sum >>= 64;
      }
    }
  }

  LANES_INLINE void At(int place, V* size, typename V::Mask* negative) const {
    const int bit = width * place;
    const V raw = V::Load(word[bit / 64]).ShiftRightBy(static_cast<unsigned>(bit % 64)) & V::Broadcast(2 * kHalf - 1), half = V::Broadcast(place + 1 < count ? kHalf : 0);
    *negative = Less(raw, half);
    *size = Select(*negative, half - raw, raw - half);
  }
};

template <class V>
LANES_INLINE NielsLanes<V> BaseMultiple(const uint64_t* table, V size) {
  const V index = size.template ShiftLeft<4>();
  NielsLanes<V> out;
  for (size_t i = 0; i < 5; i++) {
    out.sum.limb[i] = V::Gather(table + i, index);
    out.difference.limb[i] = V::Gather(table + 5 + i, index);
    out.product.limb[i] = V::Gather(table + 10 + i, index);
  }
  return out;
}

template <class V>
struct EquationLanes {
  EdwardsLanes<V> a, r;  // -+ A and -R
  DigitsLanes<V, kWindow> u, v;
  DigitsLanes<V, kBaseWindow> low, high;
};

template <class V>
LANES_NOINLINE typename V::Mask IsSumNeutral(const EquationLanes<V>& equation) {
  MultiplesLanes<V> ofA, ofR;
  FillMultiples(&ofA, equation.a);
  FillMultiples(&ofR, equation.r);
  const EquationTable& base = BaseOfEquations();
  EdwardsLanes<V> p = EdwardsNeutral<V>();
  V size;
  typename V::Mask negative;
  for (int place = equation.u.count - 1; place >= 0; place--) {
    if (place + 1 < equation.u.count) DoubleApart(&p, kWindow);
    equation.u.At(place, &size, &negative);
    p = Add(p, ofA.Of(size, negative));
    equation.v.At(place, &size, &negative);
    const bool ofBase = place % kPlacesOfBase == 0 && place / kPlacesOfBase < kBaseDigits;
    p = Add(p, ofR.Of(size, negative), ofBase);
    if (!ofBase) continue;
    equation.low.At(place / kPlacesOfBase, &size, &negative);
    p = Add(p, NegateWhere(negative, BaseMultiple(base.low, size)));
    equation.high.At(place / kPlacesOfBase, &size, &negative);
    p = Add(p, NegateWhere(negative, BaseMultiple(base.high, size)), false);
  }
  return static_cast<typename V::Mask>(IsZero(Carry(p.x)) & Equal(Carry(p.y), Carry(p.z)));
}

inline int BitsOf(const uint64_t number[4]) {
  for (int i = 3; i >= 0; i--) {
    if (number[i] != 0) return 64 * i + 64 - __builtin_clzll(number[i]);
  }
  return 0;
}

// Of each lane: encodings of R and A, s, 32 bytes each, and k. s and k are below L; y of both points below p and not 1 or -1, as core/edwards25519.h wants for decoding. Lanes of
// which that is not so get any answer.
template <class V>
struct SignatureLanes {
  const uint8_t *r[V::kLanes], *a[V::kLanes], *s[V::kLanes];
  uint8_t k[V::kLanes][32];
};

// Encodings of -R and -+ A.
template <class V>
struct EncodedLanes {
  uint8_t r[V::kLanes][32], a[V::kLanes][32];
  const uint8_t *pointerR[V::kLanes], *pointerA[V::kLanes];
};

template <class V>
LANES_NOINLINE void Prepare(EquationLanes<V>* equation, EncodedLanes<V>* encoded, const SignatureLanes<V>& signature) {
  static constexpr uint8_t kZero[32] = {0};
  ShortRelation relations[V::kLanes];
  ShortRelationsLanes<V::kLanes>(relations, signature.k);
  int bits = 0;
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    const ShortRelation& relation = relations[lane];
    const uint64_t v[4] = {static_cast<uint64_t>(relation.v), static_cast<uint64_t>(relation.v >> 64), 0, 0};
    uint8_t number[32] = {0};
    std::memcpy(number, v, 16);
    ScalarMultiplyAdd(number, number, signature.s[lane], kZero);
    uint64_t p[4];
    std::memcpy(p, number, 32);
    const uint64_t low[4] = {p[0], p[1] & (~uint64_t{0} >> 2), 0, 0}, high[4] = {p[1] >> 62 | p[2] << 2, p[2] >> 62 | p[3] << 2, 0, 0};
    for (int i = 0; i < 4; i++) {
      equation->u.word[i][lane] = relation.u[i];
      equation->v.word[i][lane] = v[i];
      equation->low.word[i][lane] = low[i];
      equation->high.word[i][lane] = high[i];
    }
    const int ofU = BitsOf(relation.u), ofV = BitsOf(v);
    bits = ofU > bits ? ofU : bits;
    bits = ofV > bits ? ofV : bits;
    // The negative of a point has the other sign in its encoding, since x is not 0.
    std::memcpy(encoded->r[lane], signature.r[lane], 32);
    std::memcpy(encoded->a[lane], signature.a[lane], 32);
    encoded->r[lane][31] ^= 0x80;
    if (!relation.negative) encoded->a[lane][31] ^= 0x80;
    encoded->pointerR[lane] = encoded->r[lane];
    encoded->pointerA[lane] = encoded->a[lane];
  }
  const int windows = bits / kWindow + 1 > kLeastWindows ? bits / kWindow + 1 : kLeastWindows;
  equation->u.Bias(windows);
  equation->v.Bias(windows);
  equation->low.Bias(kBaseDigits);
  equation->high.Bias(kBaseDigits);
}

// Whether both encodings are of points and R = sB - kA. Two sets of lanes together take less time than one after the other: their square roots go side by side.
template <class V, size_t sets>
LANES_INLINE void EquationsHold(typename V::Mask holds[sets], const SignatureLanes<V> signature[sets]) {
  EquationLanes<V> equation[sets];
  EncodedLanes<V> encoded[sets];
  EdwardsLanes<V>* points[2 * sets];
  const uint8_t* const* encodings[2 * sets];
  for (size_t i = 0; i < sets; i++) {
    Prepare(&equation[i], &encoded[i], signature[i]);
    points[2 * i] = &equation[i].r;
    points[2 * i + 1] = &equation[i].a;
    encodings[2 * i] = encoded[i].pointerR;
    encodings[2 * i + 1] = encoded[i].pointerA;
  }
  typename V::Mask there[2 * sets];
  Decode<V, 2 * sets>(there, points, encodings);
  for (size_t i = 0; i < sets; i++) {
    holds[i] = static_cast<typename V::Mask>(there[2 * i] & there[2 * i + 1]);
    if (holds[i] != 0) holds[i] = static_cast<typename V::Mask>(holds[i] & IsSumNeutral(equation[i]));
  }
}

}  // namespace
}  // namespace handfast
