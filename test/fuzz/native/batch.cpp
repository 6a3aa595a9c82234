// Mixed public-key work: every item of a batch comes to what it comes to alone, whoever its neighbours are.
#include "core/batch.h"

#include <list>

#include "core/ed25519.h"
#include "core/secp256k1.h"
#include "core/x25519.h"
#include "input.h"

using namespace handfast;
using fuzz::Memory;

namespace {

class Mixture {
 public:
  void Add(fuzz::Input& input) {
    const Op op = static_cast<Op>(input.ConsumeIntegralInRange<int>(0, 7));
    if ((op == Op::secp256k1_sign || op == Op::secp256k1_verify || op == Op::secp256k1_verify_sha512) && !Secp256k1Available()) return;
    Work work{};
    work.op = op;
    switch (op) {
      case Op::keygen: work.secret = Keep(Memory(32)), work.out = Keep(Memory(32)); break;
      case Op::dh: work.secret = Keep(fuzz::Exactly(input, 32)), work.publicKey = Keep(fuzz::Exactly(input, 32)), work.out = Keep(Memory(32)); break;
      case Op::sign: {
        Memory seed = fuzz::Exactly(input, 32), secret(64), publicKey(32);
        Ed25519KeyPair(publicKey.data(), secret.data(), seed.data());
        work.secret = Keep(secret), work.message = Keep(fuzz::UpTo(input, 200)), work.out = Keep(Memory(64));
        break;
      }
      case Op::verify: work.message = Keep(fuzz::UpTo(input, 200)), work.publicKey = Keep(fuzz::UpTo(input, 33)), work.signature = Keep(fuzz::UpTo(input, 65)); break;
      case Op::secp256k1_sign: work.secret = Keep(fuzz::Exactly(input, 32)), work.message = Keep(fuzz::Exactly(input, 32)), work.out = Keep(Memory(72)); break;
      case Op::secp256k1_verify: work.message = Keep(fuzz::UpTo(input, 33)), work.publicKey = Keep(fuzz::UpTo(input, 66)), work.signature = Keep(fuzz::UpTo(input, 80)); break;
      case Op::secp256k1_verify_sha512: work.message = Keep(fuzz::UpTo(input, 200)), work.publicKey = Keep(fuzz::UpTo(input, 66)), work.signature = Keep(fuzz::UpTo(input, 80)); break;
      case Op::ready: work.result = 77; break;
    }
    items.push_back(work);
  }

  std::vector<Work> items;

 private:
  Bytes Keep(Memory memory) {
    memory.shrink_to_fit();
    held_.push_back(std::move(memory));
    return fuzz::Of(held_.back());
  }
  std::list<Memory> held_;
};

void Check(const Work& work) {
  Memory out(72);
  switch (work.op) {
    case Op::keygen:
      crypto_scalarmult_base(out.data(), work.secret.data);
      HOLDS(work.result == 1 && std::memcmp(out.data(), work.out.data, 32) == 0);
      break;
    case Op::dh: {
      const bool usable = crypto_scalarmult(out.data(), work.secret.data, work.publicKey.data) == 0;
      HOLDS(work.result == (usable ? 1u : 0u));
      HOLDS(usable ? std::memcmp(out.data(), work.out.data, 32) == 0 : sodium_is_zero(work.out.data, 32) == 1);
      break;
    }
    case Op::sign:
      crypto_sign_detached(out.data(), nullptr, work.message.data, work.message.size, work.secret.data);
      HOLDS(work.result == 1 && std::memcmp(out.data(), work.out.data, 64) == 0);
      break;
    case Op::verify: HOLDS(work.result == (Ed25519Verify(work.signature, work.message, work.publicKey) ? 1u : 0u)); break;
    case Op::secp256k1_sign: {
      size_t size = 0;
      const bool usable = Secp256k1Sign(out.data(), &size, work.message.data, work.secret.data) == Fault::none;
      HOLDS(work.result == (usable ? size : 0) && (!usable || std::memcmp(out.data(), work.out.data, size) == 0));
      break;
    }
    case Op::secp256k1_verify: HOLDS(work.result == (Secp256k1Verify(work.signature, work.message, work.publicKey, false) ? 1u : 0u)); break;
    case Op::secp256k1_verify_sha512: {
      crypto_hash_sha512(out.data(), work.message.data, work.message.size);
      HOLDS(work.result == (Secp256k1Verify(work.signature, {out.data(), 32}, work.publicKey, false) ? 1u : 0u));
      break;
    }
    case Op::ready: HOLDS(work.result == 77); break;
  }
}

}  // namespace

FUZZ(input) {
  fuzz::AnyLanes(input);
  Mixture mixture;
  for (size_t count = input.ConsumeIntegralInRange<size_t>(0, 12); count > 0; count--) mixture.Add(input);
  RunWork(mixture.items.data(), mixture.items.size());
  for (const Work& work : mixture.items) Check(work);
}
