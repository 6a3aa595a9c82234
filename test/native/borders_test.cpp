// What an engine reads: nothing before the first byte that it was given, and nothing behind the last. Buffers lie against pages that cannot be touched, so that one byte more ends the test.
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "all-lanes.h"
#include "check.h"
#include "core/aead.h"
#include "core/chacha-records.h"
#include "core/chacha.h"
#include "core/gcm.h"

using namespace handfast;

namespace {

// Room between two pages that cannot be touched.
class Room {
 public:
  Room() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    map_ = static_cast<uint8_t*>(mmap(nullptr, page_ + kRoom + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (map_ == MAP_FAILED || mprotect(map_, page_, PROT_NONE) != 0 || mprotect(map_ + page_ + kRoom, page_, PROT_NONE) != 0) abort();
    check::Fill(map_ + page_, kRoom);
  }
  ~Room() { munmap(map_, page_ + kRoom + page_); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // Against the last page, or the first.
  uint8_t* Of(size_t size, bool atEnd) const { return map_ + page_ + (atEnd ? kRoom - size : 0); }

 private:
  static constexpr size_t kRoom = 1 << 16;
  size_t page_;
  uint8_t* map_;
};

constexpr AeadName kNames[] = {AeadName::chacha20_poly1305, AeadName::aes_256_gcm, AeadName::xchacha20_poly1305};

void SealAndOpen(const Room rooms[5], AeadName name, size_t size, size_t adSize, bool atEnd) {
  uint8_t *const out = rooms[0].Of(size + kTagBytes, atEnd), *const message = rooms[1].Of(size, atEnd), *const ad = rooms[2].Of(adSize, atEnd);
  uint8_t *const key = rooms[3].Of(32, atEnd), *const nonce = rooms[4].Of(NonceBytes(name), atEnd);
  CHECK(AeadSeal(name, out, key, nonce, {message, size}, {ad, adSize}) == Fault::none);
  // In place, with the tag behind it, as frames are opened.
  CHECK(AeadOpen(name, out, key, nonce, {out, size + kTagBytes}, {ad, adSize}) == Fault::none);
  CHECK(size == 0 || std::memcmp(out, message, size) == 0);
}

void EverySize(const Room rooms[5], AeadName name) {
  for (const bool atEnd : {true, false}) {
    for (size_t size = 0; size <= 1300; size++) SealAndOpen(rooms, name, size, size % 67, atEnd);
    for (const size_t size : {4095, 4096, 4097, 16383, 16400, 60001}) SealAndOpen(rooms, name, size, size % 67, atEnd);
  }
}

}  // namespace

// Two records behind one another, all of them to the last byte.
void RecordsAtBorders(const Room rooms[5], size_t size, size_t adBytes, bool atEnd) {
  const size_t one = adBytes + size + kTagBytes;
  uint8_t *const memory = rooms[0].Of(2 * one, atEnd), *const before = rooms[1].Of(2 * one, atEnd), *const key = rooms[2].Of(32, atEnd);
  std::memcpy(before, memory, 2 * one);
  const ChaChaRecord records[] = {{memory + adBytes, size, 7}, {memory + one + adBytes, size, 8}};
  ChaChaSealRecords(key, records, 2, adBytes);
  CHECK(ChaChaOpenRecords(key, records, 2, adBytes) == 2);
  for (const size_t at : {size_t{0}, one}) CHECK(std::memcmp(memory + at, before + at, adBytes + size) == 0);
}

CASE(RecordBorders, "records in lanes read nothing outside of them") {
  const Room rooms[5];
  WithAllLanes([&] {
    if (!ChaChaRecordsThere()) return;
    for (const bool atEnd : {true, false}) {
      for (const size_t adBytes : {0, 4, 8}) {
        for (size_t size = 0; size <= 1100; size++) RecordsAtBorders(rooms, size, adBytes, atEnd);
      }
    }
  });
}

CASE(Borders, "no engine of any AEAD reads outside of what it was given") {
  const Room rooms[5];
  const Engine gcm = GcmEngineInUse(), chacha = ChaChaEngineInUse();
  WithAllLanes([&] {
    for (const AeadName name : kNames) {
      for (const Engine engine : {Engine::sodium, Engine::ipsec_mb}) {
        if (name == AeadName::aes_256_gcm ? !GcmUse(engine) : !ChaChaUse(engine)) continue;
        EverySize(rooms, name);
      }
    }
  });
  if (gcm != Engine::none) CHECK(GcmUse(gcm));
  CHECK(ChaChaUse(chacha));
}
