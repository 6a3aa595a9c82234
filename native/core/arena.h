// Guarded memory for keys: pages of sodium_malloc (locked, excluded from core dumps, between guard pages) cut into slots of one size.
// A slot is known by a handle, slot number and generation, so that a handle used after its release finds nothing instead of another's key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/bytes.h"

namespace handfast {

// A whole number below 2^52, so that it fits a JavaScript number; at least 2^32, so that it is never mistaken for a small integer. 0 is no handle.
using Handle = uint64_t;
constexpr Handle kFirstHandle = Handle{1} << 32;

class Arena {
 public:
  // slotSize: a multiple of 64; slots are aligned to 64 bytes.
  explicit Arena(size_t slotSize);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // A zeroed slot; 0 when the system gives no more guarded memory. size: bytes in use, at most the slot's; nobody writes beyond them, and they are what Release wipes.
  Handle Allocate(size_t size);
  // Where the slot lies and how many of its bytes are in use; data is null for a handle that was released or never given out.
  Bytes At(Handle handle) const;
  // Wipes the slot. False when there is nothing to release.
  bool Release(Handle handle);
  size_t Live() const { return live_; }

 private:
  struct Slot {
    uint32_t generation;
    uint16_t size;
    bool used;
  };
  bool Grow();
  uint8_t* Address(uint32_t slot) const;

  const size_t slotSize_;
  const uint32_t slotsPerChunk_;
  size_t live_ = 0;
  std::vector<uint8_t*> chunks_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace handfast
