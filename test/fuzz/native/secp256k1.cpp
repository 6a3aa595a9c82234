// DER, keys and digests of any shape: what is signed here verifies, low-S, and in one encoding only; nothing else does by accident of its shape.
#include "core/secp256k1.h"

#include "core/der.h"
#include "input.h"

using namespace handfast;
using fuzz::Memory;

FUZZ(input) {
  if (!Secp256k1Available()) return;
  Memory secret = fuzz::Exactly(input, 32), digest = fuzz::Exactly(input, 32), publicKey(33), signature(72);
  size_t size = 0;
  const bool usable = Secp256k1Public(publicKey.data(), secret.data()) == Fault::none;
  HOLDS((Secp256k1Sign(signature.data(), &size, digest.data(), secret.data()) == Fault::none) == usable);
  if (usable) {
    HOLDS(size >= 8 && size <= 72);
    signature.resize(size);
    signature.shrink_to_fit();
    HOLDS(Secp256k1Verify(fuzz::Of(signature), fuzz::Of(digest), fuzz::Of(publicKey), true));
    const Memory honest = signature, signedDigest = digest, signer = publicKey;
    for (Memory* part : {&signature, &digest, &publicKey}) fuzz::Spoil(input, *part);
    fuzz::Resize(input, signature, 80), fuzz::Resize(input, digest, 40), fuzz::Resize(input, publicKey, 70);
    const bool strict = Secp256k1Verify(fuzz::Of(signature), fuzz::Of(digest), fuzz::Of(publicKey), true);
    const bool lenient = Secp256k1Verify(fuzz::Of(signature), fuzz::Of(digest), fuzz::Of(publicKey), false);
    HOLDS(!strict || lenient);
    // The same signature cannot be written another way under the strict rule.
    if (strict && digest == signedDigest && publicKey == signer) HOLDS(signature == honest);
  }
  Memory der = fuzz::UpTo(input, 80);
  uint8_t compact[64];
  if (CompactOfDer(compact, fuzz::Of(der))) HOLDS(der.size() >= 8 && der.size() <= 72 && der[0] == 0x30 && der[1] == der.size() - 2);
  Memory any = fuzz::UpTo(input, 70);
  Secp256k1Verify(fuzz::Of(der), fuzz::Of(digest), fuzz::Of(any), input.ConsumeBool());
}
