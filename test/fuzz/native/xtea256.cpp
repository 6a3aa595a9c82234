// Whole blocks in number of the input's choice, with every kernel the machine has: all of them give what plain C++ gives, and back.
#include "core/xtea256.h"

#include "input.h"

using namespace handfast;
using fuzz::Memory;

FUZZ(input) {
  const size_t rounds = input.ConsumeIntegralInRange<size_t>(1, kXteaMostRounds);
  Memory key = fuzz::Exactly(input, 32), text = fuzz::Exactly(input, kXteaBlock * input.ConsumeIntegralInRange<size_t>(0, 150)), expected(text.size());
  LanesUse(Lanes::off);
  Xtea256Encrypt(expected.data(), text.data(), text.size(), key.data(), rounds);
  fuzz::AnyLanes(input);
  Memory work = text;
  Xtea256Encrypt(work.data(), work.data(), work.size(), key.data(), rounds);
  HOLDS(work == expected);
  Xtea256Decrypt(work.data(), work.data(), work.size(), key.data(), rounds);
  HOLDS(work == text);
}
