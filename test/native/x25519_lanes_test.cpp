#include <sodium.h>

#include <cstring>
#include <vector>

#include "check.h"
#include "core/x25519.h"
#include "lanes/kernels.h"
#include "lanes/lanes.h"
#include "lanes/x25519-scalar.h"

using namespace handfast;

namespace {

struct Item {
  uint8_t secret[32], peer[32];
};

using Kernel = void (*)(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count);

struct Instance {
  const char* name;
  Kernel kernel;
  size_t most;
};

void Avx2(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
  const Lanes before = LanesInUse();
  LanesUse(Lanes::avx2);
  X25519SharedLanes(out, secret, publicKey, ok, count);
  LanesUse(before);
}

std::vector<Instance> Instances() {
  std::vector<Instance> all{{"scalar", X25519SharedScalar, 8}, {"kernels", X25519SharedLanes, 200}};
  if (LanesThere() > Lanes::avx2) all.push_back({"avx2", Avx2, 200});
  if (!LanesKernels()) std::printf("  no IFMA here: not tested\n");
  return all;
}

// Whether all results are those of libsodium, each in its place at an odd address, and nothing else is written.
bool SameAsLibsodium(const Instance& instance, const std::vector<Item>& items) {
  constexpr size_t kPlace = 35;
  const size_t count = items.size();
  std::vector<uint8_t> secrets(count * kPlace), peers(count * kPlace), outs(count * kPlace + kPlace, 0xa5);
  std::vector<const uint8_t*> secret, peer;
  std::vector<uint8_t*> out;
  bool ok[256];
  for (size_t i = 0; i < count; i++) {
    std::memcpy(&secrets[i * kPlace + 1], items[i].secret, 32);
    std::memcpy(&peers[i * kPlace + 2], items[i].peer, 32);
    secret.push_back(&secrets[i * kPlace + 1]);
    peer.push_back(&peers[i * kPlace + 2]);
    out.push_back(&outs[i * kPlace + 3]);
  }
  ok[count] = true;
  instance.kernel(out.data(), secret.data(), peer.data(), ok, count);
  bool same = ok[count];
  std::vector<uint8_t> expected(outs.size(), 0xa5);
  for (size_t i = 0; i < count; i++) {
    uint8_t theirs[32];
    const bool usable = crypto_scalarmult(theirs, items[i].secret, items[i].peer) == 0;
    if (!usable) std::memset(theirs, 0, sizeof theirs);
    std::memcpy(&expected[i * kPlace + 3], theirs, 32);
    uint8_t core[32];
    same = same && ok[i] == usable && (X25519Shared(core, items[i].secret, items[i].peer) == Fault::none) == usable && std::memcmp(core, theirs, 32) == 0;
  }
  return same && outs == expected;
}

std::vector<Item> Random(size_t count) {
  std::vector<Item> items(count);
  for (Item& item : items) check::Fill(&item, sizeof item);
  return items;
}

// Public keys whose encoding or order is at an edge: of small order in every encoding, at and above the prime, with the top bit.
std::vector<std::vector<uint8_t>> EdgeKeys() {
  std::vector<std::vector<uint8_t>> keys;
  for (const char* key : {"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"}) keys.push_back(check::Hex(key));
  for (int i = 0; i < 32; i++) {
    for (const uint8_t fill : {0x00, 0xff}) {
      std::vector<uint8_t> key(32, fill);
      key[0] = static_cast<uint8_t>(fill == 0 ? i : 0xe0 + i);
      key[31] = fill & 0x7f;
      keys.push_back(key);
    }
  }
  for (size_t i = 0, count = keys.size(); i < count; i++) {
    keys.push_back(keys[i]);
    keys.back()[31] |= 0x80;
  }
  return keys;
}

}  // namespace

CASE(LanesShared, "lanes: shared secrets in lanes equal libsodium's and the core's for 20,000 random keys, at odd addresses") {
  for (const Instance& instance : Instances()) {
    int different = 0;
    for (size_t done = 0; done < (instance.most > 8 ? 20000 : 800); done += instance.most) different += SameAsLibsodium(instance, Random(instance.most)) ? 0 : 1;
    CHECK(different == 0);
  }
}

