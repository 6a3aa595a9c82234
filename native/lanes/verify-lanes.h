// Ed25519 signatures verified in lanes: the rule of core/ed25519.h and the equation of core/signature-equation.cpp, |v| s B -+ u A - |v| R = 0 with u = vk of half the length of k, for each
// lane by itself. All lanes walk in step: digits of a fixed width, zero or not. All of it is public: time and addresses depend on it.
#pragma once

#include "core/bytes.h"
#include "core/ed25519.h"
#include "core/scalar25519.h"
#include "lanes/edwards-lanes.h"
#include "lanes/relations-lanes.h"
#include "lanes/sha512-lanes.h"
#include "lanes/verify-table.h"

namespace handfast {
namespace {

// Digits from -8 to 8 of u and v.
constexpr int kWindow = 4, kWindowMultiples = 9;
// So many digits, at least, that those of the base have their places among them.
constexpr int kLeastWindows = 32;

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

// The four numbers of a lane, and their digits: `width` bits of number + 2^(width-1) (1 + 2^width + ...) less 2^(width-1), but for the last digit, which has nothing added.
template <class V>
struct DigitsLanes {
  uint64_t word[5][V::kLanes];
};

int BitsOf(const uint64_t number[4]) {
  for (int i = 3; i >= 0; i--) {
    if (number[i] != 0) return 64 * i + 64 - __builtin_clzll(number[i]);
  }
  return 0;
}

// Adds the halves to all digits but the last of `count`.
void Bias(uint64_t number[4], int count, int width) {
  uint64_t halves[4] = {0, 0, 0, 0};
  for (int i = 0; i < count - 1; i++) {
    const int bit = width * i + width - 1;
    halves[bit / 64] |= uint64_t{1} << (bit % 64);
  }
  unsigned __int128 carry = 0;
  for (int i = 0; i < 4; i++) {
    carry += static_cast<unsigned __int128>(number[i]) + halves[i];
    number[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
}

// The digit at `place`, of which no digit crosses a word.
template <class V, int width>
LANES_INLINE void DigitAt(const DigitsLanes<V>& digits, int place, bool last, V* size, typename V::Mask* negative) {
  const int bit = width * place;
  const V raw = V::Load(digits.word[bit / 64]).ShiftRightBy(static_cast<unsigned>(bit % 64)) & V::Broadcast((uint64_t{2} << (width - 1)) - 1);
  const V half = V::Broadcast(last ? 0 : uint64_t{1} << (width - 1));
  *negative = Less(raw, half);
  *size = Select(*negative, half - raw, raw - half);
}

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

// Points and numbers of one group of signatures.
template <class V>
struct Equation {
  EdwardsLanes<V> a, r;  // -+ A and -R
  DigitsLanes<V> u, v, low, high;
  int windows;
};

template <class V>
LANES_NOINLINE typename V::Mask Holds(const Equation<V>& equation) {
  MultiplesLanes<V> ofA, ofR;
  FillMultiples(&ofA, equation.a);
  FillMultiples(&ofR, equation.r);
  const VerifyTable& base = VerifyBaseTable();
  constexpr int kStep = kVerifyBaseWidth / kWindow, kBaseDigits = 128 / kVerifyBaseWidth;
  EdwardsLanes<V> p = EdwardsNeutral<V>();
  V size;
  typename V::Mask negative;
  for (int i = equation.windows; i-- > 0;) {
    if (i + 1 < equation.windows) DoubleApart(&p, kWindow);
    DigitAt<V, kWindow>(equation.u, i, i + 1 == equation.windows, &size, &negative);
    p = Add(p, ofA.Of(size, negative));
    DigitAt<V, kWindow>(equation.v, i, i + 1 == equation.windows, &size, &negative);
    p = Add(p, ofR.Of(size, negative));
    if (i % kStep != 0 || i / kStep >= kBaseDigits) continue;
    const bool last = i / kStep + 1 == kBaseDigits;
    DigitAt<V, kVerifyBaseWidth>(equation.low, i / kStep, last, &size, &negative);
    p = Add(p, NegateWhere(negative, BaseMultiple(base.low, size)));
    DigitAt<V, kVerifyBaseWidth>(equation.high, i / kStep, last, &size, &negative);
    p = Add(p, NegateWhere(negative, BaseMultiple(base.high, size)), false);
  }
  return static_cast<typename V::Mask>(IsZero(Carry(p.x)) & IsZero(Carry(Subtract(p.y, p.z))));
}

// Up to kLanes signatures, all lengths seen to: 64 and 32 bytes. Lanes past `count` repeat another.
template <class V>
LANES_INLINE void VerifyTemplate(bool valid[], const Bytes signature[V::kLanes], const Bytes message[V::kLanes], const Bytes publicKey[V::kLanes], size_t count) {
  // What stands for the input of a lane that is refused beforehand: any bytes will do.
  static constexpr uint8_t kHarmless[64] = {3};
  typename V::Mask worth = 0;
  HashInput input[V::kLanes];
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    if (Ed25519WorthVerifying(signature[lane], publicKey[lane])) {
      worth = static_cast<typename V::Mask>(worth | 1u << lane);
      input[lane] = {{{signature[lane].data, 32}, {publicKey[lane].data, 32}, {message[lane].data, message[lane].size}}};
    } else {
      input[lane] = {{{kHarmless, 32}, {kHarmless, 32}, {kHarmless, 0}}};
    }
  }
  if (worth == 0) {
    for (size_t i = 0; i < count; i++) valid[i] = false;
    return;
  }
  uint8_t hash[V::kLanes][64];
  Sha512Lanes<V::kLanes>(hash, input);

  Equation<V> equation;
  uint64_t u[V::kLanes][4], v[V::kLanes][4], low[V::kLanes][4], high[V::kLanes][4];
  uint8_t encodedA[V::kLanes][32], encodedR[V::kLanes][32];
  const uint8_t *pointerA[V::kLanes], *pointerR[V::kLanes];
  int bits = 0;
  uint8_t challenge[V::kLanes][32];
  for (size_t lane = 0; lane < V::kLanes; lane++) ScalarReduce(challenge[lane], hash[lane]);
  ShortRelation relations[V::kLanes];
  ShortRelationsLanes<V::kLanes>(relations, challenge);
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    const bool harmless = (worth >> lane & 1) == 0;
    uint8_t number[32] = {0};
    const ShortRelation& relation = relations[lane];
    for (int i = 0; i < 4; i++) u[lane][i] = relation.u[i];
    v[lane][0] = static_cast<uint64_t>(relation.v);
    v[lane][1] = static_cast<uint64_t>(relation.v >> 64);
    v[lane][2] = v[lane][3] = 0;
    std::memcpy(number, v[lane], 16);
    static constexpr uint8_t kZero[32] = {0};
    ScalarMultiplyAdd(number, number, harmless ? kHarmless : signature[lane].data + 32, kZero);
    uint64_t p[4];
    std::memcpy(p, number, 32);
    low[lane][0] = p[0];
    low[lane][1] = p[1] & (~uint64_t{0} >> 2);
    high[lane][0] = p[1] >> 62 | p[2] << 2;
    high[lane][1] = p[2] >> 62 | p[3] << 2;
    low[lane][2] = low[lane][3] = high[lane][2] = high[lane][3] = 0;
    const int own = BitsOf(u[lane]) > BitsOf(v[lane]) ? BitsOf(u[lane]) : BitsOf(v[lane]);
    if (own > bits) bits = own;
    // The negative of a point has the other sign in its encoding, since x is not 0.
    std::memcpy(encodedA[lane], harmless ? kHarmless : publicKey[lane].data, 32);
    std::memcpy(encodedR[lane], harmless ? kHarmless : signature[lane].data, 32);
    if (!relation.negative) encodedA[lane][31] ^= 0x80;
    encodedR[lane][31] ^= 0x80;
    pointerA[lane] = encodedA[lane];
    pointerR[lane] = encodedR[lane];
  }
  equation.windows = bits / kWindow + 1;
  if (equation.windows < kLeastWindows) equation.windows = kLeastWindows;
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    Bias(u[lane], equation.windows, kWindow);
    Bias(v[lane], equation.windows, kWindow);
    Bias(low[lane], 128 / kVerifyBaseWidth, kVerifyBaseWidth);
    Bias(high[lane], 128 / kVerifyBaseWidth, kVerifyBaseWidth);
    for (int i = 0; i < 4; i++) {
      equation.u.word[i][lane] = u[lane][i];
      equation.v.word[i][lane] = v[lane][i];
      equation.low.word[i][lane] = low[lane][i];
      equation.high.word[i][lane] = high[lane][i];
    }
  }
  worth = static_cast<typename V::Mask>(worth & DecodeTwo(&equation.a, pointerA, &equation.r, pointerR));
  if (worth != 0) worth = static_cast<typename V::Mask>(worth & Holds(equation));
  for (size_t i = 0; i < count; i++) valid[i] = (worth >> i & 1) != 0;
}

}  // namespace
}  // namespace handfast
