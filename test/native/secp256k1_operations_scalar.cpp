#include "secp256k1-operations.h"
#include "lanes/vector-scalar.h"
#include "lanes/secp256k1-lanes.h"

using Vector = handfast::VectorScalar;

#include "secp256k1-operations.inc"

const Secp256k1Operations& ScalarSecp256k1Operations() { return kOperations; }
