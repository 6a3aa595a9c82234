#include "secp256k1-operations.h"

#ifdef HANDFAST_IFMA

#include "lanes/vector-ifma.h"
#include "lanes/secp256k1-lanes.h"

using Vector = handfast::VectorIfma;

#include "secp256k1-operations.inc"

const Secp256k1Operations* IfmaSecp256k1Operations() { return &kOperations; }

#else

const Secp256k1Operations* IfmaSecp256k1Operations() { return nullptr; }

#endif
