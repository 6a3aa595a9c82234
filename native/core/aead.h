// Single messages: ChaCha20-Poly1305 (RFC 8439), XChaCha20-Poly1305, AES-256-GCM. Keys of 32 bytes, the 16-byte tag comes last.
#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/fault.h"

namespace handfast {

enum class AeadName : uint8_t { chacha20_poly1305 = 0, aes_256_gcm = 1, xchacha20_poly1305 = 2 };

constexpr size_t kTagBytes = 16;
inline size_t NonceBytes(AeadName name) { return name == AeadName::xchacha20_poly1305 ? 24 : 12; }

// out: message.size + 16 bytes; may begin where the message begins. unsupported: AES without instructions for it.
Fault AeadSeal(AeadName name, uint8_t* out, const uint8_t key[32], const uint8_t* nonce, Bytes message, Bytes ad);
// out: sealed.size - 16 bytes; may begin where sealed begins. On bad_tag it is zeroed.
Fault AeadOpen(AeadName name, uint8_t* out, const uint8_t key[32], const uint8_t* nonce, Bytes sealed, Bytes ad);

}  // namespace handfast
