#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <random>

#include "check.h"

namespace check {
namespace {

uint8_t key[32];
uint64_t filled = 0;

}  // namespace

uint64_t Seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("HANDFAST_SEED");
    return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }();
  return seed;
}

void Fill(void* out, size_t size) {
  uint8_t nonce[8];
  std::memcpy(nonce, &filled, sizeof nonce);
  filled++;
  crypto_stream_chacha20(static_cast<uint8_t*>(out), size, nonce, key);
}

}  // namespace check

// Arguments are parts of names: only cases that have one of them are run.
int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const uint64_t seed = check::Seed();
  std::memcpy(check::key, &seed, sizeof seed);
  int failed = 0;
  size_t run = 0;
  for (const check::Case& one : check::Cases()) {
    bool asked = argc < 2;
    for (int i = 1; i < argc; i++) asked = asked || std::strstr(one.name, argv[i]) != nullptr;
    if (!asked) continue;
    run++;
    const int before = check::Failures();
    one.run();
    const bool held = check::Failures() == before;
    std::printf("%s %s\n", held ? "ok  " : "FAIL", one.name);
    failed += held ? 0 : 1;
  }
  std::printf("%zu passed, %d failed (seed %llu)\n", run - static_cast<size_t>(failed), failed, static_cast<unsigned long long>(seed));
  return failed == 0 && run > 0 ? 0 : 1;
}
