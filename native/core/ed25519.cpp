#include "core/ed25519.h"

#include <sodium.h>

#include <cstring>

#include "core/edwards25519.h"
#include "core/signature-equation.h"

namespace handfast {
namespace {

// y of the points whose order divides 8; p + 0 and p + 1 need no entry, they are not canonical.
constexpr uint8_t kSmallOrder[5][32] = {
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

bool BelowOrder(const uint8_t scalar[32]) {
  static constexpr uint64_t kOrder[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};
  for (int i = 3; i >= 0; i--) {
    const uint64_t word = LoadLittle64(scalar + 8 * i);
    if (word != kOrder[i]) return word < kOrder[i];
  }
  return false;
}

}  // namespace

void Ed25519KeyPair(uint8_t publicKey[32], uint8_t secretKey[64], const uint8_t seed[32]) { crypto_sign_seed_keypair(publicKey, secretKey, seed); }

void Ed25519Sign(uint8_t signature[64], const uint8_t* message, size_t size, const uint8_t secretKey[64]) {
  // RFC 8032 section 5.1.6, as crypto_sign_detached does it; only the multiple of the base is ours, and so is the time won.
  // The product with the public challenge is secret too: it would give the scalar away. The state of a hash is wiped by its end.
  struct {
    uint8_t expanded[64], wideNonce[64], wideScalar[64], nonce[32], scalar[32], product[32];
    EdwardsPoint point;
  } secret;
  crypto_hash_sha512(secret.expanded, secretKey, 32);
  std::memset(secret.wideScalar, 0, sizeof secret.wideScalar);
  std::memcpy(secret.wideScalar, secret.expanded, 32);
  secret.wideScalar[0] &= 248;
  secret.wideScalar[31] = static_cast<uint8_t>((secret.wideScalar[31] & 127) | 64);
  crypto_core_ed25519_scalar_reduce(secret.scalar, secret.wideScalar);

  crypto_hash_sha512_state hash;
  crypto_hash_sha512_init(&hash);
  crypto_hash_sha512_update(&hash, secret.expanded + 32, 32);
  crypto_hash_sha512_update(&hash, message, size);
  crypto_hash_sha512_final(&hash, secret.wideNonce);
  crypto_core_ed25519_scalar_reduce(secret.nonce, secret.wideNonce);
  uint8_t commitment[32], wideChallenge[64], challenge[32];
  EdwardsMultiplyBase(&secret.point, secret.nonce);
  EdwardsEncode(commitment, secret.point);

  crypto_hash_sha512_init(&hash);
  crypto_hash_sha512_update(&hash, commitment, 32);
  crypto_hash_sha512_update(&hash, secretKey + 32, 32);
  crypto_hash_sha512_update(&hash, message, size);
  crypto_hash_sha512_final(&hash, wideChallenge);
  crypto_core_ed25519_scalar_reduce(challenge, wideChallenge);
  crypto_core_ed25519_scalar_mul(secret.product, challenge, secret.scalar);
  std::memcpy(signature, commitment, 32);
  crypto_core_ed25519_scalar_add(signature + 32, secret.product, secret.nonce);

  EdwardsWipe(&secret.point);
  sodium_memzero(&secret, sizeof secret);
}

bool Ed25519Verify(Bytes signature, Bytes message, Bytes publicKey) {
  if (!Ed25519WorthVerifying(signature, publicKey)) return false;
  const uint8_t *r = signature.data, *s = signature.data + 32;
  // A canonical encoding and its point say the same, x = 0 apart, and both points with it are of small order: so R may be compared as a point.
  EdwardsPoint pointOfA, pointOfR;
  if (!EdwardsDecode(&pointOfA, publicKey.data) || !EdwardsDecode(&pointOfR, r)) return false;
  uint8_t wideChallenge[64], challenge[32];
  crypto_hash_sha512_state hash;
  crypto_hash_sha512_init(&hash);
  crypto_hash_sha512_update(&hash, r, 32);
  crypto_hash_sha512_update(&hash, publicKey.data, 32);
  crypto_hash_sha512_update(&hash, message.data, message.size);
  crypto_hash_sha512_final(&hash, wideChallenge);
  crypto_core_ed25519_scalar_reduce(challenge, wideChallenge);
  return SignatureEquationHolds(pointOfR, pointOfA, s, challenge);
}

bool Ed25519WorthVerifying(Bytes signature, Bytes publicKey) {
  return signature.size == 64 && publicKey.size == 32 && BelowOrder(signature.data + 32) && Ed25519Usable(publicKey.data) && Ed25519Usable(signature.data);
}

bool Ed25519Usable(const uint8_t publicKey[32]) {
  // A public key is public: no need for constant time.
  uint8_t y[32];
  std::memcpy(y, publicKey, 32);
  y[31] &= 0x7f;
  bool below = y[31] < 0x7f || y[0] < 0xed;
  for (int i = 1; i < 31 && !below; i++) below = y[i] < 0xff;
  if (!below) return false;
  for (const auto& small : kSmallOrder) {
    if (std::memcmp(y, small, 32) == 0) return false;
  }
  return true;
}

}  // namespace handfast
