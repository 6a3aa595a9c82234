#include "verify-operations.h"
#include "lanes/vector-scalar.h"
#include "lanes/verify-lanes.h"

using Vector = handfast::VectorScalar;

#include "verify-operations.inc"

const VerifyOperations& ScalarVerifyOperations() { return kOperations; }
