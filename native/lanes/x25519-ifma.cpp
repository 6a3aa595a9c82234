#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
//
#include "lanes/kernels-ifma.h"
#include "lanes/x25519-lanes.h"

namespace handfast {

void X25519SharedIfma(uint8_t* const out[8], const uint8_t* const secret[8], const uint8_t* const publicKey[8], bool ok[8], size_t count) {
  X25519SharedTemplate<VectorIfma>(out, secret, publicKey, ok, count);
}

}  // namespace handfast

#endif
