#include "core/frames.h"

#include <sodium.h>

#include <cstring>

#include "core/chacha.h"

namespace handfast {
namespace {

inline uint32_t ReadLength(const uint8_t* at, size_t bytes) {
  if (bytes == 2) return static_cast<uint32_t>(at[0]) << 8 | at[1];
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 | static_cast<uint32_t>(at[2]) << 8 | at[3];
}

inline void WriteLength(uint8_t* at, size_t bytes, uint32_t length) {
  for (size_t i = bytes; i-- > 0; length >>= 8) at[i] = static_cast<uint8_t>(length);
}

// The first multiple of `every`, but not 0, that is at least `counter`; the end of all counters when there is none.
uint64_t FirstRekey(uint64_t every, uint64_t counter) {
  if (every == 0) return UINT64_MAX;
  if (counter == 0) return every;
  const uint64_t past = counter % every;
  if (past == 0) return counter;
  const uint64_t ahead = every - past;
  return counter > UINT64_MAX - ahead ? UINT64_MAX : counter + ahead;
}

}  // namespace

FrameCipher::FrameCipher(AeadName suite, const uint8_t key[32], Framing framing, uint64_t counter)
    : counter_(counter), rekeyAt_(FirstRekey(framing.rekeyEvery, counter)), framing_(framing), suite_(suite) {
  SetKey(key);
}

FrameCipher::~FrameCipher() {
  sodium_memzero(&schedule_, sizeof schedule_);
  sodium_memzero(key_, sizeof key_);
}

Fault FrameCipher::SealMany(Bytes slab, const uint32_t* entries, size_t count) {
  const size_t head = framing_.lengthBytes;
  const size_t most = head == 2 ? 0xffff - kTagBytes : 0xffffffff - kTagBytes;
  for (size_t i = 0; i < count; i++) {
    const size_t offset = entries[2 * i], size = entries[2 * i + 1];
    if (size < 1 || size > most || offset < head || offset > slab.size || slab.size - offset < size + kTagBytes) return Fault::bad_argument;
  }
  if (count > kEnd - counter_) return Fault::nonce_spent;

  for (size_t i = 0; i < count; i++) {
    RekeyIfDue();
    uint8_t* message = slab.data + entries[2 * i];
    const size_t size = entries[2 * i + 1];
    WriteLength(message - head, head, static_cast<uint32_t>(size + kTagBytes));
    uint8_t nonce[12];
    Nonce(nonce, counter_);
    SealOne(message, size, nonce, framing_.lengthIsAd ? Bytes{message - head, head} : Bytes{});
    counter_++;
  }
  return Fault::none;
}

size_t FrameCipher::OpenMany(Bytes slab, size_t start, size_t end, uint32_t* entries, size_t capacity, uint32_t maxLength, Outcome* outcome) {
  const size_t head = framing_.lengthBytes;
  size_t at = start, count = 0;
  const auto stop = [&](Stop why, uint32_t declared) {
    *outcome = {why, at, declared};
    return count;
  };
  for (;;) {
    if (end - at < head) return stop(Stop::short_, 0);
    const uint32_t length = ReadLength(slab.data + at, head);
    if (length > maxLength) return stop(Stop::too_large, length);
    if (length < kTagBytes + 1) return stop(Stop::malformed, length);
    if (end - at - head < length) return stop(Stop::short_, length);
    if (count == capacity) return stop(Stop::full, length);
    if (counter_ == kEnd) return stop(Stop::nonce_spent, length);
    RekeyIfDue();
    uint8_t nonce[12];
    Nonce(nonce, counter_);
    uint8_t* sealed = slab.data + at + head;
    if (!OpenOne(sealed, length, nonce, framing_.lengthIsAd ? Bytes{slab.data + at, head} : Bytes{})) {
      sodium_memzero(slab.data + at, head + length);
      return stop(Stop::bad_tag, length);
    }
    counter_++;
    entries[2 * count] = static_cast<uint32_t>(at + head);
    entries[2 * count + 1] = length - static_cast<uint32_t>(kTagBytes);
    count++;
    at += head + length;
  }
}

void FrameCipher::SetKey(const uint8_t key[32]) {
  if (suite_ == AeadName::aes_256_gcm) {
    GcmExpand(&schedule_, key);
  }
  std::memmove(key_, key, 32);
}

void FrameCipher::RekeyIfDue() {
  if (counter_ != rekeyAt_) return;
  uint8_t nonce[12], fresh[32 + kTagBytes] = {0};
  Nonce(nonce, UINT64_MAX);
  SealOne(fresh, 32, nonce, {});
  SetKey(fresh);
  sodium_memzero(fresh, sizeof fresh);
  rekeyAt_ = rekeyAt_ > UINT64_MAX - framing_.rekeyEvery ? UINT64_MAX : rekeyAt_ + framing_.rekeyEvery;
}

inline void FrameCipher::Nonce(uint8_t nonce[12], uint64_t counter) const {
  std::memset(nonce, 0, 4);
  if (suite_ == AeadName::aes_256_gcm) {
    StoreBig64(nonce + 4, counter);
  } else {
    StoreLittle64(nonce + 4, counter);
  }
}

inline void FrameCipher::SealOne(uint8_t* message, size_t size, const uint8_t nonce[12], Bytes ad) {
  if (suite_ == AeadName::aes_256_gcm) {
    GcmSeal(schedule_, message, message + size, {message, size}, nonce, ad);
  } else {
    ChaChaSeal(key_, message, message + size, {message, size}, nonce, ad);
  }
}

inline bool FrameCipher::OpenOne(uint8_t* sealed, size_t size, const uint8_t nonce[12], Bytes ad) {
  const size_t text = size - kTagBytes;
  if (suite_ == AeadName::aes_256_gcm) return GcmOpen(schedule_, sealed, {sealed, text}, sealed + text, nonce, ad);
  return ChaChaOpen(key_, sealed, {sealed, text}, sealed + text, nonce, ad);
}

}  // namespace handfast
