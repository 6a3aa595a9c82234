#include "core/chacha-records.h"

#include <sodium.h>

#include <cstring>

#include "core/chacha.h"
#include "lanes/chacha-avx2.h"
#include "lanes/chacha-avx512.h"
#include "lanes/lanes.h"
#include "lanes/poly1305-avx2.h"
#include "lanes/poly1305-avx512.h"

namespace handfast {

#ifdef HANDFAST_LANES

namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kTag = 16;

// Gathers uses of key stream and works them out sixteen at a time: always those before the ones just gathered, since the kernel reads sixteen words at once and would wait for each that was
// written only now. Done with when Flush has returned.
class Stream {
 public:
  explicit Stream(const uint8_t key[32]) : key_(key), xor_(LanesInUse() == Lanes::avx512 ? ChaChaXorAvx512 : ChaChaXorAvx2) {}

  void Use(uint8_t* at, size_t bytes, uint64_t number, uint32_t block) {
    StreamUses& uses = uses_[filling_];
    uses.block[count_] = block;
    uses.nonceLow[count_] = static_cast<uint32_t>(number);
    uses.nonceHigh[count_] = static_cast<uint32_t>(number >> 32);
    uses.at[count_] = at;
    uses.bytes[count_] = static_cast<uint8_t>(bytes);
    if (++count_ == kMostBlocks) {
      WorkOutEarlier();
      earlier_ = true;
      filling_ ^= 1;
      count_ = 0;
    }
  }

  void Flush() {
    WorkOutEarlier();
    if (count_ > 0) xor_(uses_[filling_], count_, key_);
    count_ = 0;
  }

  size_t Room() const { return (kMostBlocks - count_) % kMostBlocks; }

 private:
  void WorkOutEarlier() {
    if (earlier_) xor_(uses_[filling_ ^ 1], kMostBlocks, key_);
    earlier_ = false;
  }

  StreamUses uses_[2];
  const uint8_t* key_;
  void (*xor_)(const StreamUses&, size_t, const uint8_t*);
  size_t filling_ = 0, count_ = 0;
  bool earlier_ = false;
};

// The blocks of text of many records, one after the other. Block 0 of each record makes its one-time key, so that its text begins with block 1.
class Blocks {
 public:
  Blocks(const ChaChaRecord records[], size_t count) : record_(records), end_(records + count) {}

  bool Next(uint8_t** at, size_t* bytes, const ChaChaRecord** record, uint32_t* block) {
    if (record_ == end_) return false;
    *at = record_->text + offset_;
    const size_t left = record_->size - offset_;
    *bytes = left < kChaChaBlock ? left : kChaChaBlock;
    *record = record_;
    *block = static_cast<uint32_t>(offset_ / kChaChaBlock + 1);
    offset_ += kChaChaBlock;
    if (offset_ >= record_->size) {
      record_++;
      offset_ = 0;
    }
    return true;
  }

  // Only the records before `end` are gone through.
  void EndAt(const ChaChaRecord* end) {
    if (record_ >= end) record_ = end;
    end_ = end;
  }

  void XorAll(Stream& stream) {
    uint8_t* at;
    size_t bytes;
    uint32_t block;
    for (const ChaChaRecord* record; Next(&at, &bytes, &record, &block);) stream.Use(at, bytes, record->number, block);
    stream.Flush();
  }

 private:
  const ChaChaRecord *record_, *end_;
  size_t offset_ = 0;
};

// Indices of the records by their size, in steps of a block, the longest first: lanes wait for the longest among them. Sizes are no secret.
void SortBySize(uint8_t order[], const ChaChaRecord records[], size_t count) {
  constexpr size_t kSteps = 65;
  const auto step = [&](size_t i) { return kSteps - 1 - (records[i].size / kChaChaBlock < kSteps ? records[i].size / kChaChaBlock : kSteps - 1); };
  uint8_t places[kSteps + 1] = {0};
  for (size_t i = 0; i < count; i++) places[step(i) + 1]++;
  for (size_t i = 1; i <= kSteps; i++) places[i] = static_cast<uint8_t>(places[i] + places[i - 1]);
  for (size_t i = 0; i < count; i++) order[places[step(i)]++] = static_cast<uint8_t>(i);
}

void Tags(const ChaChaRecord records[], size_t count, size_t adBytes, const uint8_t (*keys)[kKeyBytes], uint8_t* const tags[]) {
  uint8_t order[kMostRecords];
  SortBySize(order, records, count);
  TagWork work[kMostRecords];
  for (size_t i = 0; i < count; i++) work[i] = {records[order[i]].text, records[order[i]].size, keys[order[i]], tags[order[i]]};
  const bool wide = LanesInUse() == Lanes::avx512;
  const size_t most = wide ? kTagsAvx512 : kTagsAvx2;
  for (size_t i = 0; i < count; i += most) {
    const size_t now = count - i < most ? count - i : most;
    if (wide) {
      Poly1305TagsAvx512(work + i, now, adBytes);
    } else {
      Poly1305TagsAvx2(work + i, now, adBytes);
    }
  }
}

// The kernels leave key stream and keys where their registers did not suffice: in their frames (3.2 KiB at most) below that of Tags (2.2 KiB).
__attribute__((noinline)) void WipeStack() {
  uint8_t spilled[6 * 1024];
  sodium_memzero(spilled, sizeof spilled);
}

}  // namespace

