#include "core/x25519.h"

#include <sodium.h>

#include <cstring>

#include "core/edwards25519.h"
#include "core/x25519-adx.h"

namespace handfast {

void X25519Public(uint8_t publicKey[32], const uint8_t secretKey[32]) {
  // The Montgomery and the Edwards curve are the same group, and only the latter's addition is complete and can use a table of multiples of the base.
  uint8_t scalar[32];
  std::memcpy(scalar, secretKey, 32);
  scalar[0] &= 248;
  scalar[31] = static_cast<uint8_t>((scalar[31] & 127) | 64);
  // The neutral element is never reached, since a clamped scalar is a multiple of 8 between 2^254 and 8 L.
  EdwardsPoint point;
  EdwardsMultiplyBase(&point, scalar);
  EdwardsEncodeMontgomery(publicKey, point);
  EdwardsWipe(&point);
  sodium_memzero(scalar, sizeof scalar);
}

Fault X25519Shared(uint8_t shared[32], const uint8_t secretKey[32], const uint8_t publicKey[32]) {
  if (X25519AdxAvailable()) {
    X25519Adx(shared, secretKey, publicKey);
    return sodium_is_zero(shared, 32) ? Fault::weak_key : Fault::none;
  }
  if (crypto_scalarmult(shared, secretKey, publicKey) == 0) return Fault::none;
  sodium_memzero(shared, 32);
  return Fault::weak_key;
}

}  // namespace handfast
