#include "core/aead.h"

#include <sodium.h>

#include "core/chacha.h"
#include "core/gcm.h"

namespace handfast {

Fault AeadSeal(AeadName name, uint8_t* out, const uint8_t key[32], const uint8_t* nonce, Bytes message, Bytes ad) {
  switch (name) {
    case AeadName::chacha20_poly1305:
      ChaChaSeal(key, out, out + message.size, message, nonce, ad);
      return Fault::none;
    case AeadName::xchacha20_poly1305:
      crypto_aead_xchacha20poly1305_ietf_encrypt(out, nullptr, message.data, message.size, ad.data, ad.size, nullptr, nonce, key);
      return Fault::none;
    case AeadName::aes_256_gcm: {
      if (GcmEngineInUse() == Engine::none) return Fault::unsupported;
      GcmKey expanded;
      GcmExpand(&expanded, key);
      GcmSeal(expanded, out, out + message.size, message, nonce, ad);
      sodium_memzero(&expanded, sizeof expanded);
      return Fault::none;
    }
  }
  return Fault::bad_argument;
}

Fault AeadOpen(AeadName name, uint8_t* out, const uint8_t key[32], const uint8_t* nonce, Bytes sealed, Bytes ad) {
  if (sealed.size < kTagBytes) return Fault::bad_tag;
  const size_t size = sealed.size - kTagBytes;
  int failed = 0;
  switch (name) {
    case AeadName::chacha20_poly1305:
      failed = ChaChaOpen(key, out, {sealed.data, size}, sealed.data + size, nonce, ad) ? 0 : -1;
      break;
    case AeadName::xchacha20_poly1305:
      failed = crypto_aead_xchacha20poly1305_ietf_decrypt(out, nullptr, nullptr, sealed.data, sealed.size, ad.data, ad.size, nonce, key);
      break;
    case AeadName::aes_256_gcm: {
      if (GcmEngineInUse() == Engine::none) return Fault::unsupported;
      GcmKey expanded;
      GcmExpand(&expanded, key);
      failed = GcmOpen(expanded, out, {sealed.data, size}, sealed.data + size, nonce, ad) ? 0 : -1;
      sodium_memzero(&expanded, sizeof expanded);
      break;
    }
  }
  if (failed == 0) return Fault::none;
  if (size > 0) sodium_memzero(out, size);
  return Fault::bad_tag;
}

}  // namespace handfast
