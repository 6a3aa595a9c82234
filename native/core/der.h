// ECDSA signatures in strict DER (X.690): a sequence of two positive integers, lengths in one byte, nothing padded, nothing behind; 8 to 72 bytes.
#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace handfast {

// r and s as 64 bytes, big-endian; their range is left to the caller. False for any other shape.
bool CompactOfDer(uint8_t compact[64], Bytes der);

}  // namespace handfast
