#include "field-operations.h"
#include "lanes/vector-scalar.h"
#include "lanes/invert-lanes.h"

using Vector = handfast::VectorScalar;

#include "field-operations.inc"

const FieldOperations& ScalarOperations() { return kOperations; }
