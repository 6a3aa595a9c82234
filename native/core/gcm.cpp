#include "core/gcm.h"

#include <sodium.h>

#ifdef HANDFAST_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

namespace handfast {
namespace {

#ifdef HANDFAST_IPSEC_MB
static_assert(sizeof(gcm_key_data) <= sizeof(GcmKey), "GcmKey must hold the schedule of ipsec-mb");
static_assert(alignof(gcm_key_data) <= alignof(GcmKey), "GcmKey must be aligned for ipsec-mb");

// Only the function pointers are used; the manager itself is never written after start, so that all threads may share it. Never freed: work on other threads may outlive statics.
const IMB_MGR* Manager() {
  static const IMB_MGR* const manager = [] {
    IMB_MGR* made = alloc_mb_mgr(0);
    if (!made) return static_cast<IMB_MGR*>(nullptr);
    IMB_ARCH arch = IMB_ARCH_NONE;
    init_mb_mgr_auto(made, &arch);
    const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    const bool emulated = (made->features & IMB_FEATURE_AESNI_EMU) != 0 && arch == IMB_ARCH_NOAESNI;
    if (arch == IMB_ARCH_NONE || emulated || (made->features & needed) != needed) {
      free_mb_mgr(made);
      made = nullptr;
    }
    return made;
  }();
  return manager;
}
#endif

bool Available(GcmEngine engine) {
#ifdef HANDFAST_IPSEC_MB
  if (engine == GcmEngine::ipsec_mb) return Manager() != nullptr;
#endif
  if (engine == GcmEngine::sodium) return crypto_aead_aes256gcm_is_available() == 1;
  return engine == GcmEngine::none;
}

GcmEngine& Engine() {
  static GcmEngine engine = Available(GcmEngine::ipsec_mb) ? GcmEngine::ipsec_mb : Available(GcmEngine::sodium) ? GcmEngine::sodium : GcmEngine::none;
  return engine;
}

const crypto_aead_aes256gcm_state* SodiumState(const GcmKey& key) { return reinterpret_cast<const crypto_aead_aes256gcm_state*>(key.bytes); }

}  // namespace

GcmEngine GcmEngineInUse() { return Engine(); }

bool GcmUse(GcmEngine engine) {
  if (!Available(engine)) return false;
  Engine() = engine;
  return true;
}

const char* IpsecMbVersion() {
#ifdef HANDFAST_IPSEC_MB
  return IMB_VERSION_STR;
#else
  return "";
#endif
}

void GcmExpand(GcmKey* expanded, const uint8_t key[32]) {
#ifdef HANDFAST_IPSEC_MB
  if (Engine() == GcmEngine::ipsec_mb) {
    IMB_AES256_GCM_PRE(Manager(), key, reinterpret_cast<gcm_key_data*>(expanded->bytes));
    return;
  }
#endif
  crypto_aead_aes256gcm_beforenm(reinterpret_cast<crypto_aead_aes256gcm_state*>(expanded->bytes), key);
}

void GcmSeal(const GcmKey& key, uint8_t* out, uint8_t tag[16], Bytes message, const uint8_t nonce[12], Bytes ad) {
#ifdef HANDFAST_IPSEC_MB
  if (Engine() == GcmEngine::ipsec_mb) {
    gcm_context_data context;
    IMB_AES256_GCM_ENC(Manager(), reinterpret_cast<const gcm_key_data*>(key.bytes), &context, out, message.data, message.size, nonce, ad.data, ad.size, tag, 16);
    return;
  }
#endif
  crypto_aead_aes256gcm_encrypt_detached_afternm(out, tag, nullptr, message.data, message.size, ad.data, ad.size, nullptr, nonce, SodiumState(key));
}

bool GcmOpen(const GcmKey& key, uint8_t* out, Bytes ciphertext, const uint8_t tag[16], const uint8_t nonce[12], Bytes ad) {
#ifdef HANDFAST_IPSEC_MB
  if (Engine() == GcmEngine::ipsec_mb) {
    gcm_context_data context;
    uint8_t computed[16];
    IMB_AES256_GCM_DEC(Manager(), reinterpret_cast<const gcm_key_data*>(key.bytes), &context, out, ciphertext.data, ciphertext.size, nonce, ad.data, ad.size, computed,
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
