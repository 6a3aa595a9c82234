// Batches on libuv's threads. Everything is copied before the call returns: bytes into memory of the batch, keys into slots of their own, so that nothing JavaScript does
// meanwhile (wiping a key, detaching the buffer, ending the worker) can be seen by the threads.
#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <thread>

#include "addon/exports.h"
#include "addon/jobs.h"

namespace handfast {
namespace {

constexpr size_t kMostChunks = 4;  // threads that libuv has by default

struct Batch;

struct Chunk {
  Batch* batch = nullptr;
  size_t first = 0;
  size_t count = 0;
  napi_async_work work = nullptr;
};

struct Batch {
  std::shared_ptr<Arena> arena;
  std::unique_ptr<uint8_t[]> bytes;
  size_t used = 0;
  std::unique_ptr<Job[]> jobs;
  std::unique_ptr<Handle[]> lent;  // copies of the secret keys
  size_t count = 0;
  Chunk chunks[kMostChunks];
  size_t running = 0;  // touched by the JavaScript thread only
  napi_ref buffer = nullptr;
  napi_deferred deferred = nullptr;

  ~Batch() {
    for (size_t i = 0; lent && i < count; i++) {
      if (lent[i] != 0) arena->Release(lent[i]);
    }
    if (bytes) sodium_memzero(bytes.get(), used);
  }
};

// Copies and reads everything. On a fault whatever was made is released again.
Fault Prepare(Batch& batch, Bytes block) {
  std::memcpy(batch.bytes.get(), block.data, batch.used);
  Fault fault = Fault::none;
  size_t read = 0;
  while (read < batch.count && fault == Fault::none) {
    Job& job = batch.jobs[read];
    fault = ReadJob(*batch.arena, {batch.bytes.get(), batch.used}, batch.count, read, &job);
    if (fault == Fault::none && job.work.secret.data && job.work.op != Op::keygen) {
      const Bytes secret = job.work.secret;
      batch.lent[read] = batch.arena->Allocate(secret.size);
      if (batch.lent[read] == 0) {
        fault = Fault::internal;
      } else {
        job.work.secret = batch.arena->At(batch.lent[read]);
        std::memcpy(job.work.secret.data, secret.data, secret.size);
        if (job.secretInBlock) {
          sodium_memzero(secret.data, secret.size);
          sodium_memzero(block.data + (secret.data - batch.bytes.get()), secret.size);
        }
      }
    }
    read++;
  }
  if (fault != Fault::none) {
    for (size_t i = 0; i < read; i++) {
      if (batch.jobs[i].made != 0) batch.arena->Release(batch.jobs[i].made);
    }
  }
  return fault;
}

void Execute(napi_env, void* data) {
  const Chunk& chunk = *static_cast<Chunk*>(data);
  for (size_t i = 0; i < chunk.count; i++) RunWork(&chunk.batch->jobs[chunk.first + i].work, 1);
}

// The buffer is asked for anew: it may have been detached meanwhile.
bool Deliver(napi_env env, Batch& batch) {
  napi_value buffer;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_reference_value(env, batch.buffer, &buffer) != napi_ok || !buffer) return false;
  if (napi_get_arraybuffer_info(env, buffer, &data, &size) != napi_ok || !data || size < batch.used) return false;
  for (size_t i = 0; i < batch.count; i++) WriteResult(*batch.arena, batch.bytes.get(), i, &batch.jobs[i]);
  std::memcpy(data, batch.bytes.get(), batch.used);
  return true;
}

void Settle(napi_env env, Batch* batch) {
  std::unique_ptr<Batch> owned(batch);
  napi_value value;
  if (Deliver(env, *batch)) {
    if (napi_get_undefined(env, &value) == napi_ok) napi_resolve_deferred(env, batch->deferred, value);
  } else {
    for (size_t i = 0; i < batch->count; i++) {
      if (batch->jobs[i].made != 0) batch->arena->Release(batch->jobs[i].made);
    }
    napi_value code, text;
    if (napi_create_string_utf8(env, "HF_BAD_ARGUMENT", NAPI_AUTO_LENGTH, &code) == napi_ok &&
        napi_create_string_utf8(env, "the buffer of the batch was detached", NAPI_AUTO_LENGTH, &text) == napi_ok &&
        napi_create_error(env, code, text, &value) == napi_ok) {
      napi_reject_deferred(env, batch->deferred, value);
    }
  }
  if (batch->buffer) napi_delete_reference(env, batch->buffer);
}

// On the JavaScript thread, once for each chunk; also when the environment ends before its work does.
void Complete(napi_env env, napi_status, void* data) {
  Chunk& chunk = *static_cast<Chunk*>(data);
  Batch* batch = chunk.batch;
  napi_delete_async_work(env, chunk.work);
  if (--batch->running == 0) Settle(env, batch);
}

}  // namespace

