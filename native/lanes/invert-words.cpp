#include "lanes/invert-words.h"

#include <sodium.h>

#include "core/bytes.h"
#include "core/field25519.h"

namespace handfast {

void InvertWords(uint64_t words[4]) {
  uint8_t bytes[32];
  for (int i = 0; i < 4; i++) StoreLittle64(bytes + 8 * i, words[i]);
  FieldToBytes(bytes, FieldInvert(FieldFromBytes(bytes)));
  for (int i = 0; i < 4; i++) words[i] = LoadLittle64(bytes + 8 * i);
  sodium_memzero(bytes, sizeof bytes);
}

}  // namespace handfast
