#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
//
#include "lanes/kernels-ifma.h"
#include "lanes/verify-lanes.h"

namespace handfast {

void Ed25519VerifyIfma(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count) {
  VerifyTemplate<VectorIfma>(valid, signature, message, publicKey, count);
}

}  // namespace handfast

#endif
