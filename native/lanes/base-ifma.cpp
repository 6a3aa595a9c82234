#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
//
#include "lanes/kernels-ifma.h"
#include "lanes/public-lanes.h"
#include "lanes/sign-lanes.h"

namespace handfast {

void X25519PublicIfma(uint8_t* const out[], const uint8_t* const secret[], size_t count) {
  X25519PublicTogether<VectorIfma>(out, secret, count);
  VectorIfma::WipeRegisters();
}

void Ed25519SignIfma(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count) {
  Ed25519SignTogether<VectorIfma>(signature, message, secretKey, count);
  VectorIfma::WipeRegisters();
}

}  // namespace handfast

#endif
