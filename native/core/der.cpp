#include "core/der.h"

#include <cstring>

namespace handfast {
namespace {

// Reads the integer at `at` into 32 bytes; returns where it ends, 0 when it is not a positive minimal one of at most 256 bits.
size_t ReadInteger(uint8_t out[32], Bytes der, size_t at) {
  if (at + 2 > der.size || der.data[at] != 0x02) return 0;
  const size_t length = der.data[at + 1];
  size_t from = at + 2;
  const size_t end = from + length;
  if (length == 0 || length > 33 || end > der.size) return 0;
  if (der.data[from] & 0x80) return 0;  // negative
  if (der.data[from] == 0 && length > 1) {
    // A leading zero is there exactly when the number would else be negative.
    if (!(der.data[from + 1] & 0x80)) return 0;
    from++;
  }
  if (end - from > 32) return 0;
  std::memset(out, 0, 32);
  std::memcpy(out + 32 - (end - from), der.data + from, end - from);
  return end;
}

}  // namespace

bool CompactOfDer(uint8_t compact[64], Bytes der) {
  if (der.size < 8 || der.size > 72) return false;
  if (der.data[0] != 0x30 || der.data[1] != der.size - 2) return false;
  const size_t next = ReadInteger(compact, der, 2);
  return next != 0 && ReadInteger(compact + 32, der, next) == der.size;
}

}  // namespace handfast
