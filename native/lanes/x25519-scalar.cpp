#include "lanes/x25519-scalar.h"

#include "lanes/vector-scalar.h"
#include "lanes/x25519-lanes.h"

namespace handfast {

void X25519SharedScalar(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
  X25519SharedTogether<VectorScalar>(out, secret, publicKey, ok, count);
}

}  // namespace handfast
