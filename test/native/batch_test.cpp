#include "core/batch.h"

#include <sodium.h>

#include <cstdio>
#include <cstring>
#include <deque>
#include <set>
#include <vector>

#include "check.h"
#include "core/ed25519.h"
#include "core/secp256k1.h"
#include "core/x25519.h"
#include "lanes/lanes.h"

using namespace handfast;

namespace {

uint32_t Below(uint32_t limit) {
  uint32_t value;
  check::Fill(&value, sizeof value);
  return value % limit;
}

// Items with memory of their own, at odd addresses.
class Mixture {
 public:
  Work& Add(Op op) {
    items.push_back({});
    Work& work = items.back();
    work.op = op;
    work.result = 0xdddddddd;
    switch (op) {
      case Op::keygen: work.secret = Room(32), work.out = Room(32); break;
      case Op::dh:
        work.secret = Random(32), work.publicKey = Random(32), work.out = Room(32);
        if (Below(6) == 0) std::memset(work.publicKey.data, 0, 32), work.publicKey.data[0] = static_cast<uint8_t>(Below(2));
        break;
      case Op::sign: work.secret = SigningKey(), work.message = Random(Length()), work.out = Room(64); break;
      case Op::verify: {
        const Bytes secret = SigningKey();
        work.message = Random(Length()), work.signature = Room(64), work.publicKey = Room(32);
        std::memcpy(work.publicKey.data, secret.data + 32, 32);
        Ed25519Sign(work.signature.data, work.message.data, work.message.size, secret.data);
        Spoil(work);
        break;
      }
      case Op::secp256k1_sign:
        work.secret = Random(32), work.message = Random(32), work.out = Room(72);
        if (Below(5) == 0) std::memset(work.secret.data, 0, 32);
        break;
      case Op::secp256k1_verify: work.signature = Random(70), work.message = Random(32), work.publicKey = Random(33); break;
      case Op::secp256k1_verify_sha512: {
        const Bytes secret = Random(32);
        work.message = Random(Length()), work.signature = Room(72), work.publicKey = Room(33);
        uint8_t hash[64];
        crypto_hash_sha512(hash, work.message.data, work.message.size);
        Secp256k1Public(work.publicKey.data, secret.data);
        Secp256k1Sign(work.signature.data, &work.signature.size, hash, secret.data);
        if (work.message.size > 0 && Below(3) == 0) work.message.data[Below(static_cast<uint32_t>(work.message.size))] ^= 1;
        break;
      }
      case Op::ready: work.result = Below(100); break;
    }
    return work;
  }

  std::vector<Work> items;

 private:
  Bytes Room(size_t size) {
    memory_.emplace_back(size + 8, uint8_t{0xee});
    return {memory_.back().data() + 1 + Below(7), size};
  }
  Bytes Random(size_t size) {
    const Bytes room = Room(size);
    check::Fill(room.data, size);
    return room;
  }
  static size_t Length() { return Below(10) == 0 ? 2000 + Below(3000) : Below(300); }
  Bytes SigningKey() {
    const Bytes key = Room(64), seed = Random(32);
    uint8_t publicKey[32];
    Ed25519KeyPair(publicKey, key.data, seed.data);
    return key;
  }
  void Spoil(Work& work) {
    switch (Below(10)) {
      case 0: work.signature.data[Below(64)] ^= static_cast<uint8_t>(1 << Below(8)); break;
      case 1: work.publicKey.data[Below(32)] ^= static_cast<uint8_t>(1 << Below(8)); break;
      case 2: work.signature.size = Below(64); break;
      case 3: work.publicKey.size = Below(32); break;
      case 4: std::memset(work.signature.data + 32, 0xff, 32); break;
      case 5: std::memset(work.publicKey.data, 0, 32); break;
      default: break;
    }
  }
  std::deque<std::vector<uint8_t>> memory_;
};

// What one operation alone comes to, by the functions that know of no lanes.
bool AsAlone(const Work& work) {
  uint8_t out[72];
  switch (work.op) {
    case Op::keygen: crypto_scalarmult_base(out, work.secret.data); return work.result == 1 && std::memcmp(out, work.out.data, 32) == 0;
    case Op::dh: {
      const bool usable = crypto_scalarmult(out, work.secret.data, work.publicKey.data) == 0;
      return work.result == (usable ? 1u : 0u) && (usable ? std::memcmp(out, work.out.data, 32) == 0 : sodium_is_zero(work.out.data, 32) == 1);
    }
    case Op::sign: crypto_sign_detached(out, nullptr, work.message.data, work.message.size, work.secret.data); return work.result == 1 && std::memcmp(out, work.out.data, 64) == 0;
    case Op::verify: return work.result == (Ed25519Verify(work.signature, work.message, work.publicKey) ? 1u : 0u);
    case Op::secp256k1_sign: {
      size_t size = 0;
      const bool usable = Secp256k1Sign(out, &size, work.message.data, work.secret.data) == Fault::none;
      return work.result == (usable ? size : 0) && (!usable || std::memcmp(out, work.out.data, size) == 0);
    }
    case Op::secp256k1_verify: return work.result == 0;
    case Op::secp256k1_verify_sha512: {
      uint8_t hash[64];
      crypto_hash_sha512(hash, work.message.data, work.message.size);
      return work.result == (Secp256k1Verify(work.signature, {hash, 32}, work.publicKey, false) ? 1u : 0u);
    }
    case Op::ready: return work.result < 100;
  }
  return false;
}

constexpr Op kAll[] = {Op::keygen, Op::dh, Op::sign, Op::verify, Op::ready, Op::secp256k1_sign, Op::secp256k1_verify, Op::secp256k1_verify_sha512};
const size_t kUsable = Secp256k1Available() ? 8 : 5;

int Wrong(Mixture& mixture) {
  RunWork(mixture.items.data(), mixture.items.size());
  int wrong = 0;
  for (const Work& work : mixture.items) wrong += AsAlone(work) ? 0 : 1;
  return wrong;
}

void EverySize() {
  for (const Op op : {Op::keygen, Op::dh, Op::sign, Op::verify}) {
    for (size_t size = 1; size <= 65; size++) {
      Mixture mixture;
      for (size_t i = 0; i < size; i++) mixture.Add(op);
      CHECK(Wrong(mixture) == 0);
    }
  }
  for (size_t round = 0; round < 100; round++) {
    Mixture mixture;
    const size_t size = 1 + Below(300);
    for (size_t i = 0; i < size; i++) mixture.Add(kAll[Below(static_cast<uint32_t>(kUsable))]);
    CHECK(Wrong(mixture) == 0);
  }
}

}  // namespace

