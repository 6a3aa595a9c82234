// A list of steps over bytes and keys, read once and run many times: hashes, derivations, single messages sealed and opened, ciphers of sessions made. What lies between the steps never
// leaves this file: keys that are not among the results live on the stack for as long as a run and are wiped. Knows no protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/aead.h"
#include "core/arena.h"
#include "core/bytes.h"
#include "core/fault.h"
#include "core/frames.h"

namespace handfast {

class Sequence {
 public:
  static constexpr size_t kMostValues = 48;
  static constexpr size_t kMostSteps = 16;
  static constexpr size_t kMostResults = 8;

  enum class Kind : uint8_t { bytes = 0, secret = 1, spent = 2, cipher = 3 };
  // What a run made: bytes in the room it was given, or the handle of a key or a cipher.
  struct Result {
    Kind kind;
    Bytes bytes;
    Handle handle;
  };

  // Reads a program. False when it is misshapen: every name must be a value before its step, every key have its size.
  //   u8 inputs, of each: u8 kind (bytes, secret, spent), u8 length of a key
  //   u8 constants, of each: u8 length, its bytes
  //   u8 steps, of each: u8 op, u64 number (little-endian), u8 arguments, of each: u8 value
  //     blake2b 0: the parts; 64 bytes                                      kdf 1: key, context of 8 bytes; number: the id; 32 bytes
  //     seal 2: key, message, associated data; number: suite                open 3: key, sealed, associated data; number: suite
  //     cipher 4: key; number: suite, lengthBytes << 8, lengthIsAd << 16, rekeyEvery << 24
  //   u8 results, of each: u8 value, u8 kind (bytes, secret, cipher)
  // Values are numbered: inputs, constants, results of steps.
  bool Read(Bytes program);

  size_t inputs() const { return inputs_.size(); }
  size_t results() const { return results_.size(); }
  // Whether input `index` is a key, and of how many bytes.
  bool IsKey(size_t index) const { return inputs_[index].kind != Kind::bytes; }
  size_t KeyBytes(size_t index) const { return inputs_[index].size; }
  bool IsSpent(size_t index) const { return inputs_[index].kind == Kind::spent; }

  // inputs: as many as there are, keys of their size. room: where results that are bytes go; must not overlap the inputs.
  // bad_tag: a step did not open; nothing is left of the run. bad_argument: room is too small. internal: no more guarded memory.
  Fault Run(const Bytes* inputs, Bytes room, Arena& secrets, Arena& ciphers, Result* results) const;

 private:
  enum class Op : uint8_t { blake2b = 0, kdf = 1, seal = 2, open = 3, cipher = 4 };
  struct Input {
    Kind kind;
    uint8_t size;
  };
  struct Step {
    Op op;
    uint64_t number;
    std::vector<uint8_t> arguments;
    // kdf: the next step derives from the same key under the same context, and both are done with it.
    bool withNext = false;
  };
  struct Kept {
    uint8_t value;
    Kind kind;
  };

  std::vector<Input> inputs_;
  std::vector<std::vector<uint8_t>> constants_;
  std::vector<Step> steps_;
  std::vector<Kept> results_;
};

}  // namespace handfast
