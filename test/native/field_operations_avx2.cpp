#include "field-operations.h"

#ifdef HANDFAST_AVX2

#include "lanes/field-avx2.h"
//
#include "lanes/invert-lanes.h"

using Vector = handfast::VectorAvx2;

#include "field-operations.inc"

const FieldOperations* Avx2Operations() { return &kOperations; }

#else

const FieldOperations* Avx2Operations() { return nullptr; }

#endif
