// Integers modulo L = 2^252 + c, the order of the base point, in each lane and in constant time, as core/scalar25519.h has them: limbs of 52 bits, which is what the
// multiplication of IFMA splits its products at.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanes/field-lanes.h"

namespace handfast {
namespace {

// Below L, limbs clean.
template <class V>
struct ScalarLanes {
  V limb[5];
};

constexpr uint64_t kOrderLimb[5] = {0x2631a5cf5d3ed, 0xdea2f79cd6581, 0x14def9, 0, uint64_t{1} << 44};
constexpr uint64_t kRestLimb[3] = {kOrderLimb[0], kOrderLimb[1], kOrderLimb[2]};  // c
constexpr uint64_t kRest256Limb[3] = {0x31a5cf5d3ed00, 0xa2f79cd658126, 0x14def9de};  // 256 c

// `size` limbs of 52 bits of little-endian words.
template <size_t size, class V>
LANES_INLINE void LimbsOfWords(V limb[size], const V* words, size_t count) {
  const V mask = V::Broadcast(kMask52);
  for (size_t i = 0; i < size; i++) {
    const size_t word = 52 * i / 64;
    const unsigned shift = 52 * i % 64;
    V own = words[word].ShiftRightBy(shift);
    if (shift > 12 && word + 1 < count) own = own | words[word + 1].ShiftLeftBy(64 - shift);
    limb[i] = own & mask;
  }
}

// Lets carries run upwards; the last limb keeps all of its bits.
template <size_t size, class V>
LANES_INLINE void CarryUpwards(V limb[size]) {
  for (size_t i = 0; i + 1 < size; i++) {
    limb[i + 1] = limb[i + 1] + limb[i].template ShiftRight<52>();
    limb[i] = limb[i] & V::Broadcast(kMask52);
  }
}

// sum += a * b, in columns that are not carried.
template <size_t sizeOfA, size_t sizeOfB, class V>
LANES_INLINE void AddProduct(V* sum, const V* a, const V* b) {
  for (size_t i = 0; i < sizeOfA; i++) {
    for (size_t j = 0; j < sizeOfB; j++) {
      sum[i + j] = MultiplyAddLow(sum[i + j], a[i], b[j]);
      sum[i + j + 1] = MultiplyAddHigh(sum[i + j + 1], a[i], b[j]);
    }
  }
}

// What limbs may borrow, 2^60 each, which the next one counts as 2^8: zero altogether, while no limb of a difference falls below zero but the last one's.
template <class V>
LANES_INLINE V Borrowed(size_t i, size_t size) {
  return V::Broadcast((i + 1 < size ? uint64_t{1} << 60 : 0) - (i > 0 ? uint64_t{1} << 8 : 0));
}

// Ten clean limbs modulo L. As 2^260 = -256 c, what stands above is multiplied by that twice: x = lo - y, y = y_lo - z. Then what is left above bit 252 is taken off c times.
template <class V>
LANES_INLINE ScalarLanes<V> Reduce(const V x[10]) {
  const V zero = V::Zero(), rest256[3] = {V::Broadcast(kRest256Limb[0]), V::Broadcast(kRest256Limb[1]), V::Broadcast(kRest256Limb[2])};
  const V rest[3] = {V::Broadcast(kRestLimb[0]), V::Broadcast(kRestLimb[1]), V::Broadcast(kRestLimb[2])};
  V y[8], z[6];
  for (V& limb : y) limb = zero;
  AddProduct<5, 3>(y, x + 5, rest256);
  CarryUpwards<8>(y);  // below 2^385
  for (size_t i = 0; i < 6; i++) z[i] = Borrowed<V>(i, 6) + V::Broadcast(i < 3 ? kRest256Limb[i] : i == 5 ? 1 : 0);
  AddProduct<3, 3>(z, y + 5, rest256);
  // lo - y_lo + z + 256 L lies between 0 and 2^262.
  for (size_t i = 0; i < 5; i++) z[i] = z[i] + x[i] - y[i];
  CarryUpwards<6>(z);
  const V top[1] = {z[4].template ShiftRight<44>() | z[5].template ShiftLeft<8>()};
  z[4] = z[4] & V::Broadcast((uint64_t{1} << 44) - 1);
  V taken[4] = {zero, zero, zero, zero};
  AddProduct<1, 3>(taken, top, rest);
  // Between 0 and 2 L.
  V once[5], twice[5];
  for (size_t i = 0; i < 5; i++) {
    once[i] = z[i] + Borrowed<V>(i, 5) + V::Broadcast(kOrderLimb[i]);
    if (i < 4) once[i] = once[i] - taken[i];
  }
  CarryUpwards<5>(once);
  for (size_t i = 0; i < 5; i++) twice[i] = once[i] + Borrowed<V>(i, 5) - V::Broadcast(kOrderLimb[i]);
  CarryUpwards<5>(twice);
  const typename V::Mask below = twice[4].TopBits();
  ScalarLanes<V> out;
  for (size_t i = 0; i < 5; i++) out.limb[i] = Select(below, once[i], twice[i]);
  return out;
}

// 64 bytes a lane.
template <class V>
LANES_NOINLINE ScalarLanes<V> ScalarOfWide(const uint8_t* const strings[V::kLanes]) {
  V words[8], limb[10];
  for (size_t i = 0; i < 8; i++) words[i] = V::LoadFrom(strings, 8 * i);
  LimbsOfWords<10>(limb, words, 8);
  return Reduce(limb);
}

// a * b + c, where b is any four words.
template <class V>
LANES_NOINLINE ScalarLanes<V> MultiplyAdd(const ScalarLanes<V>& a, const V b[4], const ScalarLanes<V>& c) {
  V factor[5], sum[10];
  LimbsOfWords<5>(factor, b, 4);
  for (size_t i = 0; i < 10; i++) sum[i] = i < 5 ? c.limb[i] : V::Zero();
  AddProduct<5, 5>(sum, a.limb, factor);
  CarryUpwards<10>(sum);
  return Reduce(sum);
}

template <class V>
LANES_INLINE void ScalarToWords(V words[4], const ScalarLanes<V>& a) {
  words[0] = a.limb[0] | a.limb[1].template ShiftLeft<52>();
  words[1] = a.limb[1].template ShiftRight<12>() | a.limb[2].template ShiftLeft<40>();
  words[2] = a.limb[2].template ShiftRight<24>() | a.limb[3].template ShiftLeft<28>();
  words[3] = a.limb[3].template ShiftRight<36>() | a.limb[4].template ShiftLeft<16>();
}

}  // namespace
}  // namespace handfast
