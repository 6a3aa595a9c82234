// Shared secrets and public keys, one at a time and up to nine at once, are libsodium's for every secret and every point, of small order and beyond the prime too.
#include "core/x25519.h"

#include "input.h"
#include "lanes/kernels.h"

using namespace handfast;
using fuzz::Memory;

FUZZ(input) {
  fuzz::AnyLanes(input);
  const size_t count = input.ConsumeIntegralInRange<size_t>(1, 9);
  std::vector<Memory> secrets, peers, out(count, Memory(32));
  for (size_t i = 0; i < count; i++) secrets.push_back(fuzz::Exactly(input, 32)), peers.push_back(fuzz::Exactly(input, 32));
  uint8_t* outs[9];
  const uint8_t *secret[9], *peer[9];
  for (size_t i = 0; i < count; i++) outs[i] = out[i].data(), secret[i] = secrets[i].data(), peer[i] = peers[i].data();

  Memory expected(32), alone(32);
  bool ok[9];
  X25519SharedLanes(outs, secret, peer, ok, count);
  for (size_t i = 0; i < count; i++) {
    const bool usable = crypto_scalarmult(expected.data(), secret[i], peer[i]) == 0;
    if (!usable) std::memset(expected.data(), 0, 32);
    HOLDS(ok[i] == usable && out[i] == expected);
    HOLDS((X25519Shared(alone.data(), secret[i], peer[i]) == Fault::none) == usable && alone == expected);
  }
  X25519PublicLanes(outs, secret, count);
  for (size_t i = 0; i < count; i++) {
    crypto_scalarmult_base(expected.data(), secret[i]);
    X25519Public(alone.data(), secret[i]);
    HOLDS(out[i] == expected && alone == expected);
  }
}
