#include "core/x25519-adx.h"

#include "core/words25519-adx.h"

#if HANDFAST_ADX

#include <cpuid.h>
#include <sodium.h>

#include <cstring>

namespace handfast {

bool X25519AdxAvailable() {
  static const bool available = [] {
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & bit_BMI2) != 0 && (ebx & bit_ADX) != 0;
  }();
  return available;
}

void X25519Adx(uint8_t shared[32], const uint8_t secretKey[32], const uint8_t publicKey[32]) {
  // Names as in RFC 7748 section 5. Nothing is swapped: whichever of both points is doubled, d a and c b only change places, and x3 and z3 are the squares of their sum and difference. So it is
  // enough to choose whose sum and difference are squared.
  struct {
    uint8_t k[32];
    Words x2, z2, x3, z3, a, aa, b, bb, c, d, e;
    Field x, z;
  } secret;
  std::memcpy(secret.k, secretKey, 32);
  secret.k[0] &= 248;
  secret.k[31] = static_cast<uint8_t>((secret.k[31] & 127) | 64);
  Words x1;
  for (int i = 0; i < 4; i++) x1.word[i] = LoadLittle64(publicKey + 8 * i);
  x1.word[3] &= ~uint64_t{0} >> 1;
  auto& [k, x2, z2, x3, z3, a, aa, b, bb, c, d, e, x, z] = secret;
  x2 = {{1, 0, 0, 0}};
  z2 = {{0, 0, 0, 0}};
  x3 = x1;
  z3 = {{1, 0, 0, 0}};
  uint64_t last = 0;
  for (int t = 254; t >= 0; t--) {
    const uint64_t bit = k[t / 8] >> (t % 8) & 1;
    WordsAdd(&a, &x2, &z2);
    WordsSubtract(&b, &x2, &z2);
    WordsAdd(&c, &x3, &z3);
    WordsSubtract(&d, &x3, &z3);
    WordsSelect(&aa, &a, &c, last ^ bit);
    WordsSelect(&bb, &b, &d, last ^ bit);
    last = bit;
    WordsMultiply(&d, &a);
    WordsMultiply(&c, &b);
    WordsSquare(&aa, &aa);
    WordsSquare(&bb, &bb);
    WordsAdd(&x3, &d, &c);
    WordsSubtract(&z3, &d, &c);
    WordsSquare(&x3, &x3);
    WordsSquare(&z3, &z3);
    WordsMultiply(&z3, &x1);
    WordsSubtract(&e, &aa, &bb);
    WordsMultiplyAdd121665(&z2, &e, &aa);
    WordsMultiply(&z2, &e);
    x2 = aa;
    WordsMultiply(&x2, &bb);
  }
  // The lowest bit of a clamped scalar is 0: the result is the point that was doubled last.
  x = WordsToField(x2);
  z = WordsToField(z2);
  FieldToBytes(shared, FieldMultiply(x, FieldInvert(z)));
  sodium_memzero(&secret, sizeof secret);
  sodium_stackzero(2048);
}

}  // namespace handfast

#else

namespace handfast {

bool X25519AdxAvailable() { return false; }
void X25519Adx(uint8_t[32], const uint8_t[32], const uint8_t[32]) {}

}  // namespace handfast

#endif