CASE(LanesSharedCounts, "lanes: any number of items from none to 65, and past what shares an inversion") {
  for (const Instance& instance : Instances()) {
    for (size_t count = 0; count <= 65 && count <= instance.most; count++) CHECK(SameAsLibsodium(instance, Random(count)));
    if (instance.most >= 130) CHECK(SameAsLibsodium(instance, Random(130)));
  }
}

CASE(LanesSharedEdges, "lanes: edge encodings and weak keys in every lane, with every bit of the scalar, do not disturb their neighbours") {
  const auto keys = EdgeKeys();
  for (const Instance& instance : Instances()) {
    int different = 0;
    for (size_t i = 0; i < keys.size(); i++) {
      for (size_t lane = 0; lane < 8; lane++) {
        std::vector<Item> items = Random(8);
        std::memcpy(items[lane].peer, keys[i].data(), 32);
        // And a second edge beside it.
        if (i % 2 == 0) std::memcpy(items[(lane + 3) % 8].peer, keys[(i * 7 + lane) % keys.size()].data(), 32);
        const size_t bit = (i * 8 + lane) % 256;
        std::memset(items[(lane + 1) % 8].secret, i % 2 == 0 ? 0 : 0xff, 32);
        items[(lane + 1) % 8].secret[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        different += SameAsLibsodium(instance, items) ? 0 : 1;
      }
    }
    CHECK(different == 0);
  }
}

CASE(LanesSharedAllWeak, "lanes: eight weak keys at once, and one good one among sixty-four") {
  for (const Instance& instance : Instances()) {
    std::vector<Item> items = Random(8);
    for (Item& item : items) std::memset(item.peer, 0, 32);
    CHECK(SameAsLibsodium(instance, items));
    if (instance.most < 64) continue;
    items = Random(64);
    for (size_t i = 0; i < 64; i++) {
      if (i != 37) std::memset(items[i].peer, 0, 32);
    }
    CHECK(SameAsLibsodium(instance, items));
  }
}

CASE(LanesSharedRfc7748, "lanes: the vectors of RFC 7748 section 5.2 in every lane, iterated 1,000 times too") {
  const auto secretOne = check::Hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"), keyOne = check::Hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
  const auto secretTwo = check::Hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"), keyTwo = check::Hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493");
  const auto sharedOne = check::Hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"), sharedTwo = check::Hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
  for (const Instance& instance : Instances()) {
    for (size_t lane = 0; lane < 8; lane++) {
      std::vector<Item> items = Random(8);
      uint8_t results[8][32];
      const uint8_t *secret[8], *peer[8];
      uint8_t* out[8];
      bool ok[8];
      for (size_t i = 0; i < 8; i++) secret[i] = items[i].secret, peer[i] = items[i].peer, out[i] = results[i];
      secret[lane] = secretOne.data(), peer[lane] = keyOne.data();
      secret[(lane + 5) % 8] = secretTwo.data(), peer[(lane + 5) % 8] = keyTwo.data();
      instance.kernel(out, secret, peer, ok, 8);
      CHECK(ok[lane] && std::memcmp(results[lane], sharedOne.data(), 32) == 0);
      CHECK(ok[(lane + 5) % 8] && std::memcmp(results[(lane + 5) % 8], sharedTwo.data(), 32) == 0);
    }
    // The result takes the place of the scalar, which it may.
    uint8_t k[32] = {9}, u[32] = {9}, before[32];
    for (int i = 0; i < 1000; i++) {
      std::memcpy(before, k, 32);
      uint8_t* const out = k;
      const uint8_t *const secret = k, *const peer = u;
      bool ok = false;
      instance.kernel(&out, &secret, &peer, &ok, 1);
      CHECK(ok);
      std::memcpy(u, before, 32);
    }
    CHECK(std::memcmp(k, check::Hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51").data(), 32) == 0);
  }
}

CASE(LanesSharedOff, "lanes: the same results with the lanes off") {
  const Lanes before = LanesInUse();
  CHECK(LanesUse(Lanes::off));
  CHECK(!LanesKernels());
  CHECK(SameAsLibsodium({"off", X25519SharedLanes, 200}, Random(20)));
  CHECK(LanesUse(before));
}
