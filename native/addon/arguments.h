// Reads the arguments of one call. The first one that does not fit leaves a coded error pending; after it every reader answers with something harmless.
//
// Bytes come in two forms. A small one lies in the environment's scratch block and is a single integer, `length << 15 | offset`: no object crosses the border.
// A large one is a Uint8Array of memory that is there and belongs to this thread alone. A key may also be a handle, which is a number of at least 2^32.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

#include "addon/environment.h"

namespace handfast {

constexpr size_t kMostArguments = 8;
constexpr int kScratchOffsetBits = 15;

class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);
  // Wipes the keys that came through the scratch block.
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  // No error is pending so far.
  bool Ok() const { return ok_; }
  Environment& environment() { return *environment_; }

  // least to most bytes.
  Bytes Any(size_t index, const char* name, size_t least = 0, size_t most = SIZE_MAX);
  Bytes Exactly(size_t index, const char* name, size_t size) { return Any(index, name, size, size); }
  // A key of `size` bytes: a handle, or bytes in the scratch block, which are wiped when the call ends.
  Bytes Secret(size_t index, const char* name, size_t size);
  // A handle of a secret, of any length when `size` is 0.
  Bytes Guarded(size_t index, const char* name, size_t size, Handle* handle = nullptr);
  // A cipher, by its handle.
  FrameCipher* Cipher(size_t index, Handle* handle = nullptr);
  // A registered block by its id; the name goes into the message.
  Bytes Block(size_t index, const char* name);
  uint64_t Integer(size_t index, const char* name, uint64_t least, uint64_t most);
  napi_value Raw(size_t index) const { return index < count_ ? values_[index] : nullptr; }

  // All leave an error pending or make a value; null when it cannot be made.
  napi_value Throw(Fault fault, const char* message);
  napi_value Undefined();
  napi_value Boolean(bool value);
  napi_value Number(double value);
  // Undefined, or the fault as an error with this message.
  napi_value Done(Fault fault, const char* message);

  // Bytes at `length << 15 | offset` of the scratch block, or of data null.
  Bytes Packed(double number);

 private:
  bool Number(size_t index, double* out) const;
  void Refuse(const char* name, const char* expected);
  void RefuseLength(const char* name, size_t least, size_t most, size_t got);

  napi_env env_;
  Environment* environment_ = nullptr;
  size_t count_ = kMostArguments;
  napi_value values_[kMostArguments];
  bool ok_ = true;
  bool scratchKnown_ = false;
  Bytes scratch_;
  Bytes wipe_;
};

using Export = napi_value (*)(napi_env, napi_callback_info);
struct NamedExport {
  const char* name;
  Export function;
};

}  // namespace handfast
