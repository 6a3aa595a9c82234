#include "core/x25519.h"

#include <sodium.h>

#include "core/field25519.h"

namespace handfast {

void X25519Public(uint8_t publicKey[32], const uint8_t secretKey[32]) {
  // libsodium's Montgomery ladder knows no fixed base, but its Edwards multiplication does (tables, constant time). Both curves are the same group: u = (1 + y) / (1 - y).
  // It clamps as X25519 does. Its return value is -1 for an all-zero scalar, though the point is then still computed from the clamped one; the neutral element is never
  // reached, since a clamped scalar is a multiple of 8 below 2^255 < 8 L. So 1 - y is never zero.
  uint8_t point[32];
  (void)crypto_scalarmult_ed25519_base(point, secretKey);
  const Field y = FieldFromBytes(point);  // drops the sign of x
  const Field one = {{1, 0, 0, 0, 0}};
  FieldToBytes(publicKey, FieldMultiply(FieldAdd(one, y), FieldInvert(FieldSubtract(one, y))));
}

Fault X25519Shared(uint8_t shared[32], const uint8_t secretKey[32], const uint8_t publicKey[32]) {
  if (crypto_scalarmult(shared, secretKey, publicKey) == 0) return Fault::none;
  sodium_memzero(shared, 32);
  return Fault::weak_key;
}

}  // namespace handfast
