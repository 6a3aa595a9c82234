#include "core/short-relation.h"

#include <algorithm>
#include <utility>

#include "core/bytes.h"

namespace handfast {
namespace {

int Bits(uint64_t a) { return a == 0 ? 0 : 64 - __builtin_clzll(a); }
int Bits(Wide a) { return (a >> 64) != 0 ? 64 + Bits(static_cast<uint64_t>(a >> 64)) : Bits(static_cast<uint64_t>(a)); }

bool Below(const uint64_t a[4], const uint64_t b[4]) {
  for (int i = 3; i > 0; i--) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return a[0] < b[0];
}

bool IsHalf(const uint64_t a[4]) { return (a[2] | a[3]) == 0; }

// At most a / b, at least 1, and nearly always the quotient, from the 64 bits at which a begins; b is at most a, and a at least 2^128. 0 where it has more than 61 bits: such a k is never
// met, and what the rows hold then is a relation too, only a longer one.
uint64_t Quotient(const uint64_t a[4], const uint64_t b[4]) {
  const int top = a[3] != 0 ? 3 : 2, shift = __builtin_clzll(a[top]);
  const uint64_t begin = shift == 0 ? a[top] : a[top] << shift | a[top - 1] >> (64 - shift);
  const uint64_t other = shift == 0 ? b[top] : b[top] << shift | b[top - 1] >> (64 - shift);
  if (other == ~uint64_t{0}) return 1;
  if (other < 8) return 0;
  return std::max<uint64_t>(1, begin / (other + 1));
}

// longer -= times * shorter. Their signs are opposite, so that v grows.
void Subtract(RelationRow* longer, const RelationRow& shorter, uint64_t times) {
  Wide product = 0;
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    product += Wide{times} * shorter.u[i];
    const Wide difference = Wide{longer->u[i]} - static_cast<uint64_t>(product) - borrow;
    longer->u[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 127);
    product >>= 64;
  }
  longer->v += times * shorter.v;
}

}  // namespace

ShortRelation ShortRelationOf(const uint8_t k[32]) {
  // Euclid's algorithm on 8L and k. Of v only the size is kept, since the two rows' signs are always opposite. longer.u shorter.v + shorter.u longer.v = 8L does not change, so v stays
  // below 2^127 as long as shorter.u is 2^128 or more; and never are both v even.
  RelationRow longer = {{0xc09318d2e7ae9f68, 0xa6f7cef517bce6b2, 0, 0x8000000000000000}, 0};
  RelationRow shorter = {{LoadLittle64(k), LoadLittle64(k + 8), LoadLittle64(k + 16), LoadLittle64(k + 24)}, 1};
  return ShortRelationFrom(longer, shorter, false);
}

ShortRelation ShortRelationFrom(RelationRow longer, RelationRow shorter, bool negative) {
  if (Below(longer.u, shorter.u)) {
    std::swap(longer, shorter);
    negative = !negative;
  }
  while (!IsHalf(shorter.u)) {
    const uint64_t times = Quotient(longer.u, shorter.u);
    if (times == 0) break;
    Subtract(&longer, shorter, times);
    if (Below(longer.u, shorter.u)) {
      std::swap(longer, shorter);
      negative = !negative;
    }
  }
  if ((shorter.v & 1) != 0) return {{shorter.u[0], shorter.u[1], shorter.u[2], shorter.u[3]}, shorter.v, negative};

  // The other v is odd, and stays so when an even one is added: as much of the quotient as u needs and v has room for, a half at a time.
  while (!IsHalf(longer.u)) {
    const uint64_t quotient = Quotient(longer.u, shorter.u), times = std::max<uint64_t>(1, quotient / 2);
    if (quotient == 0 || Bits(times) + Bits(shorter.v) > 128 || longer.v + times * shorter.v < longer.v) break;
    Subtract(&longer, shorter, times);
  }
  return {{longer.u[0], longer.u[1], longer.u[2], longer.u[3]}, longer.v, !negative};
}

}  // namespace handfast
