#include "core/ed25519.h"

#include <sodium.h>

#include <cstring>

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

}  // namespace

void Ed25519KeyPair(uint8_t publicKey[32], uint8_t secretKey[64], const uint8_t seed[32]) { crypto_sign_seed_keypair(publicKey, secretKey, seed); }

void Ed25519Sign(uint8_t signature[64], const uint8_t* message, size_t size, const uint8_t secretKey[64]) {
  crypto_sign_detached(signature, nullptr, message, size, secretKey);
}

bool Ed25519Verify(Bytes signature, Bytes message, Bytes publicKey) {
  // libsodium reads 64 bytes whatever it is given, so that the lengths are ours to check; the rest of the rule is what releases 1.0.18 to 1.0.22 do.
  if (signature.size != crypto_sign_BYTES || publicKey.size != crypto_sign_PUBLICKEYBYTES) return false;
  return crypto_sign_verify_detached(signature.data, message.data, message.size, publicKey.data) == 0;
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
