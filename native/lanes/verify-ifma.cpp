#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
//
#include "lanes/kernels-ifma.h"
#include "lanes/verify-lanes.h"

namespace handfast {

void Ed25519VerifyIfma(bool valid[8], const Bytes signature[8], const Bytes message[8], const Bytes publicKey[8], size_t count) {
  VerifyTemplate<VectorIfma>(valid, signature, message, publicKey, count);
}

}  // namespace handfast

#endif
