#include "core/frames.h"

#include <sodium.h>

#include <cstring>

#include "core/chacha-records.h"
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

// What is worked on together should fit the nearest cache, since text and tags are two passes over it.
constexpr size_t kRunBytes = 32 * 1024;

}  // namespace

// Messages one behind the other, under one key.
struct FrameCipher::Run {
  ChaChaRecord records[kMostRecords];
  size_t count = 0, bytes = 0, longest = 0;

  bool Takes(size_t size) const { return count == 0 || (count < kMostRecords && size <= kLongestRecord && longest <= kLongestRecord && bytes + size <= kRunBytes); }

  void Add(uint8_t* text, size_t size, uint64_t number) {
    records[count++] = {text, size, number};
    bytes += size;
    longest = size > longest ? size : longest;
  }
};

FrameCipher::FrameCipher(AeadName suite, const uint8_t key[32], Framing framing, uint64_t counter)
    : counter_(counter), rekeyAt_(FirstRekey(framing.rekeyEvery, counter)), framing_(framing), suite_(suite) {
  SetKey(key);
}

FrameCipher::~FrameCipher() {
  if (suite_ == AeadName::aes_256_gcm) sodium_memzero(&schedule_, sizeof schedule_);
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

  for (size_t i = 0; i < count;) {
    RekeyIfDue();
    // Messages that lie behind one another without a byte in common give the same together as one after the other.
    Run run;
    const uint64_t most = rekeyAt_ - counter_;
    for (size_t end = 0; i < count && run.count < most && run.Takes(entries[2 * i + 1]) && entries[2 * i] - head >= end; i++) {
      uint8_t* message = slab.data + entries[2 * i];
      const size_t size = entries[2 * i + 1];
      WriteLength(message - head, head, static_cast<uint32_t>(size + kTagBytes));
      run.Add(message, size, counter_ + run.count);
      end = entries[2 * i] + size + kTagBytes;
    }
    if (Together(run)) {
      ChaChaSealRecords(key_, run.records, run.count, framing_.lengthIsAd ? head : 0);
    } else {
      for (size_t j = 0; j < run.count; j++) SealOne(run.records[j]);
    }
    counter_ += run.count;
  }
  return Fault::none;
}

size_t FrameCipher::OpenMany(Bytes slab, size_t start, size_t end, uint32_t* entries, size_t capacity, uint32_t maxLength, Outcome* outcome) {
  const size_t head = framing_.lengthBytes;
  size_t at = start, count = 0;
  for (;;) {
    // The next whole frames under one key are read ahead; why there are no more of them counts when they all have opened.
    Run run;
    uint64_t most = 1;
    Stop why = Stop::short_;
    uint32_t length = 0;
    for (size_t next = at; run.count < most; next += head + length) {
      length = 0;
      why = Stop::short_;
      if (end - next < head) break;
      length = ReadLength(slab.data + next, head);
      why = length > maxLength ? Stop::too_large : Stop::malformed;
      if (length > maxLength || length < kTagBytes + 1) break;
      why = Stop::short_;
      if (end - next - head < length) break;
      why = count + run.count == capacity ? Stop::full : Stop::nonce_spent;
      if (count + run.count == capacity || counter_ + run.count == kEnd) break;
      if (run.count == 0) {
        RekeyIfDue();
        most = rekeyAt_ - counter_;
      }
      if (!run.Takes(length - kTagBytes)) break;
      run.Add(slab.data + next + head, length - kTagBytes, counter_ + run.count);
    }
    if (run.count == 0) {
      *outcome = {why, at, length};
      return count;
    }
    size_t opened = 0;
    if (Together(run)) {
      opened = ChaChaOpenRecords(key_, run.records, run.count, framing_.lengthIsAd ? head : 0);
    } else {
      while (opened < run.count && OpenOne(run.records[opened])) opened++;
    }
    counter_ += opened;
    for (size_t i = 0; i < opened; i++, count++) {
      entries[2 * count] = static_cast<uint32_t>(run.records[i].text - slab.data);
      entries[2 * count + 1] = static_cast<uint32_t>(run.records[i].size);
      at += head + run.records[i].size + kTagBytes;
    }
    if (opened < run.count) {
      const size_t sealed = run.records[opened].size + kTagBytes;
      sodium_memzero(slab.data + at, head + sealed);
      *outcome = {Stop::bad_tag, at, static_cast<uint32_t>(sealed)};
      return count;
    }
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
  if (suite_ == AeadName::aes_256_gcm) {
    GcmSeal(schedule_, fresh, fresh + 32, {fresh, 32}, nonce, {});
  } else {
    ChaChaSeal(key_, fresh, fresh + 32, {fresh, 32}, nonce, {});
  }
  SetKey(fresh);
  sodium_memzero(fresh, sizeof fresh);
  rekeyAt_ = rekeyAt_ > UINT64_MAX - framing_.rekeyEvery ? UINT64_MAX : rekeyAt_ + framing_.rekeyEvery;
}

bool FrameCipher::Together(const Run& run) const { return suite_ == AeadName::chacha20_poly1305 && run.longest <= ChaChaRecordsLongest(run.count); }

inline void FrameCipher::Nonce(uint8_t nonce[12], uint64_t counter) const {
  std::memset(nonce, 0, 4);
  if (suite_ == AeadName::aes_256_gcm) {
    StoreBig64(nonce + 4, counter);
  } else {
    StoreLittle64(nonce + 4, counter);
  }
}

inline Bytes FrameCipher::AdOf(const ChaChaRecord& record) const {
  return framing_.lengthIsAd ? Bytes{record.text - framing_.lengthBytes, framing_.lengthBytes} : Bytes{};
}

inline void FrameCipher::SealOne(const ChaChaRecord& record) {
  uint8_t nonce[12];
  Nonce(nonce, record.number);
  if (suite_ == AeadName::aes_256_gcm) {
    GcmSeal(schedule_, record.text, record.text + record.size, {record.text, record.size}, nonce, AdOf(record));
  } else {
    ChaChaSeal(key_, record.text, record.text + record.size, {record.text, record.size}, nonce, AdOf(record));
  }
}

inline bool FrameCipher::OpenOne(const ChaChaRecord& record) {
  uint8_t nonce[12];
  Nonce(nonce, record.number);
  const uint8_t* tag = record.text + record.size;
  if (suite_ == AeadName::aes_256_gcm) return GcmOpen(schedule_, record.text, {record.text, record.size}, tag, nonce, AdOf(record));
  return ChaChaOpen(key_, record.text, {record.text, record.size}, tag, nonce, AdOf(record));
}

}  // namespace handfast
