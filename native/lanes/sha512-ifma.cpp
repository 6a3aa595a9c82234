#ifdef HANDFAST_IFMA

#include "lanes/kernels-ifma.h"
#include "lanes/sha512-lanes.h"

namespace handfast {

void MessageHashIfma(uint8_t hash[][64], const Bytes message[], size_t count) {
  constexpr size_t kLanes = 8;
  for (size_t start = 0; start < count; start += kLanes) {
    HashInput input[kLanes] = {};
    uint8_t out[kLanes][64];
    const size_t now = count - start < kLanes ? count - start : kLanes;
    for (size_t i = 0; i < now; i++) input[i].part[0] = {message[start + i].data, message[start + i].size};
    Sha512Lanes<kLanes>(out, input);
    std::memcpy(hash[start], out, now * sizeof *out);
  }
}

}  // namespace handfast

#endif
