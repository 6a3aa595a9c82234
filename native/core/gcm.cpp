#include "core/gcm.h"

#include <sodium.h>

#include "core/ipsec-mb.h"

namespace handfast {
namespace {

#ifdef HANDFAST_IPSEC_MB
static_assert(sizeof(gcm_key_data) <= sizeof(GcmKey), "GcmKey must hold the schedule of ipsec-mb");
static_assert(alignof(gcm_key_data) <= alignof(GcmKey), "GcmKey must be aligned for ipsec-mb");
#endif

bool Available(Engine engine) {
#ifdef HANDFAST_IPSEC_MB
  if (engine == Engine::ipsec_mb) return IpsecMb() != nullptr;
#endif
  if (engine == Engine::sodium) return crypto_aead_aes256gcm_is_available() == 1;
  return engine == Engine::none;
}

Engine& InUse() {
  static Engine engine = Available(Engine::ipsec_mb) ? Engine::ipsec_mb : Available(Engine::sodium) ? Engine::sodium : Engine::none;
  return engine;
}

const crypto_aead_aes256gcm_state* SodiumState(const GcmKey& key) { return reinterpret_cast<const crypto_aead_aes256gcm_state*>(key.bytes); }

}  // namespace

Engine GcmEngineInUse() { return InUse(); }

bool GcmUse(Engine engine) {
  if (!Available(engine)) return false;
  InUse() = engine;
  return true;
}

void GcmExpand(GcmKey* expanded, const uint8_t key[32]) {
#ifdef HANDFAST_IPSEC_MB
  if (InUse() == Engine::ipsec_mb) {
    IMB_AES256_GCM_PRE(IpsecMb(), key, reinterpret_cast<gcm_key_data*>(expanded->bytes));
    return;
  }
#endif
  crypto_aead_aes256gcm_beforenm(reinterpret_cast<crypto_aead_aes256gcm_state*>(expanded->bytes), key);
}

void GcmSeal(const GcmKey& key, uint8_t* out, uint8_t tag[16], Bytes message, const uint8_t nonce[12], Bytes ad) {
#ifdef HANDFAST_IPSEC_MB
  if (InUse() == Engine::ipsec_mb) {
    gcm_context_data context;
    IMB_AES256_GCM_ENC(IpsecMb(), reinterpret_cast<const gcm_key_data*>(key.bytes), &context, out, message.data, message.size, nonce, ad.data, ad.size, tag, 16);
    return;
  }
#endif
  crypto_aead_aes256gcm_encrypt_detached_afternm(out, tag, nullptr, message.data, message.size, ad.data, ad.size, nullptr, nonce, SodiumState(key));
}

bool GcmOpen(const GcmKey& key, uint8_t* out, Bytes ciphertext, const uint8_t tag[16], const uint8_t nonce[12], Bytes ad) {
#ifdef HANDFAST_IPSEC_MB
  if (InUse() == Engine::ipsec_mb) {
    gcm_context_data context;
    uint8_t computed[16];
    IMB_AES256_GCM_DEC(IpsecMb(), reinterpret_cast<const gcm_key_data*>(key.bytes), &context, out, ciphertext.data, ciphertext.size, nonce, ad.data, ad.size, computed,
                       16);
    if (crypto_verify_16(computed, tag) == 0) return true;
    // It decrypts before it knows: what it wrote must not be seen, nor the tag that would have been right.
    sodium_memzero(out, ciphertext.size);
    sodium_memzero(computed, sizeof computed);
    return false;
  }
#endif
  if (crypto_aead_aes256gcm_decrypt_detached_afternm(out, nullptr, ciphertext.data, ciphertext.size, tag, ad.data, ad.size, nonce, SodiumState(key)) == 0) return true;
  sodium_memzero(out, ciphertext.size);
  return false;
}

}  // namespace handfast
