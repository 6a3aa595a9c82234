// AES-256-GCM in C, for the JavaScript figures to be held against: one operation seals or opens one message in place, 64 different ones in turn. `frames` is the same through
// our frame cipher, 64 to a call. Prints one line of JSON for each size: `bench-gcm-loop [rounds [bytes...]]`.
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "clock.h"
#include "core/frames.h"
#include "core/gcm.h"

using handfast::Bytes;

namespace {

constexpr int kMessages = 64;

void Measure(size_t size, int rounds) {
  const size_t stride = size + 4 + 16;
  std::vector<uint8_t> memory(stride * kMessages + 64);
  uint8_t key[32], nonce[12] = {0};
  randombytes_buf(key, sizeof key);
  handfast::GcmKey expanded;
  handfast::GcmExpand(&expanded, key);
  const int count = static_cast<int>(size > 4096 ? 30 : 1000);

  const double seal = MedianNanoseconds(rounds, count, [&] {
    for (int i = 0; i < kMessages; i++) {
      uint8_t* message = memory.data() + i * stride + 4;
      nonce[11] = static_cast<uint8_t>(i);
      handfast::GcmSeal(expanded, message, message + size, {message, size}, nonce, {message - 4, 4});
    }
  });
  // Opening what was not sealed would stop at the tag: seal and open are timed together, and sealing taken off.
  const double both = MedianNanoseconds(rounds, count, [&] {
    for (int i = 0; i < kMessages; i++) {
      uint8_t* message = memory.data() + i * stride + 4;
      nonce[11] = static_cast<uint8_t>(i);
      handfast::GcmSeal(expanded, message, message + size, {message, size}, nonce, {message - 4, 4});
      if (!handfast::GcmOpen(expanded, message, {message, size}, message + size, nonce, {message - 4, 4})) std::abort();
    }
  });

  const handfast::Framing framing{4, true, 0};
  handfast::FrameCipher sealer(handfast::AeadName::aes_256_gcm, key, framing, 0), opener(handfast::AeadName::aes_256_gcm, key, framing, 0);
  std::vector<uint32_t> entries(2 * kMessages);
  const Bytes slab{memory.data(), stride * kMessages};
  const double frames = MedianNanoseconds(rounds, count, [&] {
    for (int i = 0; i < kMessages; i++) {
      entries[2 * i] = static_cast<uint32_t>(i * stride + 4);
      entries[2 * i + 1] = static_cast<uint32_t>(size);
    }
    handfast::Outcome outcome;
    if (sealer.SealMany(slab, entries.data(), kMessages) != handfast::Fault::none) std::abort();
    if (opener.OpenMany(slab, 0, slab.size, entries.data(), kMessages, static_cast<uint32_t>(size + 16), &outcome) != kMessages) std::abort();
  });
  const char* engine = handfast::GcmEngineInUse() == handfast::Engine::ipsec_mb ? "ipsec-mb" : "libsodium";
  std::printf("{\"suite\":\"gcm-loop\",\"engine\":\"%s\",\"bytes\":%zu,\"sealNs\":%.1f,\"openNs\":%.1f,\"framesSealAndOpenNs\":%.1f}\n", engine, size, seal / kMessages,
              (both - seal) / kMessages, frames / kMessages);
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  if (handfast::GcmEngineInUse() == handfast::Engine::none) {
    std::puts("{\"suite\":\"gcm-loop\",\"engine\":\"none\"}");
    return 0;
  }
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  if (argc > 2) {
    for (int i = 2; i < argc; i++) Measure(static_cast<size_t>(std::atoi(argv[i])), rounds);
    return 0;
  }
  for (size_t size : {64, 256, 1024, 16384, 65536}) Measure(size, rounds);
  return 0;
}
