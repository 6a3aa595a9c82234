// ChaCha20-Poly1305 of one short message at once: the block that its one-time key comes from and the three of its text are the quarters of one register, so that a handshake's messages wait for
// one block's rounds instead of two calls' of a library that is made for long ones. Bytes are those of core/chacha.h, which is what others call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

// Only where LanesInUse() is avx512, for messages of at most so many bytes.
constexpr size_t kLongestShort = 192;

// out has room for the message; it may be where the message is. In constant time but for the lengths.
void ChaChaShortSeal(const uint8_t key[32], uint8_t* out, uint8_t tag[16], Bytes message, const uint8_t nonce[12], Bytes ad);
// False when the tag does not match; nothing is deciphered then, and out is as it was. out may be where the ciphertext is.
bool ChaChaShortOpen(const uint8_t key[32], uint8_t* out, Bytes ciphertext, const uint8_t tag[16], const uint8_t nonce[12], Bytes ad);

}  // namespace handfast
