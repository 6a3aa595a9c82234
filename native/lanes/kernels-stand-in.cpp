// Stands in for the kernels until they are there: the same answers, one after another.
#include "core/ed25519.h"
#include "core/x25519.h"
#include "lanes/kernels.h"
#include "lanes/lanes.h"

namespace handfast {

bool LanesKernels() { return LanesInUse() == Lanes::avx512; }

void X25519PublicLanes(uint8_t* const out[], const uint8_t* const secret[], size_t count) {
  for (size_t i = 0; i < count; i++) X25519Public(out[i], secret[i]);
}

void X25519SharedLanes(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
  for (size_t i = 0; i < count; i++) ok[i] = X25519Shared(out[i], secret[i], publicKey[i]) == Fault::none;
}

void Ed25519SignLanes(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count) {
  for (size_t i = 0; i < count; i++) Ed25519Sign(signature[i], message[i].data, message[i].size, secretKey[i]);
}

void Ed25519VerifyLanes(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count) {
  for (size_t i = 0; i < count; i++) valid[i] = Ed25519Verify(signature[i], message[i], publicKey[i]);
}

}  // namespace handfast
