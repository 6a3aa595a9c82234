#include "core/edwards25519.h"

#include <sodium.h>

#include "core/bytes.h"

// The curve is -x^2 + y^2 = 1 + d x^2 y^2. Formulas: Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited" (2008), sections 3.1 to 3.3, which are complete here
// (-1 is a square and d is not), so that no input is a special case. Method: Bernstein, Duif, Lange, Schwabe, Yang, "High-speed high-security signatures" (2011), section 4.

namespace handfast {
namespace {

// Signed digits of five bits, not four as in the paper: 52 additions instead of 64, for rows twice as long to read. Measured: a sixth less time.
constexpr int kDigits = 52, kRows = kDigits / 2, kColumns = 16;

// Vectors of 16 bytes, which every x86-64 and arm64 has (an extension of gcc and clang, like the 128-bit integers).
typedef uint64_t Pair __attribute__((vector_size(16)));
typedef uint32_t Quad __attribute__((vector_size(16)));

// An affine point prepared for additions: y + x, y - x and 2dxy, each canonical in two pairs.
struct Entry {
  Pair pair[6];
};

struct Niels {
  Field sum, difference, product;
};

// (y + x, y - x, 2z, 2dt) of a point that is not affine.
struct Cached {
  Field sum, difference, twiceZ, product;
};

inline Field FromWords(const uint64_t w[4]) {
  return {{w[0] & kFieldMask, (w[0] >> 51 | w[1] << 13) & kFieldMask, (w[1] >> 38 | w[2] << 26) & kFieldMask, (w[2] >> 25 | w[3] << 39) & kFieldMask, w[3] >> 12}};
}

void ToWords(uint64_t w[4], const Field& a) {
  uint8_t bytes[32];
  FieldToBytes(bytes, a);
  for (int i = 0; i < 4; i++) w[i] = LoadLittle64(bytes + 8 * i);
}

// Seven multiplications.
inline void AddNiels(EdwardsPoint* p, const Niels& q) {
  const Field a = FieldMultiply(FieldSubtractReduced(p->y, p->x), q.difference);
  const Field b = FieldMultiply(FieldAdd(p->y, p->x), q.sum);
  const Field c = FieldMultiply(p->t, q.product);
  const Field d = FieldAdd(p->z, p->z);
  const Field e = FieldSubtractReduced(b, a), f = FieldSubtractReduced(d, c), g = FieldAdd(d, c), h = FieldAdd(b, a);
  *p = {FieldMultiply(e, f), FieldMultiply(g, h), FieldMultiply(f, g), FieldMultiply(e, h)};
}

EdwardsPoint Add(const EdwardsPoint& p, const Cached& q) {
  const Field a = FieldMultiply(FieldSubtractReduced(p.y, p.x), q.difference);
  const Field b = FieldMultiply(FieldAdd(p.y, p.x), q.sum);
  const Field c = FieldMultiply(p.t, q.product);
  const Field d = FieldMultiply(p.z, q.twiceZ);
  const Field e = FieldSubtractReduced(b, a), f = FieldSubtractReduced(d, c), g = FieldAdd(d, c), h = FieldAdd(b, a);
  return {FieldMultiply(e, f), FieldMultiply(g, h), FieldMultiply(f, g), FieldMultiply(e, h)};
}

// withT: whether an addition follows; another doubling has no use for t.
template <bool withT>
inline void Double(EdwardsPoint* p) {
  const Field xx = FieldSquare(p->x), yy = FieldSquare(p->y), zz = FieldSquare(p->z), square = FieldSquare(FieldAdd(p->x, p->y));
  const Field h = FieldAdd(yy, xx), g = FieldSubtractReduced(yy, xx);
  const Field e = FieldSubtract(square, h), f = FieldSubtract(FieldAdd(zz, zz), g);
  p->x = FieldMultiply(e, f);
  p->y = FieldMultiply(g, h);
  p->z = FieldMultiply(f, g);
  if (withT) p->t = FieldMultiply(e, h);
}

// entry[row][column] = (column + 1) * 1024^row * B. Nothing in it is secret.
struct Table {
  Entry entry[kRows][kColumns];

