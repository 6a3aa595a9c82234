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

CASE(PoolQuiet, "a key asked for now and then is made alone, and several at once together") {
  Arena arena(64);
  KeyPool pool(arena);
  uint8_t publicKey[32];
  for (int i = 0; i < 5; i++) {
    CHECK(pool.Take(publicKey, 1000 * i) != 0);
    CHECK(pool.Waiting() == 0);
  }
  if (!Fills()) return;
  pool.Expect(2);
  CHECK(pool.Take(publicKey, 100000) != 0);
  CHECK(pool.Waiting() == 7);
  CHECK(pool.Take(publicKey, 100000) != 0);
  CHECK(pool.Waiting() == 6);
}

CASE(PoolAge, "a key of the pool is given out within a second or wiped") {
  if (!Fills()) return;
  Arena arena(64);
  KeyPool pool(arena);
  uint8_t first[32], second[32], third[32];
  pool.Take(first, 0);
  pool.Take(first, 50);
  CHECK(pool.Waiting() == 7);
  const Handle taken = pool.Take(second, 1050);
  CHECK(pool.Waiting() == 6);
  // The next in turn lies right beside it; its bytes are looked at where they were.
  uint8_t before[7 * 64];
  const uint8_t* all = arena.At(taken).data - 6 * 64;
  std::memcpy(before, all, sizeof before);
  CHECK(sodium_is_zero(before, 32) == 0);
  pool.Take(third, 1051);
  CHECK(pool.Waiting() == 7);
  CHECK(Matches(arena, taken, second));
  CHECK(std::memcmp(before, all, 6 * 64) != 0);
  pool.Drop();
  CHECK(pool.Waiting() == 0);
  CHECK(sodium_is_zero(all, 6 * 64) == 1);
  CHECK(arena.Live() == 4);
}

CASE(PoolOff, "with the lanes off nothing is made ahead, and what waits is wiped") {
  if (!Fills()) return;
  Arena arena(64);
  KeyPool pool(arena);
  uint8_t publicKey[32];
  pool.Expect(8);
  pool.Take(publicKey, 0);
  CHECK(pool.Waiting() == 7);
  const Lanes before = LanesInUse();
  LanesUse(Lanes::off);
  CHECK(Matches(arena, pool.Take(publicKey, 1), publicKey));
  CHECK(pool.Waiting() == 0);
  LanesUse(before);
}
