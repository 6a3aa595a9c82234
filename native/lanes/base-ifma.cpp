#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
//
#include "lanes/kernels-ifma.h"
#include "lanes/public-lanes.h"
#include "lanes/sign-lanes.h"

namespace handfast {

void X25519PublicIfma(uint8_t* const out[8], const uint8_t* const secret[8], size_t count) { X25519PublicTemplate<VectorIfma>(out, secret, count); }

void Ed25519SignIfma(uint8_t* const signature[8], const Bytes message[8], const uint8_t* const secretKey[8], size_t count) {
  HashPart parts[8];
  for (size_t i = 0; i < 8; i++) parts[i] = {message[i].data, message[i].size};
  Ed25519SignTemplate<VectorIfma>(signature, parts, secretKey, count);
}

}  // namespace handfast

#endif
