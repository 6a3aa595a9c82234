// What the check of the machine code must find, compiled as the kernels are: without these a check that finds nothing would prove nothing.
#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"

namespace handfast {

// Differs from lane to lane in nothing but data.
void SteadyControl(uint8_t* const out[8], const uint8_t* const secret[8]) {
  VectorIfma sum = VectorIfma::Zero();
  const VectorIfma word = VectorIfma::LoadFrom(secret, 0);
  for (int i = 0; i < 64; i++) sum = MultiplyAddLow(sum, word, Select(sum.TopBits(), word, sum));
  sum.StoreTo(out, 0, VectorIfma::kAll);
}

void LeakyBranchControl(uint8_t* const out[8], const uint8_t* const secret[8]) {
  VectorIfma word = VectorIfma::LoadFrom(secret, 0);
  for (int i = 0; i < 64; i++) {
    if (word.TopBits() != 0) __asm__ volatile("nop" ::: "memory");
    word = word + word;
  }
  word.StoreTo(out, 0, VectorIfma::kAll);
}

void LeakyIndexControl(uint8_t* const out[8], const uint8_t* const secret[8], const uint8_t table[256]) { out[0][0] = table[secret[0][0]]; }

void LeakyGatherControl(uint8_t* const out[8], const uint8_t* const secret[8], const uint64_t table[256]) {
  const VectorIfma word = VectorIfma::LoadFrom(secret, 0) & VectorIfma::Broadcast(255);
  VectorIfma::Gather(table, word).StoreTo(out, 0, VectorIfma::kAll);
}

void LeakySpillControl(uint8_t* const out[8], const uint8_t* const secret[8]) {
  uint64_t words[8];
  VectorIfma::LoadFrom(secret, 0).Store(words);
  __asm__ volatile("" : : "r"(words) : "memory");
  for (int i = 0; i < 8; i++) {
    if (words[i] > 77) out[i][0] = 1;
  }
}

void LeakyDivisionControl(uint8_t* const out[8], const uint8_t* const secret[8]) { out[0][0] = static_cast<uint8_t>(1000 / (secret[0][0] | 1)); }

}  // namespace handfast

#endif
