// Single messages: sealed as libsodium seals them, opened to what was sealed, and never opened once a bit of anything is another.
#include "core/aead.h"

#include "core/gcm.h"
#include "input.h"

using namespace handfast;
using fuzz::Memory;

namespace {

void Reference(AeadName name, Memory& out, const Memory& message, const Memory& ad, const Memory& nonce, const Memory& key) {
  const auto seal = name == AeadName::chacha20_poly1305 ? crypto_aead_chacha20poly1305_ietf_encrypt
                    : name == AeadName::xchacha20_poly1305 ? crypto_aead_xchacha20poly1305_ietf_encrypt
                                                           : crypto_aead_aes256gcm_encrypt;
  seal(out.data(), nullptr, message.data(), message.size(), ad.data(), ad.size(), nullptr, nonce.data(), key.data());
}

}  // namespace

FUZZ(input) {
  fuzz::AnyLanes(input);
  const AeadName name = static_cast<AeadName>(input.ConsumeIntegralInRange<int>(0, 2));
  if (name == AeadName::aes_256_gcm && GcmEngineInUse() == Engine::none) return;
  Memory key = fuzz::Exactly(input, 32), nonce = fuzz::Exactly(input, NonceBytes(name)), ad = fuzz::UpTo(input, 80), message = fuzz::UpTo(input, 1200);
  Memory sealed(message.size() + kTagBytes), expected(sealed.size()), opened(message.size());
  HOLDS(AeadSeal(name, sealed.data(), key.data(), nonce.data(), fuzz::Of(message), fuzz::Of(ad)) == Fault::none);
  Reference(name, expected, message, ad, nonce, key);
  HOLDS(sealed == expected);
  HOLDS(AeadOpen(name, opened.data(), key.data(), nonce.data(), fuzz::Of(sealed), fuzz::Of(ad)) == Fault::none && opened == message);

  const Memory parts[] = {key, nonce, ad, sealed};
  for (Memory* part : {&key, &nonce, &ad, &sealed}) fuzz::Spoil(input, *part);
  fuzz::Resize(input, sealed, 40);
  const bool same = key == parts[0] && nonce == parts[1] && ad == parts[2] && sealed == parts[3];
  // In place, as frames are opened.
  const size_t size = sealed.size();
  const bool opens = AeadOpen(name, sealed.data(), key.data(), nonce.data(), fuzz::Of(sealed), fuzz::Of(ad)) == Fault::none;
  HOLDS(opens == same);
  for (size_t i = 0; !opens && i + kTagBytes < size; i++) HOLDS(sealed[i] == 0);
}
