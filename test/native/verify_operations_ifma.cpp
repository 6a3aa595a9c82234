#include "verify-operations.h"

#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
#include "lanes/verify-lanes.h"

using Vector = handfast::VectorIfma;

#include "verify-operations.inc"

const VerifyOperations* IfmaVerifyOperations() { return &kOperations; }

#else

const VerifyOperations* IfmaVerifyOperations() { return nullptr; }

#endif
