#include "group-operations.h"
#include "lanes/vector-scalar.h"
#include "lanes/public-lanes.h"
#include "lanes/sign-lanes.h"

using Vector = handfast::VectorScalar;

#include "group-operations.inc"

const GroupOperations& ScalarGroup() { return kGroup; }
