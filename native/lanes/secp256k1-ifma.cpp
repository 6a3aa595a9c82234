#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
//
#include "lanes/kernels-ifma.h"
#include "lanes/secp256k1-lanes.h"

namespace handfast {

void Secp256k1VerifyIfma(bool valid[], const Bytes signature[], const Bytes digest[], const Bytes publicKey[], size_t count) {
  EcdsaVerifyTemplate<VectorIfma>(valid, signature, digest, publicKey, count);
}

}  // namespace handfast

#endif
