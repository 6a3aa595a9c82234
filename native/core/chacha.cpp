#include "core/chacha.h"

#include <sodium.h>

#include <cstring>

#include "core/ipsec-mb.h"
#include "lanes/chacha-short.h"
#include "lanes/lanes.h"

namespace handfast {
namespace {

bool Available(Engine engine) {
#ifdef HANDFAST_IPSEC_MB
  if (engine == Engine::ipsec_mb) return IpsecMb() != nullptr;
#endif
  return engine == Engine::sodium;
}

Engine& InUse() {
  static Engine engine = Available(Engine::ipsec_mb) ? Engine::ipsec_mb : Engine::sodium;
  return engine;
}

#ifdef HANDFAST_IPSEC_MB
// Without AVX-512, ipsec-mb (1.3) loads the key's second half as 32 bytes: 16 more than there are, a crash where memory ends with the key. Zeros follow this copy.
class RoomyKey {
 public:
  explicit RoomyKey(const uint8_t key[32]) { std::memcpy(bytes_, key, 32); }
  ~RoomyKey() { sodium_memzero(bytes_, 32); }
  RoomyKey(const RoomyKey&) = delete;
  RoomyKey& operator=(const RoomyKey&) = delete;
  const uint8_t* get() const { return bytes_; }

 private:
  alignas(64) uint8_t bytes_[64] = {};
};
#endif

bool IsShort(size_t size) { return size <= kLongestShort && LanesInUse() == Lanes::avx512; }

}  // namespace

Engine ChaChaEngineInUse() { return InUse(); }

bool ChaChaUse(Engine engine) {
  if (!Available(engine)) return false;
  InUse() = engine;
  return true;
}

void ChaChaSeal(const uint8_t key[32], uint8_t* out, uint8_t tag[16], Bytes message, const uint8_t nonce[12], Bytes ad) {
  if (IsShort(message.size)) return ChaChaShortSeal(key, out, tag, message, nonce, ad);
#ifdef HANDFAST_IPSEC_MB
  if (InUse() == Engine::ipsec_mb) {
    const IMB_MGR* const manager = IpsecMb();
    const RoomyKey roomy(key);
    chacha20_poly1305_context_data context;
    IMB_CHACHA20_POLY1305_INIT(manager, roomy.get(), &context, nonce, ad.data, ad.size);
    IMB_CHACHA20_POLY1305_ENC_UPDATE(manager, roomy.get(), &context, out, message.data, message.size);
    IMB_CHACHA20_POLY1305_ENC_FINALIZE(manager, &context, tag, 16);
    sodium_memzero(&context, sizeof context);  // the key of the tag, and a block of key stream
    return;
  }
#endif
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, tag, nullptr, message.data, message.size, ad.data, ad.size, nullptr, nonce, key);
}

bool ChaChaOpen(const uint8_t key[32], uint8_t* out, Bytes ciphertext, const uint8_t tag[16], const uint8_t nonce[12], Bytes ad) {
  if (IsShort(ciphertext.size)) {
    if (ChaChaShortOpen(key, out, ciphertext, tag, nonce, ad)) return true;
    sodium_memzero(out, ciphertext.size);
    return false;
  }
#ifdef HANDFAST_IPSEC_MB
  if (InUse() == Engine::ipsec_mb) {
    const IMB_MGR* const manager = IpsecMb();
    const RoomyKey roomy(key);
    chacha20_poly1305_context_data context;
    uint8_t computed[16];
    IMB_CHACHA20_POLY1305_INIT(manager, roomy.get(), &context, nonce, ad.data, ad.size);
    IMB_CHACHA20_POLY1305_DEC_UPDATE(manager, roomy.get(), &context, out, ciphertext.data, ciphertext.size);
    IMB_CHACHA20_POLY1305_DEC_FINALIZE(manager, &context, computed, 16);
    sodium_memzero(&context, sizeof context);
    if (crypto_verify_16(computed, tag) == 0) return true;
    // It decrypts before it knows: what it wrote must not be seen, nor the tag that would have been right.
    sodium_memzero(out, ciphertext.size);
    sodium_memzero(computed, sizeof computed);
    return false;
  }
#endif
  if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(out, nullptr, ciphertext.data, ciphertext.size, tag, ad.data, ad.size, nonce, key) == 0) return true;
  sodium_memzero(out, ciphertext.size);
  return false;
}

}  // namespace handfast
