// ChaCha20-Poly1305 of RFC 8439 with 12-byte nonces and 16-byte tags: ipsec-mb where it runs (up to three times as fast), else libsodium; what is short by lanes/chacha-short.h where the
// processor has AVX-512.
#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/engine.h"

namespace handfast {

// Chosen once; never none.
Engine ChaChaEngineInUse();
// For tests: the engine asked for, when it is there. False: not there, nothing changed.
bool ChaChaUse(Engine engine);

// out has room for the message; it may be where the message is. The tag goes to `tag`.
void ChaChaSeal(const uint8_t key[32], uint8_t* out, uint8_t tag[16], Bytes message, const uint8_t nonce[12], Bytes ad);
// False when the tag does not match; `out` is then zeroed. out may be where the ciphertext is.
bool ChaChaOpen(const uint8_t key[32], uint8_t* out, Bytes ciphertext, const uint8_t tag[16], const uint8_t nonce[12], Bytes ad);

}  // namespace handfast
