#include "group-operations.h"

#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
#include "lanes/public-lanes.h"
#include "lanes/sign-lanes.h"

using Vector = handfast::VectorIfma;

#include "group-operations.inc"

const GroupOperations* IfmaGroup() { return &kGroup; }

#else

const GroupOperations* IfmaGroup() { return nullptr; }

#endif
