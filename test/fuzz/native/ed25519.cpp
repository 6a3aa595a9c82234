// Signatures made here, spoilt or not, and signatures out of nothing: one at a time and eight at a time the answer is libsodium's, whose acceptance rule is ours.
#include "core/ed25519.h"

#include "input.h"
#include "lanes/kernels.h"

using namespace handfast;
using fuzz::Memory;

namespace {

struct Claim {
  Memory message, signature, publicKey;

  explicit Claim(fuzz::Input& input) {
    message = fuzz::UpTo(input, 300);
    if (input.ConsumeBool()) {
      Memory seed = fuzz::Exactly(input, 32), secret(64), made(64);
      publicKey.resize(32), signature.resize(64);
      Ed25519KeyPair(publicKey.data(), secret.data(), seed.data());
      Ed25519Sign(signature.data(), message.data(), message.size(), secret.data());
      crypto_sign_detached(made.data(), nullptr, message.data(), message.size(), secret.data());
      HOLDS(made == signature);
    } else {
      signature = fuzz::Exactly(input, 64), publicKey = fuzz::Exactly(input, 32);
    }
    for (Memory* part : {&message, &signature, &publicKey}) fuzz::Spoil(input, *part);
    fuzz::Resize(input, signature, 70), fuzz::Resize(input, publicKey, 40);
  }

  bool Expected() const {
    return signature.size() == 64 && publicKey.size() == 32 && crypto_sign_verify_detached(signature.data(), message.data(), message.size(), publicKey.data()) == 0;
  }
};

}  // namespace

FUZZ(input) {
  fuzz::AnyLanes(input);
  std::vector<Claim> claims;
  for (size_t count = input.ConsumeIntegralInRange<size_t>(1, 9); count > 0; count--) claims.emplace_back(input);
  std::vector<Bytes> signatures, messages, keys;
  for (Claim& claim : claims) {
    signatures.push_back(fuzz::Of(claim.signature)), messages.push_back(fuzz::Of(claim.message)), keys.push_back(fuzz::Of(claim.publicKey));
    const bool expected = claim.Expected();
    HOLDS(Ed25519Verify(signatures.back(), messages.back(), keys.back()) == expected);
    HOLDS(!expected || Ed25519WorthVerifying(signatures.back(), keys.back()));
  }
  bool valid[16];
  Ed25519VerifyLanes(valid, signatures.data(), messages.data(), keys.data(), claims.size());
  for (size_t i = 0; i < claims.size(); i++) HOLDS(valid[i] == claims[i].Expected());
}