napi_value RunAsync(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  napi_value buffer = arguments.Raw(0);
  bool is = false;
  void* data = nullptr;
  size_t size = 0;
  if (!buffer || napi_is_arraybuffer(env, buffer, &is) != napi_ok || !is || napi_get_arraybuffer_info(env, buffer, &data, &size) != napi_ok || !data) {
    return arguments.Throw(Fault::bad_argument, "buffer: expected an ArrayBuffer that was not detached");
  }
  const size_t used = arguments.Integer(1, "used", 1, size);
  const size_t count = arguments.Integer(2, "count", 1, used / kRecordBytes);
  if (!arguments.Ok()) return nullptr;

  std::unique_ptr<Batch> batch(new (std::nothrow) Batch);
  if (batch) {
    batch->arena = arguments.environment().secrets;
    batch->used = used;
    batch->count = count;
    batch->bytes.reset(new (std::nothrow) uint8_t[used]);
    batch->jobs.reset(new (std::nothrow) Job[count]);
    batch->lent.reset(new (std::nothrow) Handle[count]());
  }
  if (!batch || !batch->bytes || !batch->jobs || !batch->lent) return arguments.Throw(Fault::internal, "no memory for the batch");
  const Fault fault = Prepare(*batch, {static_cast<uint8_t*>(data), size});
  if (fault != Fault::none) return arguments.Throw(fault, "jobs: misshapen, or with a key that was wiped");

  napi_value promise, name;
  if (napi_create_reference(env, buffer, 1, &batch->buffer) != napi_ok || napi_create_string_utf8(env, "handfast", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_promise(env, &batch->deferred, &promise) != napi_ok) {
    for (size_t i = 0; i < count; i++) {
      if (batch->jobs[i].made != 0) batch->arena->Release(batch->jobs[i].made);
    }
    return arguments.Throw(Fault::internal, "no promise could be made");
  }

  // One chunk a processor, so that a batch ends about when its slowest item would.
  const size_t processors = std::thread::hardware_concurrency();
  size_t chunks = processors < 1 ? 1 : processors > kMostChunks ? kMostChunks : processors;
  if (chunks > count) chunks = count;
  Batch* running = batch.release();
  running->running = chunks;
  size_t first = 0;
  for (size_t i = 0; i < chunks; i++) {
    Chunk& chunk = running->chunks[i];
    chunk.batch = running;
    chunk.first = first;
    chunk.count = (count - first) / (chunks - i);
    first += chunk.count;
  }
  for (size_t i = 0; i < chunks; i++) {
    Chunk& chunk = running->chunks[i];
    if (napi_create_async_work(env, nullptr, name, Execute, Complete, &chunk, &chunk.work) == napi_ok) {
      if (napi_queue_async_work(env, chunk.work) == napi_ok) continue;
      napi_delete_async_work(env, chunk.work);
    }
    // No thread takes it: it is done here.
    Execute(env, &chunk);
    if (--running->running == 0) Settle(env, running);
  }
  return promise;
}

}  // namespace handfast