  Table() {
    // RFC 8032 section 5.1, little-endian.
    static constexpr uint8_t kBaseX[32] = {0x1a, 0xd5, 0x25, 0x8f, 0x60, 0x2d, 0x56, 0xc9, 0xb2, 0xa7, 0x25, 0x95, 0x60, 0xc7, 0x2c, 0x69,
                                           0x5c, 0xdc, 0xd6, 0xfd, 0x31, 0xe2, 0xa4, 0xc0, 0xfe, 0x53, 0x6e, 0xcd, 0xd3, 0x36, 0x69, 0x21};
    static constexpr uint8_t kBaseY[32] = {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                           0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66};
    constexpr int kCount = kRows * kColumns;
    const Field zero = {{0, 0, 0, 0, 0}}, one = {{1, 0, 0, 0, 0}};
    const Field d = FieldMultiply(FieldSubtract(zero, Field{{121665, 0, 0, 0, 0}}), FieldInvert(Field{{121666, 0, 0, 0, 0}}));
    const Field d2 = FieldAdd(d, d);

    EdwardsPoint point[kCount];
    EdwardsPoint first = {FieldFromBytes(kBaseX), FieldFromBytes(kBaseY), one, zero};
    first.t = FieldMultiply(first.x, first.y);
    for (int row = 0; row < kRows; row++) {
      EdwardsPoint* at = point + row * kColumns;
      at[0] = first;
      const Cached step = {FieldAdd(first.y, first.x), FieldSubtractReduced(first.y, first.x), FieldAdd(first.z, first.z), FieldMultiply(first.t, d2)};
      for (int column = 1; column < kColumns; column++) at[column] = Add(at[column - 1], step);
      for (int i = 0; i < 10; i++) Double<true>(&first);
    }
    // All inversions in one: before[i] is the product of all z before i.
    Field before[kCount], product = one;
    for (int i = 0; i < kCount; i++) {
      before[i] = product;
      product = FieldMultiply(product, point[i].z);
    }
    Field inverse = FieldInvert(product);
    for (int i = kCount - 1; i >= 0; i--) {
      const Field own = FieldMultiply(inverse, before[i]);
      inverse = FieldMultiply(inverse, point[i].z);
      const Field x = FieldMultiply(point[i].x, own), y = FieldMultiply(point[i].y, own);
      uint64_t word[12];
      ToWords(word, FieldAdd(y, x));
      ToWords(word + 4, FieldSubtractReduced(y, x));
      ToWords(word + 8, FieldMultiply(FieldMultiply(x, y), d2));
      for (int j = 0; j < 6; j++) entry[i / kColumns][i % kColumns].pair[j] = Pair{word[2 * j], word[2 * j + 1]};
    }
  }
};

// What a mask is must stay unknown to the compiler, or it might turn it into a branch.
inline uint64_t Opaque(uint64_t value) {
  __asm__("" : "+r"(value));
  return value;
}

// digit * 1024^row * B for a digit from -16 to 16. Reads the whole row whatever the digit is.
inline Niels Select(const Entry row[kColumns], int64_t digit) {
  const uint64_t negative = Opaque(static_cast<uint64_t>(digit >> 63));
  const uint64_t size = (static_cast<uint64_t>(digit) ^ negative) - negative;
  // The neutral element, y + x = y - x = 1, for a digit of zero.
  const uint64_t none = Opaque((size - 1) >> 63);
  Pair pair[6] = {{none, 0}, {0, 0}, {none, 0}, {0, 0}, {0, 0}, {0, 0}};
  const uint32_t low = static_cast<uint32_t>(size);
  const Quad wanted = {low, low, low, low};
#pragma GCC unroll 16
  for (uint32_t column = 0; column < kColumns; column++) {
    const uint32_t own = column + 1;
    const Pair mask = reinterpret_cast<Pair>(wanted == Quad{own, own, own, own});
    for (int i = 0; i < 6; i++) pair[i] |= row[column].pair[i] & mask;
  }
  uint64_t word[12];
  for (int i = 0; i < 12; i++) word[i] = pair[i / 2][i % 2];
  // The negative of a point: x changes its sign.
  for (int i = 0; i < 4; i++) {
    const uint64_t swap = (word[i] ^ word[i + 4]) & negative;
    word[i] ^= swap;
    word[i + 4] ^= swap;
  }
  Niels out = {FromWords(word), FromWords(word + 4), FromWords(word + 8)};
  const Field minus = FieldSubtractReduced(Field{{0, 0, 0, 0, 0}}, out.product);
  for (int i = 0; i < 5; i++) out.product.limb[i] ^= (out.product.limb[i] ^ minus.limb[i]) & negative;
  return out;
}

// Not inline: twice the same 1,500 instructions would only cost cache.
__attribute__((noinline)) void AddRow(EdwardsPoint* p, const Entry row[kColumns], int64_t digit) { AddNiels(p, Select(row, digit)); }

}  // namespace

void EdwardsMultiplyBase(EdwardsPoint* out, const uint8_t scalar[32]) {
  static const Table table;
  // Adding 16 to each digit of five bits, with carries, leaves digits that are 16 too large: the scalar is the sum of (digit - 16) * 32^i. The top digit, bit 255 and
  // what is carried, is taken as it is.
  static constexpr uint64_t kSixteens[4] = {0x0842108421084210, 0x1084210842108421, 0x2108421084210842, 0x4210842108421084};
  uint64_t sum[5] = {0, 0, 0, 0, 0};
  Wide carry = 0;
  for (int i = 0; i < 4; i++) {
    carry += Wide{LoadLittle64(scalar + 8 * i)} + kSixteens[i];
    sum[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  sum[4] = static_cast<uint64_t>(carry);
  int8_t digit[kDigits];
  for (int i = 0; i < kDigits; i++) {
    const int word = 5 * i / 64, shift = 5 * i % 64;
    const uint64_t bits = shift > 59 ? sum[word] >> shift | sum[word + 1] << (64 - shift) : sum[word] >> shift;
    digit[i] = static_cast<int8_t>(static_cast<int>(bits & 31) - (i < kDigits - 1 ? 16 : 0));
  }

  EdwardsPoint p = {{{0, 0, 0, 0, 0}}, {{1, 0, 0, 0, 0}}, {{1, 0, 0, 0, 0}}, {{0, 0, 0, 0, 0}}};
  for (int row = 0; row < kRows; row++) AddRow(&p, table.entry[row], digit[2 * row + 1]);
  for (int i = 0; i < 4; i++) Double<false>(&p);
  Double<true>(&p);
  for (int row = 0; row < kRows; row++) AddRow(&p, table.entry[row], digit[2 * row]);
  *out = p;
  sodium_memzero(&p, sizeof p);
  sodium_memzero(sum, sizeof sum);
  sodium_memzero(digit, sizeof digit);
}

void EdwardsWipe(EdwardsPoint* point) {
  sodium_memzero(point, sizeof *point);
  sodium_stackzero(2048);
}

void EdwardsEncode(uint8_t out[32], const EdwardsPoint& point) {
  const Field inverse = FieldInvert(point.z);
  uint8_t x[32];
  FieldToBytes(x, FieldMultiply(point.x, inverse));
  FieldToBytes(out, FieldMultiply(point.y, inverse));
  out[31] = static_cast<uint8_t>(out[31] | (x[0] & 1) << 7);
}

void EdwardsEncodeMontgomery(uint8_t out[32], const EdwardsPoint& point) {
  FieldToBytes(out, FieldMultiply(FieldAdd(point.z, point.y), FieldInvert(FieldSubtractReduced(point.z, point.y))));
}

}  // namespace handfast
