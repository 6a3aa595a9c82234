#include "core/key-pool.h"

#include <sodium.h>

#include <cstring>
#include <set>
#include <vector>

#include "check.h"
#include "lanes/kernels.h"
#include "lanes/lanes.h"

using namespace handfast;

namespace {

bool Matches(Arena& arena, Handle handle, const uint8_t publicKey[32]) {
  uint8_t expected[32];
  const Bytes secret = arena.At(handle);
  return secret.size == 32 && crypto_scalarmult_base(expected, secret.data) == 0 && std::memcmp(expected, publicKey, 32) == 0;
}

// Whether it has kernels to fill it; without them there is nothing to see.
bool Fills() {
  if (LanesKernels()) return true;
  std::printf("  no kernels here: not tested\n");
  return false;
}

}  // namespace

CASE(PoolDistinct, "keys of the pool differ, belong to their public keys, and are whose who took them") {
  Arena arena(64);
  {
    KeyPool pool(arena);
    std::set<std::vector<uint8_t>> seen;
    for (int i = 0; i < 50; i++) {
      uint8_t publicKey[32];
      const Handle handle = pool.Take(publicKey, i);
      CHECK(Matches(arena, handle, publicKey));
      const Bytes secret = arena.At(handle);
      seen.insert({secret.data, secret.data + 32});
      CHECK(arena.Live() == static_cast<size_t>(i) + 1 + pool.Waiting());
    }
    CHECK(seen.size() == 50);
  }
  // What was taken stays, what was not is gone.
  CHECK(arena.Live() == 50);
}

CASE(PoolExpected, "as many keys as a batch wants are made together, in whole sets of eight and at most 64; what is left waits") {
  if (!Fills()) return;
  const struct {
    size_t expected, waiting;
  } cases[] = {{0, 7}, {1, 7}, {8, 7}, {9, 15}, {63, 63}, {64, 63}, {65, 63}, {200, 63}};
  for (const auto& one : cases) {
    Arena arena(64);
    KeyPool pool(arena);
    uint8_t publicKey[32];
    pool.Expect(one.expected, 0);
    CHECK(Matches(arena, pool.Take(publicKey, 0), publicKey));
    CHECK(pool.Waiting() == one.waiting);
    for (size_t i = 1; i < one.expected; i++) CHECK(Matches(arena, pool.Take(publicKey, 0), publicKey));
    pool.Expect(0, 0);
    while (pool.Waiting() > 0) CHECK(Matches(arena, pool.Take(publicKey, 0), publicKey));
    pool.Take(publicKey, 0);
    CHECK(pool.Waiting() == 7);
  }
}

CASE(PoolExpectedLate, "keys that waited for more than a second are wiped before a batch, too") {
  if (!Fills()) return;
  Arena arena(64);
  KeyPool pool(arena);
  uint8_t publicKey[32];
  const Handle first = pool.Take(publicKey, 0);
  const Bytes taken = arena.At(first);
  // The other seven lie right before it in an arena that holds nothing else.
  const uint8_t* waiting = taken.data - 7 * 64;
  CHECK(sodium_is_zero(waiting, 7 * 64) == 0);
  pool.Expect(3, 1001);
  CHECK(pool.Waiting() == 0);
  CHECK(sodium_is_zero(waiting, 7 * 64) == 1);
  CHECK(Matches(arena, pool.Take(publicKey, 1001), publicKey));
  CHECK(pool.Waiting() == 7);
}

CASE(PoolAge, "a key of the pool is given out within a second or wiped") {
  if (!Fills()) return;
  Arena arena(64);
  KeyPool pool(arena);
  uint8_t publicKey[32], before[6][64];
  const Handle first = pool.Take(publicKey, 50);
  CHECK(Matches(arena, first, publicKey));
  CHECK(pool.Waiting() == 7);
  const Handle second = pool.Take(publicKey, 1050);
  CHECK(Matches(arena, second, publicKey));
  CHECK(pool.Waiting() == 6);
  // Those that wait lie right before it in an arena that holds nothing else, and are looked at where they are.
  const uint8_t* waiting = arena.At(second).data - sizeof before;
  std::memcpy(before, waiting, sizeof before);
  for (const auto& slot : before) CHECK(sodium_is_zero(slot, 32) == 0);
  const Handle third = pool.Take(publicKey, 1051);
  CHECK(Matches(arena, third, publicKey));
  CHECK(pool.Waiting() == 7);
  for (const auto& slot : before) {
    for (const uint8_t* now = waiting; now < waiting + sizeof before; now += 64) CHECK(std::memcmp(slot, now, 32) != 0);
  }
  pool.Drop();
  CHECK(pool.Waiting() == 0);
  for (const uint8_t* now = waiting; now < waiting + sizeof before; now += 64) CHECK(now == arena.At(third).data || sodium_is_zero(now, 64) == 1);
  CHECK(arena.Live() == 3);
}

CASE(PoolGuessed, "a waiting key that somebody wiped who guessed its slot is not given out, nor counted") {
  if (!Fills()) return;
  Arena arena(64);
  KeyPool pool(arena);
  uint8_t publicKey[32];
  pool.Take(publicKey, 0);
  // The next to be given out: everything in the arena but what was taken is the pool's.
  const Handle next = pool.Take(publicKey, 0);
  size_t wiped = 0;
  for (Handle guess = next - 8; guess <= next + 8; guess++) {
    if (guess != next && arena.Release(guess)) wiped++;
  }
  CHECK(wiped > 0);
  CHECK(pool.Waiting() + 1 == arena.Live());
  for (int i = 0; i < 20; i++) CHECK(Matches(arena, pool.Take(publicKey, 1), publicKey));
}

CASE(PoolOff, "with the lanes off nothing is made ahead, and what waits is wiped") {
  if (!Fills()) return;
  Arena arena(64);
  KeyPool pool(arena);
  uint8_t publicKey[32];
  pool.Take(publicKey, 0);
  CHECK(pool.Waiting() == 7);
  const Lanes before = LanesInUse();
  LanesUse(Lanes::off);
  CHECK(Matches(arena, pool.Take(publicKey, 1), publicKey));
  CHECK(pool.Waiting() == 0);
  LanesUse(before);
}
