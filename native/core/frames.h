// One direction of a session: length-prefixed frames sealed and opened in place, many to a call. Nonce layouts and rekeying are those of Noise revision 34, sections 11.3 and 12.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/aead.h"
#include "core/bytes.h"
#include "core/chacha-records.h"
#include "core/fault.h"
#include "core/gcm.h"

namespace handfast {

struct Framing {
  uint8_t lengthBytes;  // 2 or 4, big-endian; the length counts ciphertext and tag
  bool lengthIsAd;
  uint64_t rekeyEvery;  // 0: never
};

// Why OpenMany stopped; the numbers are those of `Stop` in core.ts.
enum class Stop : uint32_t { short_ = 0, full = 1, too_large = 2, malformed = 3, bad_tag = 4, nonce_spent = 5 };

struct Outcome {
  Stop stop;
  size_t consumed;    // offset of the first byte not consumed
  uint32_t declared;  // what the frame there declares, where it was read
};

class FrameCipher {
 public:
  // suite: chacha20_poly1305 or aes_256_gcm. A counter that starts beyond a multiple of rekeyEvery takes `key` as the one in force there.
  FrameCipher(AeadName suite, const uint8_t key[32], Framing framing, uint64_t counter);
  ~FrameCipher();
  FrameCipher(const FrameCipher&) = delete;
  FrameCipher& operator=(const FrameCipher&) = delete;

  // The bytes of a cipher that are ever written: there is no schedule with ChaCha20, and so nothing to wipe where it would lie.
  static size_t BytesUsed(AeadName suite) { return suite == AeadName::aes_256_gcm ? sizeof(FrameCipher) : offsetof(FrameCipher, schedule_); }

  uint64_t counter() const { return counter_; }

  // entries: offset and length of each message. All of them and the counter are checked before the first byte is touched.
  Fault SealMany(Bytes slab, const uint32_t* entries, size_t count);
  // Opens whole frames from start to end; returns how many. entries has room for `capacity` pairs.
  size_t OpenMany(Bytes slab, size_t start, size_t end, uint32_t* entries, size_t capacity, uint32_t maxLength, Outcome* outcome);

 private:
  // The last counter of a frame is one less; the nonce of this one is kept for rekeying.
  static constexpr uint64_t kEnd = UINT64_MAX;
  struct Run;

  void SetKey(const uint8_t key[32]);
  void RekeyIfDue();
  void Nonce(uint8_t nonce[12], uint64_t counter) const;
  // Whether all of a run at once is faster than one message after the other.
  bool Together(const Run& run) const;
  Bytes AdOf(const ChaChaRecord& record) const;
  void SealOne(const ChaChaRecord& record);
  bool OpenOne(const ChaChaRecord& record);

  uint8_t key_[32];
  uint64_t counter_;
  // The counter before which the key is next replaced. Moved on by the replacement itself, so that a frame that fails there does not replace it twice.
  uint64_t rekeyAt_;
  Framing framing_;
  AeadName suite_;
  GcmKey schedule_;
};

}  // namespace handfast