CASE(BatchesAlike, "batches of 1 to 65 of each operation, and mixtures of all, come to what each item alone would") { EverySize(); }

CASE(BatchesAlikeOff, "the same with the lanes off") {
  const Lanes before = LanesInUse();
  CHECK(LanesUse(Lanes::off));
  CHECK(!LanesKernels());
  EverySize();
  LanesUse(before);
}

CASE(BatchesAlikeFour, "the same with the lanes of AVX2") {
  const Lanes before = LanesInUse();
  if (!LanesUse(Lanes::avx2)) {
    std::printf("  this processor has no AVX2: not tested\n");
    return;
  }
  CHECK(!LanesKernels());
  EverySize();
  LanesUse(before);
}

CASE(KeysDiffer, "key pairs of one batch all differ") {
  Mixture mixture;
  for (int i = 0; i < 67; i++) mixture.Add(Op::keygen);
  RunWork(mixture.items.data(), mixture.items.size());
  std::set<std::vector<uint8_t>> seen;
  for (const Work& work : mixture.items) seen.insert({work.secret.data, work.secret.data + 32});
  CHECK(seen.size() == 67);
}

CASE(Groups, "groups hold each item once, but for what is answered already, equal operations only, and as few as can be") {
  for (int round = 0; round < 50; round++) {
    Mixture mixture;
    const size_t size = 1 + Below(200);
    for (size_t i = 0; i < size; i++) mixture.Add(kAll[Below(static_cast<uint32_t>(kUsable))]);
    std::vector<WorkGroup> groups(MostGroups(size));
    const size_t made = GroupWork(mixture.items.data(), size, groups.data());
    CHECK(made <= groups.size());
    std::set<const Work*> seen;
    size_t held = 0, partial[kOps] = {0};  // one of short messages and one of long ones at most
    for (size_t i = 0; i < made; i++) {
      const size_t most = MostShared(groups[i].item[0]->op);
      CHECK(most >= kShared && groups[i].count >= 1 && groups[i].count <= most);
      partial[static_cast<size_t>(groups[i].item[0]->op)] += groups[i].count < most ? 1 : 0;
      held += groups[i].count;
      for (size_t k = 0; k < groups[i].count; k++) {
        CHECK(groups[i].item[k]->op == groups[i].item[0]->op);
        seen.insert(groups[i].item[k]);
      }
      RunGroup(groups[i]);
    }
    CHECK(seen.size() == held);
    for (size_t op = 0; op < kOps; op++) CHECK(partial[op] <= 2);
    for (const Work& work : mixture.items) CHECK(AsAlone(work));
  }
}
