#include "field-operations.h"

#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
#include "lanes/invert-lanes.h"

using Vector = handfast::VectorIfma;

#include "field-operations.inc"

const FieldOperations* IfmaOperations() { return &kOperations; }

#else

const FieldOperations* IfmaOperations() { return nullptr; }

#endif
