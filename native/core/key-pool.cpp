#include "core/key-pool.h"

#include <sodium.h>

#include <chrono>
#include <cstring>
#ifndef _WIN32
#include <unistd.h>
#endif

#include "core/x25519.h"
#include "lanes/kernels.h"

namespace handfast {
namespace {

constexpr int64_t kKeptMs = 1000;

// A process that was forked has the keys of the one it came from.
int64_t Process() {
#ifdef _WIN32
  return 0;
#else
  return getpid();
#endif
}

}  // namespace

Handle KeyPool::Take(uint8_t publicKey[32], int64_t now) {
  if (expected_ == 0) DropWhatIsStale(now);
  while (waiting_ > 0 && !arena_.At(secret_[waiting_ - 1]).data) waiting_--;
  if (waiting_ == 0) {
    if (!LanesKernels()) return MakeOne(publicKey);
    filledAt_ = now;
    process_ = Process();
    Fill();
    if (waiting_ == 0) return 0;
  }
  waiting_--;
  if (expected_ > 0) expected_--;
  std::memcpy(publicKey, public_[waiting_], 32);
  return secret_[waiting_];
}

void KeyPool::Expect(size_t count, int64_t now) {
  DropWhatIsStale(now);
  expected_ = count;
  expectedAt_ = now;
}

void KeyPool::DropWhatIsStale(int64_t now) {
  if (waiting_ > 0 && (now - filledAt_ > kKeptMs || process_ != Process() || !LanesKernels())) Drop();
}

size_t KeyPool::Waiting() const {
  size_t alive = 0;
  for (size_t i = 0; i < waiting_; i++) alive += arena_.At(secret_[i]).data != nullptr;
  return alive;
}

void KeyPool::Drop() {
  while (waiting_ > 0) arena_.Release(secret_[--waiting_]);
}

int64_t KeyPool::Now() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Handle KeyPool::MakeOne(uint8_t publicKey[32]) {
  const Handle handle = arena_.Allocate(32);
  if (handle == 0) return 0;
  uint8_t* secret = arena_.At(handle).data;
  randombytes_buf(secret, 32);
  X25519Public(publicKey, secret);
  return handle;
}

void KeyPool::Fill() {
  // Whole sets of lanes.
  const size_t wanted = (expected_ + kKernelLanes - 1) / kKernelLanes * kKernelLanes, size = wanted < kKernelLanes ? kKernelLanes : wanted < kSize ? wanted : kSize;
  static_assert(kSize % kKernelLanes == 0, "they are filled in whole sets");
  uint8_t* out[kSize];
  const uint8_t* secret[kSize];
  // One question to the system's generator, which costs more than the bytes do.
  uint8_t scalars[kSize][32];
  randombytes_buf(scalars, 32 * size);
  while (waiting_ < size) {
    const Handle handle = arena_.Allocate(32);
    if (handle == 0) break;
    uint8_t* slot = arena_.At(handle).data;
    std::memcpy(slot, scalars[waiting_], 32);
    secret[waiting_] = slot;
    out[waiting_] = public_[waiting_];
    secret_[waiting_++] = handle;
  }
  sodium_memzero(scalars, 32 * size);
  if (waiting_ > 0) X25519PublicLanes(out, secret, waiting_);
}

}  // namespace handfast
