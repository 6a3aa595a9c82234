// Ephemeral X25519 key pairs, made eight at a time by the vector kernels, which takes less time than one alone does; the seven others wait for whoever comes next. A batch that wants more of them
// has as many made at once, up to 64.
//
// A key is given out once, and then belongs to whoever took it. It is given out within a second of its making or not at all: what is read out of the memory of a process today
// opens no session of tomorrow. Without kernels each is made when it is asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena.h"

namespace handfast {

class KeyPool {
 public:
  // The arena must live longer.
  explicit KeyPool(Arena& arena) : arena_(arena) {}
  ~KeyPool() { Drop(); }
  KeyPool(const KeyPool&) = delete;
  KeyPool& operator=(const KeyPool&) = delete;

  // Slot of a secret key of 32 bytes that nobody else has, and its public key. 0: no guarded memory.
  Handle Take(uint8_t publicKey[32]) { return Take(publicKey, expected_ > 0 ? expectedAt_ : Now()); }
  // As above at a given time, in milliseconds of a clock that only goes forward.
  Handle Take(uint8_t publicKey[32], int64_t now);
  // So many are about to be taken, one right after the other: they are made together, and the system is asked for the time and the process only now. Until it is said that there are none.
  void Expect(size_t count) {
    if (count > 0) Expect(count, Now());
    else expected_ = 0;
  }
  void Expect(size_t count, int64_t now);
  // Keys made and not given out; they count as live in the arena. Not those that somebody wiped who guessed their slot.
  size_t Waiting() const;
  // Wipes them.
  void Drop();

 private:
  static constexpr size_t kSize = 64;
  static int64_t Now();
  void DropWhatIsStale(int64_t now);
  Handle MakeOne(uint8_t publicKey[32]);
  void Fill();

  Arena& arena_;
  size_t waiting_ = 0, expected_ = 0;
  Handle secret_[kSize];
  uint8_t public_[kSize][32];
  int64_t filledAt_ = 0, expectedAt_ = 0;
  int64_t process_ = 0;
};

}  // namespace handfast
