#include "core/short-relation.h"

#include <utility>

#include "core/bytes.h"

namespace handfast {
namespace {

struct Row {
  uint64_t u[4];
  Wide v;
};

int Bits(const uint64_t a[4]) {
  for (int i = 3; i >= 0; i--) {
    if (a[i] != 0) return 64 * i + 64 - __builtin_clzll(a[i]);
  }
  return 0;
}

int Bits(Wide a) {
  const uint64_t words[4] = {static_cast<uint64_t>(a), static_cast<uint64_t>(a >> 64), 0, 0};
  return Bits(words);
}

bool Below(const uint64_t a[4], const uint64_t b[4]) {
  for (int i = 3; i > 0; i--) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return a[0] < b[0];
}

// a << shift for a shift below 256 that pushes nothing out.
void ShiftLeft(uint64_t out[4], const uint64_t a[4], int shift) {
  const int words = shift / 64, bits = shift % 64;
  for (int i = 3; i >= 0; i--) {
    const uint64_t high = i >= words ? a[i - words] : 0, low = i > words ? a[i - words - 1] : 0;
    out[i] = bits == 0 ? high : high << bits | low >> (64 - bits);
  }
}

// The largest shift with a << shift at most b, and that; a is not 0 and at most b.
int FittingShift(uint64_t out[4], const uint64_t a[4], const uint64_t b[4]) {
  int shift = Bits(b) - Bits(a);
  ShiftLeft(out, a, shift);
  if (Below(b, out)) ShiftLeft(out, a, --shift);
  return shift;
}

bool IsHalf(const uint64_t a[4]) { return (a[2] | a[3]) == 0; }

void Subtract(uint64_t a[4], const uint64_t b[4]) {
  Wide borrow = 0;
  for (int i = 0; i < 4; i++) {
    const Wide difference = Wide{a[i]} - b[i] - borrow;
    a[i] = static_cast<uint64_t>(difference);
    borrow = difference >> 127;
  }
}

}  // namespace

ShortRelation ShortRelationOf(const uint8_t k[32]) {
  // Euclid's algorithm on 8L and k, each quotient a power of two at a time. Both rows hold u = v k modulo 8L; of v only the size is kept, since the rows' signs are always opposite.
  // What does not change is longer.u shorter.v + shorter.u longer.v = 8L. So v stays below 2^127 as long as shorter.u is 2^128 or more, and never are both v even.
  Row longer = {{0xc09318d2e7ae9f68, 0xa6f7cef517bce6b2, 0, 0x8000000000000000}, 0};
  Row shorter = {{LoadLittle64(k), LoadLittle64(k + 8), LoadLittle64(k + 16), LoadLittle64(k + 24)}, 1};
  bool negative = false;  // the sign of shorter.v
  uint64_t shifted[4];
  while (!IsHalf(shorter.u)) {
    const int shift = FittingShift(shifted, shorter.u, longer.u);
    Subtract(longer.u, shifted);
    longer.v += shorter.v << shift;
    if (Below(longer.u, shorter.u)) {
      std::swap(longer, shorter);
      negative = !negative;
    }
  }
  if ((shorter.v & 1) != 0) return {{shorter.u[0], shorter.u[1], shorter.u[2], shorter.u[3]}, shorter.v, negative};

  // The other v is odd, and stays so when an even one is added: as much of the quotient as u needs and v has room for.
  while (!IsHalf(longer.u)) {
    const int shift = FittingShift(shifted, shorter.u, longer.u);
    Wide v;
    if (Bits(shorter.v) + shift > 128 || __builtin_add_overflow(longer.v, shorter.v << shift, &v)) break;
    Subtract(longer.u, shifted);
    longer.v = v;
  }
  return {{longer.u[0], longer.u[1], longer.u[2], longer.u[3]}, longer.v, !negative};
}

}  // namespace handfast