bool ChaChaRecordsThere() { return LanesInUse() != Lanes::off; }

size_t ChaChaRecordsLongest(size_t count) {
  if (count < 2 || LanesInUse() == Lanes::off) return 0;
  // Measured on a Sapphire Rapids processor: ipsec-mb fills its registers with the blocks of one record as soon as there are enough of them, libsodium hardly does.
  const bool wide = LanesInUse() == Lanes::avx512;
  if (ChaChaEngineInUse() != Engine::ipsec_mb) return wide || count > 2 ? kLongestRecord : 256;
  const size_t most = wide ? 2048 : 256, grown = wide ? count * 128 : (count - 2) * 64;
  return grown < most ? grown : most;
}

void ChaChaSealRecords(const uint8_t key[32], const ChaChaRecord records[], size_t count, size_t adBytes) {
  alignas(64) uint8_t keys[kMostRecords][kKeyBytes];
  uint8_t* tags[kMostRecords];
  std::memset(keys, 0, count * kKeyBytes);
  Stream stream(key);
  for (size_t i = 0; i < count; i++) {
    tags[i] = records[i].text + records[i].size;
    stream.Use(keys[i], kKeyBytes, records[i].number, 0);
  }
  Blocks(records, count).XorAll(stream);
  Tags(records, count, adBytes, keys, tags);
  sodium_memzero(keys, count * kKeyBytes);
  WipeStack();
}

size_t ChaChaOpenRecords(const uint8_t key[32], const ChaChaRecord records[], size_t count, size_t adBytes) {
  alignas(64) uint8_t keys[kMostRecords][kKeyBytes], held[kMostBlocks][kChaChaBlock];
  uint8_t computed[kMostRecords][kTag];
  uint8_t* tags[kMostRecords];
  std::memset(keys, 0, count * kKeyBytes);
  Stream stream(key);
  for (size_t i = 0; i < count; i++) {
    tags[i] = computed[i];
    stream.Use(keys[i], kKeyBytes, records[i].number, 0);
  }
  // Lanes that the keys leave over make key stream for the first blocks of text, held back until the tags are known.
  struct {
    uint8_t* at;
    size_t bytes;
    const ChaChaRecord* record;
  } first[kMostBlocks];
  size_t early = 0;
  Blocks blocks(records, count);
  uint32_t block;
  for (size_t room = stream.Room(); early < room && blocks.Next(&first[early].at, &first[early].bytes, &first[early].record, &block); early++) {
    std::memset(held[early], 0, kChaChaBlock);
    stream.Use(held[early], kChaChaBlock, first[early].record->number, block);
  }
  stream.Flush();
  Tags(records, count, adBytes, keys, tags);
  size_t good = 0;
  while (good < count && crypto_verify_16(computed[good], records[good].text + records[good].size) == 0) good++;

  for (size_t i = 0; i < early && first[i].record < records + good; i++) {
    for (size_t at = 0; at < first[i].bytes; at++) first[i].at[at] ^= held[i][at];
  }
  blocks.EndAt(records + good);
  blocks.XorAll(stream);
  // A tag that would have been right must not be seen either.
  sodium_memzero(keys, count * kKeyBytes);
  sodium_memzero(held, early * kChaChaBlock);
  sodium_memzero(computed, sizeof computed);
  WipeStack();
  return good;
}

#else

bool ChaChaRecordsThere() { return false; }
size_t ChaChaRecordsLongest(size_t) { return 0; }
void ChaChaSealRecords(const uint8_t*, const ChaChaRecord*, size_t, size_t) {}
size_t ChaChaOpenRecords(const uint8_t*, const ChaChaRecord*, size_t, size_t) { return 0; }

#endif

}  // namespace handfast
