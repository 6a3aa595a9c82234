// Records of a batch, read from and written to a block; the layout is described in jobs.cpp.
#pragma once

#include <node_api.h>

#include "core/arena.h"
#include "core/batch.h"
#include "core/bytes.h"
#include "core/fault.h"
#include "core/key-pool.h"

namespace handfast {

constexpr size_t kRecordDoubles = 8;
constexpr size_t kRecordBytes = kRecordDoubles * sizeof(double);

// What a job has to do with keys, beside its Work.
struct JobKeys {
  Handle made = 0;             // the slot of a key that the job makes
  bool secretInBlock = false;  // the secret key came as bytes, which are to be wiped
};

constexpr size_t kMostJobs = 256;

// Where the jobs of one call are kept while it lasts.
struct JobRoom {
  Work work[kMostJobs];
  JobKeys keys[kMostJobs];
};

// Reads record `index` of the `count` that a block begins with and is long enough for. On a fault nothing but `made` may be left to release.
// A key pair is taken from `pool` where there is one, and is then ready.
Fault ReadJob(Arena& arena, KeyPool* pool, Bytes block, size_t count, size_t index, Work* work, JobKeys* keys);
// Writes the result; releases the slot of a job that made no key.
void WriteResult(Arena& arena, uint8_t* block, size_t index, const Work& work, const JobKeys& keys);

// Threads that runAsync spreads a batch over: as many as libuv has, and no more than processors.
size_t Threads();

// runAsync(buffer: ArrayBuffer, used bytes, count) -> Promise<void>; the results are in the buffer when it is fulfilled.
napi_value RunAsync(napi_env env, napi_callback_info info);

}  // namespace handfast
