#include "lanes/lanes.h"

#include <atomic>

namespace handfast {
namespace {

Lanes Find() {
#ifdef HANDFAST_LANES
  // The compiler's own check also asks whether the system saves the registers.
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("bmi2")) {
    return Lanes::avx512;
  }
  if (__builtin_cpu_supports("avx2")) return Lanes::avx2;
#endif
  return Lanes::off;
}

std::atomic<Lanes>& InUse() {
  static std::atomic<Lanes> lanes{LanesThere()};
  return lanes;
}

}  // namespace

Lanes LanesThere() {
  static const Lanes there = Find();
  return there;
}

Lanes LanesInUse() { return InUse().load(std::memory_order_relaxed); }

bool LanesUse(Lanes lanes) {
  if (lanes > LanesThere()) return false;
  InUse().store(lanes, std::memory_order_relaxed);
  return true;
}

}  // namespace handfast
