// Slots taken, written, released and asked for again in any order: a handle finds its own bytes or nothing.
#include "core/arena.h"

#include <map>

#include "input.h"

using namespace handfast;
using fuzz::Memory;

FUZZ(input) {
  Arena arena(64 * input.ConsumeIntegralInRange<size_t>(1, 4));
  std::map<Handle, uint8_t> live;
  std::vector<Handle> all;
  while (input.remaining_bytes() > 0) {
    const Handle any = all.empty() || input.ConsumeBool() ? input.ConsumeIntegral<uint64_t>() : all[input.ConsumeIntegralInRange<size_t>(0, all.size() - 1)];
    switch (input.ConsumeIntegralInRange<int>(0, 2)) {
      case 0: {
        const size_t size = input.ConsumeIntegralInRange<size_t>(1, 64);
        const Handle handle = arena.Allocate(size);
        if (handle == 0) break;
        HOLDS(handle >= kFirstHandle && handle < (Handle{1} << 52) && live.count(handle) == 0);
        const Bytes slot = arena.At(handle);
        HOLDS(slot.size == size && sodium_is_zero(slot.data, size) == 1);
        live[handle] = input.ConsumeIntegral<uint8_t>();
        std::memset(slot.data, live[handle], size);
        all.push_back(handle);
        break;
      }
      case 1: {
        const Bytes slot = arena.At(any);
        HOLDS((slot.data != nullptr) == (live.count(any) == 1));
        for (size_t i = 0; slot.data != nullptr && i < slot.size; i++) HOLDS(slot.data[i] == live[any]);
        break;
      }
      default: HOLDS(arena.Release(any) == (live.erase(any) == 1));
    }
    HOLDS(arena.Live() == live.size());
  }
}
