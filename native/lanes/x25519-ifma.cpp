#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
//
#include "lanes/kernels-ifma.h"
#include "lanes/x25519-lanes.h"

namespace handfast {

void X25519SharedIfma(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
  X25519SharedTogether<VectorIfma>(out, secret, publicKey, ok, count);
  VectorIfma::WipeRegisters();
}

}  // namespace handfast

#endif
