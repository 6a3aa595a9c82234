// The lanes' ladder over a single word: slow, for checking its text where AVX-512 is not to be had, and by valgrind, which cannot run it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

// As X25519SharedIfma, of at most 8 items.
void X25519SharedScalar(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count);

}  // namespace handfast
