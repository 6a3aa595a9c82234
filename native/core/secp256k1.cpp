#include "core/secp256k1.h"

#include <sodium.h>

#include <cstring>

#include "core/der.h"

#ifdef HANDFAST_SECP256K1
#include <secp256k1.h>
#endif

namespace handfast {

#ifdef HANDFAST_SECP256K1
namespace {

// Called on arguments that break the library's contract, which ours never do; returning makes the call fail instead of ending the process.
void Ignore(const char*, void*) {}

// Shared by all threads, since it is not written after start; never freed, because work on other threads may outlive statics.
const secp256k1_context* Context() {
  static const secp256k1_context* const context = [] {
    secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    secp256k1_context_set_illegal_callback(made, Ignore, nullptr);
    secp256k1_context_set_error_callback(made, Ignore, nullptr);
    // Blinding against side channels.
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    // It fails only when the context cannot sign, which this one can.
    if (!secp256k1_context_randomize(made, seed)) sodium_memzero(seed, sizeof seed);
    sodium_memzero(seed, sizeof seed);
    return made;
  }();
  return context;
}

constexpr uint8_t kOrder[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

// RFC 6979 derives the nonce from the digest modulo n; the library takes the digest as it is. They differ for digests from n upwards only, which are lowered here.
void Reduce(uint8_t out[32], const uint8_t digest[32]) {
  std::memcpy(out, digest, 32);
  if (std::memcmp(digest, kOrder, 32) < 0) return;
  int borrow = 0;
  for (int i = 31; i >= 0; i--) {
    const int difference = digest[i] - kOrder[i] - borrow;
    out[i] = static_cast<uint8_t>(difference);
    borrow = difference < 0;
  }
}

}  // namespace

bool Secp256k1Available() { return true; }

Fault Secp256k1Public(uint8_t publicKey[33], const uint8_t secretKey[32]) {
  secp256k1_pubkey point;
  if (!secp256k1_ec_pubkey_create(Context(), &point, secretKey)) return Fault::bad_key;
  size_t size = 33;
  secp256k1_ec_pubkey_serialize(Context(), publicKey, &size, &point, SECP256K1_EC_COMPRESSED);
  return Fault::none;
}

Fault Secp256k1Sign(uint8_t der[72], size_t* size, const uint8_t digest[32], const uint8_t secretKey[32]) {
  uint8_t reduced[32];
  Reduce(reduced, digest);
  secp256k1_ecdsa_signature signature;
  if (!secp256k1_ecdsa_sign(Context(), &signature, reduced, secretKey, nullptr, nullptr)) return Fault::bad_key;
  *size = 72;
  secp256k1_ecdsa_signature_serialize_der(Context(), der, size, &signature);
  return Fault::none;
}

bool Secp256k1Verify(Bytes der, Bytes digest, Bytes publicKey, bool lowS) {
  if (digest.size != 32) return false;
  // The hybrid forms 06 and 07 are left out on purpose: one key, one meaning.
  if (!Secp256k1IsCompressed(publicKey) && !(publicKey.size == 65 && publicKey.data[0] == 4)) return false;
  uint8_t compact[64];
  if (!CompactOfDer(compact, der)) return false;
  secp256k1_pubkey point;
  if (!secp256k1_ec_pubkey_parse(Context(), &point, publicKey.data, publicKey.size)) return false;
  // Refuses r and s from n upwards; zeros are refused by the verification.
  secp256k1_ecdsa_signature signature;
  if (!secp256k1_ecdsa_signature_parse_compact(Context(), &signature, compact)) return false;
  const bool high = secp256k1_ecdsa_signature_normalize(Context(), &signature, &signature) == 1;
  if (high && lowS) return false;
  return secp256k1_ecdsa_verify(Context(), &signature, digest.data, &point) == 1;
}

void Secp256k1Multiple(uint8_t xy[64], uint8_t times) {
  uint8_t scalar[32] = {}, bytes[65];
  scalar[31] = times;
  secp256k1_pubkey point;
  if (!secp256k1_ec_pubkey_create(Context(), &point, scalar)) return;
  size_t size = sizeof bytes;
  secp256k1_ec_pubkey_serialize(Context(), bytes, &size, &point, SECP256K1_EC_UNCOMPRESSED);
  std::memcpy(xy, bytes + 1, 64);
}

#else

bool Secp256k1Available() { return false; }
Fault Secp256k1Public(uint8_t*, const uint8_t*) { return Fault::unsupported; }
Fault Secp256k1Sign(uint8_t*, size_t*, const uint8_t*, const uint8_t*) { return Fault::unsupported; }
bool Secp256k1Verify(Bytes, Bytes, Bytes, bool) { return false; }
void Secp256k1Multiple(uint8_t[64], uint8_t) {}

#endif

bool Secp256k1IsCompressed(Bytes publicKey) { return publicKey.size == 33 && (publicKey.data[0] == 2 || publicKey.data[0] == 3); }

}  // namespace handfast
