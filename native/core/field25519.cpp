#include "core/field25519.h"

#include "core/bytes.h"

namespace handfast {
namespace {

inline Field SquareTimes(Field a, int times) {
  while (times-- > 0) a = FieldSquare(a);
  return a;
}

struct Ladder {
  Field p11, ones250;
};

// a^11 and a^(2^250 - 1), of which both exponents below are made, by 249 squarings and 10 multiplications; names say which power is held.
Ladder Climb(const Field& a) {
  const Field p2 = FieldSquare(a);
  const Field p9 = FieldMultiply(SquareTimes(p2, 2), a);
  const Field p11 = FieldMultiply(p9, p2);
  const Field ones5 = FieldMultiply(FieldSquare(p11), p9);  // 2^5 - 1
  const Field ones10 = FieldMultiply(SquareTimes(ones5, 5), ones5);
  const Field ones20 = FieldMultiply(SquareTimes(ones10, 10), ones10);
  const Field ones40 = FieldMultiply(SquareTimes(ones20, 20), ones20);
  const Field ones50 = FieldMultiply(SquareTimes(ones40, 10), ones10);
  const Field ones100 = FieldMultiply(SquareTimes(ones50, 50), ones50);
  const Field ones200 = FieldMultiply(SquareTimes(ones100, 100), ones100);
  return {p11, FieldMultiply(SquareTimes(ones200, 50), ones50)};
}

}  // namespace

Field FieldFromBytes(const uint8_t in[32]) {
  const uint64_t w0 = LoadLittle64(in), w1 = LoadLittle64(in + 8), w2 = LoadLittle64(in + 16), w3 = LoadLittle64(in + 24);
  return {{w0 & kFieldMask, (w0 >> 51 | w1 << 13) & kFieldMask, (w1 >> 38 | w2 << 26) & kFieldMask, (w2 >> 25 | w3 << 39) & kFieldMask, w3 >> 12 & kFieldMask}};
}

void FieldToBytes(uint8_t out[32], const Field& a) {
  uint64_t t[5] = {a.limb[0], a.limb[1], a.limb[2], a.limb[3], a.limb[4]};
  // Twice, because the first round may leave a carry out of the top again.
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 4; i++) {
      t[i + 1] += t[i] >> 51;
      t[i] &= kFieldMask;
    }
    t[0] += 19 * (t[4] >> 51);
    t[4] &= kFieldMask;
  }
  // Now 0 <= t < 2^255 + a little: q is 1 exactly when t >= p, and t - qp = t + 19q - q 2^255.
  uint64_t q = (t[0] + 19) >> 51;
  for (int i = 1; i < 5; i++) q = (t[i] + q) >> 51;
  t[0] += 19 * q;
  for (int i = 0; i < 4; i++) {
    t[i + 1] += t[i] >> 51;
    t[i] &= kFieldMask;
  }
  t[4] &= kFieldMask;
  StoreLittle64(out, t[0] | t[1] << 51);
  StoreLittle64(out + 8, t[1] >> 13 | t[2] << 38);
  StoreLittle64(out + 16, t[2] >> 26 | t[3] << 25);
  StoreLittle64(out + 24, t[3] >> 39 | t[4] << 12);
}

bool FieldIsZero(const Field& a) {
  uint8_t bytes[32];
  FieldToBytes(bytes, a);
  uint8_t any = 0;
  for (const uint8_t byte : bytes) any |= byte;
  return any == 0;
}

Field FieldInvert(const Field& a) {
  // 2^255 - 21 = (2^250 - 1) 2^5 + 11.
  const Ladder ladder = Climb(a);
  return FieldMultiply(SquareTimes(ladder.ones250, 5), ladder.p11);
}

Field FieldRootPower(const Field& a) {
  // 2^252 - 3 = (2^250 - 1) 2^2 + 1.
  return FieldMultiply(SquareTimes(Climb(a).ones250, 2), a);
}

}  // namespace handfast
