// What one JavaScript environment (main thread or worker) holds: registered memory, guarded keys, and how it makes errors. Environments share nothing that is written.
#pragma once

#include <node_api.h>

#include <memory>
#include <vector>

#include "core/arena.h"
#include "core/bytes.h"
#include "core/fault.h"
#include "core/frames.h"
#include "core/key-pool.h"
#include "core/sequence.h"

namespace handfast {

struct JobRoom;

class Environment {
 public:
  explicit Environment(napi_env env);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Registered ArrayBuffers: held strongly, and their address asked for anew in each call, since a buffer can be detached between two.
  // 0 when `buffer` is not an ArrayBuffer, or is detached.
  int32_t Register(napi_value buffer);
  bool Unregister(int32_t id);
  // Size 0 for an id that is not registered or whose buffer was detached.
  Bytes Block(int32_t id) const;

  bool SetErrorFactory(napi_value factory);
  // Leaves an error pending; made by the factory, so that it is a HandfastError. Always null.
  napi_value Throw(Fault fault, const char* message);

  // Shared with work on other threads, which may outlast the environment.
  const std::shared_ptr<Arena> secrets;
  Arena ciphers;
  // Its keys lie in `secrets` and belong to nobody yet.
  KeyPool ephemeral;
  // By their number less one; never fewer.
  std::vector<std::unique_ptr<const Sequence>> sequences;

  // The block that small arguments and results travel in.
  int32_t scratch = 0;
  // Made when the first batch is run.
  std::unique_ptr<JobRoom> jobs;

 private:
  struct Slot {
    napi_ref reference;
    int32_t generation;
  };
  napi_env env_;
  napi_ref errorFactory_ = nullptr;
  std::vector<Slot> blocks_;
  std::vector<int32_t> free_;
};

}  // namespace handfast
