#include "core/scalar25519.h"

#include "core/bytes.h"
#include "core/opaque.h"

namespace handfast {
namespace {

using Wide = unsigned __int128;

constexpr uint64_t kRest[2] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6};  // c of L = 2^252 + c: 125 bits
constexpr uint64_t kOrder[4] = {kRest[0], kRest[1], 0, 0x1000000000000000};
constexpr uint64_t kTwiceOrder[4] = {kRest[0] << 1, kRest[1] << 1 | kRest[0] >> 63, 0, 0x2000000000000000};

// out = a * c, for `size` words of a.
template <int size>
inline void MultiplyRest(uint64_t out[size + 2], const uint64_t a[size]) {
  uint64_t carry = 0;
  for (int i = 0; i < size; i++) {
    const Wide sum = Wide{a[i]} * kRest[0] + carry;
    out[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
  out[size] = carry;
  carry = 0;
  for (int i = 0; i < size; i++) {
    const Wide sum = Wide{a[i]} * kRest[1] + out[i + 1] + carry;
    out[i + 1] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
  out[size + 1] = carry;
}

// out = a >> 252 of as many words as are left of `size`; a keeps the rest.
template <int size>
inline void Split(uint64_t out[size - 3], uint64_t a[size]) {
  for (int i = 3; i < size; i++) out[i - 3] = a[i] >> 60 | (i + 1 < size ? a[i + 1] << 4 : 0);
  a[3] &= (uint64_t{1} << 60) - 1;
}

inline void Add(uint64_t a[4], const uint64_t b[4]) {
  Wide carry = 0;
  for (int i = 0; i < 4; i++) {
    carry += Wide{a[i]} + b[i];
    a[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
}

// a -= b; all ones if that was below zero.
inline uint64_t Subtract(uint64_t a[4], const uint64_t b[4]) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    const Wide difference = Wide{a[i]} - b[i] - borrow;
    a[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
  return 0 - borrow;
}

// a -= b where a is not below b.
inline void SubtractOnce(uint64_t a[4], const uint64_t b[4]) {
  const uint64_t below = Opaque(Subtract(a, b));
  const uint64_t back[4] = {b[0] & below, b[1] & below, b[2] & below, b[3] & below};
  Add(a, back);
}

// 2^252 = -c modulo L: three times what stands above bit 252 is taken away and comes back below, with 260, 133 and 6 bits: x = lo - t, t = t_lo - u, u = u_lo - v.
inline void Reduce(uint8_t out[32], uint64_t x[8]) {
  uint64_t high[5], t[7], tHigh[4], u[5], uHigh[2], v[4];
  Split<8>(high, x);
  MultiplyRest<5>(t, high);
  Split<7>(tHigh, t);
  MultiplyRest<3>(u, tHigh);  // tHigh[3] is 0: t is below 2^385
  Split<5>(uHigh, u);
  MultiplyRest<1>(v, uHigh);  // uHigh is below 2^6
  v[3] = 0;
  // lo + u_lo - t_lo - v + 2 L lies between 0 and 4 L.
  Add(x, u);
  Add(x, kTwiceOrder);
  Subtract(x, t);
  Subtract(x, v);
  SubtractOnce(x, kTwiceOrder);
  SubtractOnce(x, kOrder);
  for (int i = 0; i < 4; i++) StoreLittle64(out + 8 * i, x[i]);
}

}  // namespace

void ScalarReduce(uint8_t out[32], const uint8_t in[64]) {
  uint64_t x[8];
  for (int i = 0; i < 8; i++) x[i] = LoadLittle64(in + 8 * i);
  Reduce(out, x);
}

void ScalarMultiplyAdd(uint8_t out[32], const uint8_t a[32], const uint8_t b[32], const uint8_t c[32]) {
  uint64_t x[8], factor[4];
  for (int i = 0; i < 4; i++) {
    x[i] = LoadLittle64(c + 8 * i);
    factor[i] = LoadLittle64(b + 8 * i);
  }
  for (int i = 0; i < 4; i++) {
    const uint64_t own = LoadLittle64(a + 8 * i);
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) {
      const Wide sum = Wide{own} * factor[j] + x[i + j] + carry;
      x[i + j] = static_cast<uint64_t>(sum);
      carry = static_cast<uint64_t>(sum >> 64);
    }
    x[i + 4] = carry;
  }
  Reduce(out, x);
}

}  // namespace handfast
