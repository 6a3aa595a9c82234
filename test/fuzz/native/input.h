// What the fuzzers share: an input read as numbers and as memory of exactly its size, so that the sanitizer sees a byte too far, and what ends a run.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/bytes.h"
#include "lanes/lanes.h"

#if defined(HANDFAST_SECP256K1) && defined(__linux__)
// What is linked with libsecp256k1 has no stderr (core/wrap-stderr.c); libFuzzer takes its own before anything else runs.
extern "C" FILE *__wrap_stderr, *__real_stderr;
__attribute__((constructor(101))) static void GiveStderrBack() { __wrap_stderr = __real_stderr; }
#endif

namespace fuzz {

using Input = FuzzedDataProvider;
using Memory = std::vector<uint8_t>;

inline handfast::Bytes Of(Memory& memory) { return {memory.data(), memory.size()}; }

// Exactly `size` bytes; zeros where the input ends.
inline Memory Exactly(Input& input, size_t size) {
  Memory memory = input.ConsumeBytes<uint8_t>(size);
  memory.resize(size);
  memory.shrink_to_fit();
  return memory;
}

inline Memory UpTo(Input& input, size_t most) { return Exactly(input, input.ConsumeIntegralInRange<size_t>(0, most)); }

// Some bits the other way, as often as the input says: what was honest until now comes to every refusal.
inline void Spoil(Input& input, Memory& memory) {
  for (size_t times = input.ConsumeIntegralInRange<size_t>(0, 3); times > 0 && !memory.empty(); times--) {
    const size_t at = input.ConsumeIntegralInRange<size_t>(0, memory.size() - 1);
    memory[at] ^= input.ConsumeIntegral<uint8_t>();
  }
}

// Another length now and then.
inline void Resize(Input& input, Memory& memory, size_t most) {
  if (input.ConsumeIntegralInRange<int>(0, 7) != 0) return;
  memory.resize(input.ConsumeIntegralInRange<size_t>(0, most));
  memory.shrink_to_fit();
}

inline void AnyLanes(Input& input) {
  for (int lanes = input.ConsumeIntegralInRange<int>(0, 2); !handfast::LanesUse(static_cast<handfast::Lanes>(lanes)); lanes--) {
  }
}

inline void Fail(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

// The body of a fuzzer: libsodium is started before its first input.
#define FUZZ(input)                                                                   \
  static void Body(fuzz::Input& input);                                               \
  extern "C" int LLVMFuzzerInitialize(int*, char***) { return sodium_init() < 0; }    \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {           \
    fuzz::Input input(data, size);                                                    \
    Body(input);                                                                      \
    return 0;                                                                         \
  }                                                                                   \
  static void Body([[maybe_unused]] fuzz::Input& input)
#define HOLDS(condition) \
  if (!(condition)) fuzz::Fail(#condition, __FILE__, __LINE__)

}  // namespace fuzz
