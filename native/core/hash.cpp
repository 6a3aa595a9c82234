#include "core/hash.h"

#include <sodium.h>

#include <cstring>

#include "core/blake2b.h"
#include "lanes/blake2b-avx512.h"
#include "lanes/lanes.h"

namespace handfast {

namespace {

// libsodium wants an address of a key of no bytes too.
const uint8_t* KeyAt(Bytes key) {
  static const uint8_t nothing = 0;
  return key.data != nullptr ? key.data : &nothing;
}

}  // namespace

void Blake2b(Bytes out, const Bytes* parts, size_t count, Bytes key, const uint8_t* salt, const uint8_t* personal) {
  Blake2bState state(out.size, key, salt, personal);
  for (size_t i = 0; i < count; i++) state.Add(parts[i]);
  state.End(out.data);
}

void Kdf(uint8_t out[32], const uint8_t key[32], uint64_t id, const uint8_t context[8]) {
  uint8_t salt[16] = {0}, personal[16] = {0};
  StoreLittle64(salt, id);
  std::memcpy(personal, context, 8);
  Blake2bState(32, {const_cast<uint8_t*>(key), 32}, salt, personal).End(out);
}

void KdfMany(uint8_t* const out[], const uint8_t key[32], const uint64_t id[], size_t count, const uint8_t context[8]) {
  size_t done = 0;
  // Lanes that are left over derive the first one's key again.
  while (count - done > 1 && LanesInUse() == Lanes::avx512) {
    uint8_t* places[kKdfLanes];
    uint64_t ids[kKdfLanes];
    const size_t now = count - done < kKdfLanes ? count - done : kKdfLanes;
    for (size_t lane = 0; lane < kKdfLanes; lane++) {
      places[lane] = out[done + (lane < now ? lane : 0)];
      ids[lane] = id[done + (lane < now ? lane : 0)];
    }
    KdfAvx512(places, key, ids, context);
    done += now;
  }
  for (; done < count; done++) Kdf(out[done], key, id[done], context);
}

void Sha256(uint8_t out[32], Bytes message) { crypto_hash_sha256(out, message.data, message.size); }

void Sha512(uint8_t out[64], Bytes message) { crypto_hash_sha512(out, message.data, message.size); }

void HmacSha256(uint8_t out[32], Bytes key, Bytes message) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, KeyAt(key), key.size);
  crypto_auth_hmacsha256_update(&state, message.data, message.size);
  crypto_auth_hmacsha256_final(&state, out);
  sodium_memzero(&state, sizeof state);
}

void HmacSha512(uint8_t out[64], Bytes key, Bytes message) {
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, KeyAt(key), key.size);
  crypto_auth_hmacsha512_update(&state, message.data, message.size);
  crypto_auth_hmacsha512_final(&state, out);
  sodium_memzero(&state, sizeof state);
}

void HkdfSha256(Bytes out, Bytes ikm, Bytes salt, Bytes info) {
  uint8_t prk[32], block[32];
  HmacSha256(prk, salt, ikm);
  uint8_t index = 0;
  for (size_t done = 0; done < out.size;) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, prk, sizeof prk);
    if (index > 0) crypto_auth_hmacsha256_update(&state, block, sizeof block);
    crypto_auth_hmacsha256_update(&state, info.data, info.size);
    index++;
    crypto_auth_hmacsha256_update(&state, &index, 1);
    crypto_auth_hmacsha256_final(&state, block);
    sodium_memzero(&state, sizeof state);
    const size_t take = out.size - done < sizeof block ? out.size - done : sizeof block;
    std::memcpy(out.data + done, block, take);
    done += take;
  }
  sodium_memzero(prk, sizeof prk);
  sodium_memzero(block, sizeof block);
}

}  // namespace handfast
