#include "lanes/kernels.h"

#include "core/ed25519.h"
#include "core/x25519.h"
#include "lanes/kernels-ifma.h"
#include "lanes/lanes.h"

namespace handfast {
namespace {

#ifdef HANDFAST_IFMA
// The pointers of a full set of lanes: those past `count` repeat the first.
template <class T>
struct Filled {
  T of[kKernelLanes];

  Filled(const T* items, size_t count) {
    for (size_t i = 0; i < kKernelLanes; i++) of[i] = items[i < count ? i : 0];
  }
};
#endif

}  // namespace

bool LanesKernels() {
#ifdef HANDFAST_IFMA
  return LanesInUse() == Lanes::avx512;
#else
  return false;
#endif
}

void X25519PublicLanes(uint8_t* const out[], const uint8_t* const secret[], size_t count) {
  for (size_t i = 0; i < count; i++) X25519Public(out[i], secret[i]);
}

void X25519SharedLanes(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
#ifdef HANDFAST_IFMA
  if (LanesKernels()) {
    X25519SharedIfma(Filled<uint8_t*>(out, count).of, Filled<const uint8_t*>(secret, count).of, Filled<const uint8_t*>(publicKey, count).of, ok, count);
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) ok[i] = X25519Shared(out[i], secret[i], publicKey[i]) == Fault::none;
}

void Ed25519SignLanes(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count) {
  for (size_t i = 0; i < count; i++) Ed25519Sign(signature[i], message[i].data, message[i].size, secretKey[i]);
}

void Ed25519VerifyLanes(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count) {
#ifdef HANDFAST_IFMA
  if (LanesKernels()) {
    Ed25519VerifyIfma(valid, Filled<Bytes>(signature, count).of, Filled<Bytes>(message, count).of, Filled<Bytes>(publicKey, count).of, count);
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) valid[i] = Ed25519Verify(signature[i], message[i], publicKey[i]);
}

}  // namespace handfast
