// AES-256-GCM with 12-byte nonces and 16-byte tags, by the fastest engine this machine has: ipsec-mb, else libsodium's, both on AES instructions; else none.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/engine.h"

namespace handfast {

// Chosen once, after sodium_init.
Engine GcmEngineInUse();
// For tests: the engine asked for, when it is there. Key schedules made before must not be used after. False: not there, nothing changed.
bool GcmUse(Engine engine);
// An expanded key; of either engine. Hold it in guarded memory, or wipe it.
struct alignas(64) GcmKey {
  uint8_t bytes[1024 + 256];
};

void GcmExpand(GcmKey* expanded, const uint8_t key[32]);
// out has room for the message; it may be where the message is. The tag goes to `tag`.
void GcmSeal(const GcmKey& key, uint8_t* out, uint8_t tag[16], Bytes message, const uint8_t nonce[12], Bytes ad);
// False when the tag does not match; `out` is then zeroed. out may be where the ciphertext is.
bool GcmOpen(const GcmKey& key, uint8_t* out, Bytes ciphertext, const uint8_t tag[16], const uint8_t nonce[12], Bytes ad);

}  // namespace handfast
