// Records of a batch, read from and written to a block; the layout is described in jobs.cpp.
#pragma once

#include <node_api.h>

#include "core/arena.h"
#include "core/batch.h"
#include "core/bytes.h"
#include "core/fault.h"

namespace handfast {

constexpr size_t kRecordDoubles = 8;
constexpr size_t kRecordBytes = kRecordDoubles * sizeof(double);

struct Job {
  Work work;
  Handle made = 0;             // the slot of a key that the job makes
  bool secretInBlock = false;  // the secret key came as bytes, which are to be wiped
};

// Reads record `index` of the `count` that a block begins with and is long enough for. On a fault nothing but `made` may be left to release.
Fault ReadJob(Arena& arena, Bytes block, size_t count, size_t index, Job* job);
// Writes the result; releases the slot of a job that made no key.
void WriteResult(Arena& arena, uint8_t* block, size_t index, Job* job);

// runAsync(buffer: ArrayBuffer, used bytes, count) -> Promise<void>; the results are in the buffer when it is fulfilled.
napi_value RunAsync(napi_env env, napi_callback_info info);

}  // namespace handfast
