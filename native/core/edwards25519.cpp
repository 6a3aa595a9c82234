#include "core/edwards25519.h"

#include <sodium.h>

#include "core/bytes.h"
#include "core/opaque.h"

// Method: Bernstein, Duif, Lange, Schwabe, Yang, "High-speed high-security signatures" (2011), section 4.

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

inline Field FromWords(const uint64_t w[4]) {
  return {{w[0] & kFieldMask, (w[0] >> 51 | w[1] << 13) & kFieldMask, (w[1] >> 38 | w[2] << 26) & kFieldMask, (w[2] >> 25 | w[3] << 39) & kFieldMask, w[3] >> 12}};
}

void ToWords(uint64_t w[4], const Field& a) {
  uint8_t bytes[32];
  FieldToBytes(bytes, a);
  for (int i = 0; i < 4; i++) w[i] = LoadLittle64(bytes + 8 * i);
}

// entry[row][column] = (column + 1) * 1024^row * B. Nothing in it is secret.
struct Table {
  Entry entry[kRows][kColumns];

  Table() {
    constexpr int kCount = kRows * kColumns;
    EdwardsPoint point[kCount], first = EdwardsBase();
    for (int row = 0; row < kRows; row++) {
      EdwardsPoint* at = point + row * kColumns;
      at[0] = first;
      const EdwardsCached step = EdwardsCache(first);
      for (int column = 1; column < kColumns; column++) {
        at[column] = at[column - 1];
        EdwardsAdd(&at[column], step);
      }
      for (int i = 0; i < 10; i++) EdwardsDouble(&first);
    }
    EdwardsNiels niels[kCount];
    EdwardsToNiels(niels, point, kCount);
    for (int i = 0; i < kCount; i++) {
      uint64_t word[12];
      ToWords(word, niels[i].sum);
      ToWords(word + 4, niels[i].difference);
      ToWords(word + 8, niels[i].product);
      for (int j = 0; j < 6; j++) entry[i / kColumns][i % kColumns].pair[j] = Pair{word[2 * j], word[2 * j + 1]};
    }
  }
};

// digit * 1024^row * B for a digit from -16 to 16. Reads the whole row whatever the digit is.
inline EdwardsNiels Select(const Entry row[kColumns], int64_t digit) {
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
  EdwardsNiels out = {FromWords(word), FromWords(word + 4), FromWords(word + 8)};
  const Field minus = FieldSubtractReduced(Field{{0, 0, 0, 0, 0}}, out.product);
  for (int i = 0; i < 5; i++) out.product.limb[i] ^= (out.product.limb[i] ^ minus.limb[i]) & negative;
  return out;
}

// Not inline: twice the same 1,500 instructions would only cost cache.
__attribute__((noinline)) void AddRow(EdwardsPoint* p, const Entry row[kColumns], int64_t digit) { EdwardsAdd(p, Select(row, digit)); }

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

  EdwardsPoint p = kEdwardsNeutral;
  for (int row = 0; row < kRows; row++) AddRow(&p, table.entry[row], digit[2 * row + 1]);
  for (int i = 0; i < 4; i++) EdwardsDouble(&p, false);
  EdwardsDouble(&p);
  for (int row = 0; row < kRows; row++) AddRow(&p, table.entry[row], digit[2 * row]);
  *out = p;
  sodium_memzero(&p, sizeof p);
  sodium_memzero(sum, sizeof sum);
  sodium_memzero(digit, sizeof digit);
}

EdwardsPoint EdwardsBase() {
  static constexpr uint8_t kEncoded[32] = {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                           0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66};
  EdwardsPoint base;
  EdwardsDecode(&base, kEncoded);
  return base;
}

void EdwardsToNiels(EdwardsNiels* out, const EdwardsPoint* points, size_t count) {
  // All inversions in one (Montgomery's trick): the product of all z before i waits in out[i].product.
  Field product = kFieldOne;
  for (size_t i = 0; i < count; i++) {
    out[i].product = product;
    product = FieldMultiply(product, points[i].z);
  }
  Field inverse = FieldInvert(product);
  for (size_t i = count; i-- > 0;) {
    const Field own = FieldMultiply(inverse, out[i].product);
    inverse = FieldMultiply(inverse, points[i].z);
    const Field x = FieldMultiply(points[i].x, own), y = FieldMultiply(points[i].y, own);
    out[i] = {FieldAdd(y, x), FieldSubtractReduced(y, x), FieldMultiply(FieldMultiply(x, y), kEdwardsTwiceD)};
  }
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

bool EdwardsDecode(EdwardsPoint* out, const uint8_t in[32]) {
  // RFC 8032 section 5.1.3: x^2 = u/v, and the candidate for its root is u v^3 (u v^7)^((p-5)/8).
  static constexpr Field kRootOfMinusOne = {{1718705420411056, 234908883556509, 2233514472574048, 2117202627021982, 765476049583133}};
  const Field y = FieldFromBytes(in), yy = FieldSquare(y);
  const Field u = FieldSubtractReduced(yy, kFieldOne), v = FieldAdd(FieldMultiply(yy, kEdwardsD), kFieldOne);
  const Field v3 = FieldMultiply(FieldSquare(v), v), uv3 = FieldMultiply(u, v3);
  Field x = FieldMultiply(uv3, FieldRootPower(FieldMultiply(uv3, FieldSquare(FieldSquare(v)))));
  const Field vxx = FieldMultiply(v, FieldSquare(x));
  if (!FieldIsZero(FieldSubtract(vxx, u))) {
    if (!FieldIsZero(FieldAdd(vxx, u))) return false;
    x = FieldMultiply(x, kRootOfMinusOne);
  }
  uint8_t bytes[32];
  FieldToBytes(bytes, x);
  const Field minus = FieldMultiply(FieldSubtractReduced(kFieldZero, x), kFieldOne);
  if ((bytes[0] & 1) != in[31] >> 7) x = minus;
  *out = {x, y, kFieldOne, FieldMultiply(x, y)};
  return true;
}

void EdwardsEncodeMontgomery(uint8_t out[32], const EdwardsPoint& point) {
  FieldToBytes(out, FieldMultiply(FieldAdd(point.z, point.y), FieldInvert(FieldSubtractReduced(point.z, point.y))));
}

}  // namespace handfast
