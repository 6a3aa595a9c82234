#include "core/arena.h"

#include <cstring>
#include <set>
#include <vector>

#include "check.h"

using namespace handfast;

CASE(StaleHandle, "a handle finds nothing after its release, also when its slot is used again") {
  Arena arena(64);
  const Handle first = arena.Allocate(32);
  CHECK(first >= kFirstHandle);
  CHECK(arena.At(first).size == 32);
  CHECK(arena.Release(first));
  CHECK(arena.At(first).data == nullptr);
  const Handle second = arena.Allocate(32);
  CHECK(static_cast<uint32_t>(second) == static_cast<uint32_t>(first));  // the same slot
  CHECK(second != first);
  CHECK(arena.At(first).data == nullptr);
  CHECK(!arena.Release(first));
  CHECK(arena.At(second).data != nullptr);
  CHECK(arena.Live() == 1);
}

CASE(ForeignHandle, "handles that were never given out find nothing") {
  Arena arena(64);
  for (Handle handle : {Handle{0}, Handle{1}, kFirstHandle, kFirstHandle + 12345, ~Handle{0}}) {
    CHECK(arena.At(handle).data == nullptr);
    CHECK(!arena.Release(handle));
  }
  CHECK(arena.Allocate(65) == 0);
}

CASE(WipedSlot, "a released slot is zero when it is given out again") {
  Arena arena(64);
  for (const size_t used : {size_t{64}, size_t{1}, size_t{32}, size_t{63}}) {
    const Handle first = arena.Allocate(used);
    std::memset(arena.At(first).data, 0xaa, used);
    arena.Release(first);
    const Handle second = arena.Allocate(64);
    CHECK(static_cast<uint32_t>(second) == static_cast<uint32_t>(first));  // the same slot
    const Bytes again = arena.At(second);
    for (size_t i = 0; i < 64; i++) CHECK(again.data[i] == 0);
    arena.Release(second);
  }
}

CASE(ManySlots, "slots of many chunks are apart, aligned and counted") {
  Arena arena(1408);
  std::vector<Handle> handles;
  std::set<uint8_t*> places;
  for (int i = 0; i < 100; i++) {
    handles.push_back(arena.Allocate(1408));
    uint8_t* const data = arena.At(handles.back()).data;
    CHECK(reinterpret_cast<uintptr_t>(data) % 64 == 0);
    std::memset(data, i, 1408);
    places.insert(data);
  }
  CHECK(places.size() == 100);
  CHECK(arena.Live() == 100);
  for (int i = 0; i < 100; i++) {
    const Bytes bytes = arena.At(handles[i]);
    CHECK(bytes.data[0] == i && bytes.data[1407] == i);
    CHECK(arena.Release(handles[i]));
  }
  CHECK(arena.Live() == 0);
}

CASE(WornSlot, "a slot whose handles are all used up is not given out any more") {
  Arena arena(64);
  const Handle first = arena.Allocate(1);
  const uint32_t slot = static_cast<uint32_t>(first);
  arena.Release(first);
  Handle last = first;
  for (uint32_t i = 0; i < (1u << 20) + 10; i++) {
    const Handle handle = arena.Allocate(1);
    if (static_cast<uint32_t>(handle) == slot) CHECK(handle > last);
    last = handle > last ? handle : last;
    CHECK(handle < (uint64_t{1} << 52));
    arena.Release(handle);
  }
  CHECK(static_cast<uint32_t>(arena.Allocate(1)) != slot);
}
