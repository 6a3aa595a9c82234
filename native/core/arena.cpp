#include "core/arena.h"

#include <sodium.h>

namespace handfast {
namespace {

// Small chunks, because the memory a process may lock is often limited to some 64 KiB: what is not used should not take from it.
constexpr size_t kChunkBytes = 12 * 1024;
// After so many uses a slot is retired: its next handle would be one that was given out before.
constexpr uint32_t kLastGeneration = (uint32_t{1} << 20) - 1;

}  // namespace

Arena::Arena(size_t slotSize) : slotSize_(slotSize), slotsPerChunk_(static_cast<uint32_t>(slotSize < kChunkBytes ? kChunkBytes / slotSize : 1)) {}

Arena::~Arena() {
  for (uint8_t* chunk : chunks_) sodium_free(chunk);  // wipes it
}

Handle Arena::Allocate(size_t size) {
  if (size > slotSize_) return 0;
  if (free_.empty() && !Grow()) return 0;
  const uint32_t slot = free_.back();
  free_.pop_back();
  Slot& entry = slots_[slot];
  entry.size = static_cast<uint16_t>(size);
  entry.used = true;
  live_++;
  return static_cast<Handle>(entry.generation) << 32 | slot;
}

Bytes Arena::At(Handle handle) const {
  const uint32_t slot = static_cast<uint32_t>(handle);
  if (slot >= slots_.size()) return {};
  const Slot& entry = slots_[slot];
  if (!entry.used || entry.generation != handle >> 32) return {};
  return {Address(slot), entry.size};
}

bool Arena::Release(Handle handle) {
  const Bytes bytes = At(handle);
  if (!bytes.data) return false;
  sodium_memzero(bytes.data, bytes.size);
  const uint32_t slot = static_cast<uint32_t>(handle);
  Slot& entry = slots_[slot];
  entry.used = false;
  live_--;
  if (entry.generation++ < kLastGeneration) free_.push_back(slot);
  return true;
}

bool Arena::Grow() {
  const size_t size = slotSize_ * slotsPerChunk_;
  auto* chunk = static_cast<uint8_t*>(sodium_malloc(size));
  if (!chunk) return false;
  sodium_memzero(chunk, size);
  const uint32_t first = static_cast<uint32_t>(slots_.size());
  chunks_.push_back(chunk);
  slots_.resize(first + slotsPerChunk_, Slot{1, 0, false});
  for (uint32_t i = slotsPerChunk_; i-- > 0;) free_.push_back(first + i);
  return true;
}

uint8_t* Arena::Address(uint32_t slot) const { return chunks_[slot / slotsPerChunk_] + slotSize_ * (slot % slotsPerChunk_); }

}  // namespace handfast
