// Batches on libuv's threads. Everything is copied before the call returns: bytes into memory of the batch, keys into slots of their own, so that nothing JavaScript does
// meanwhile (wiping a key, detaching the buffer, ending the worker) can be seen by the threads.
#include <sodium.h>
#ifdef __linux__
#include <sched.h>
#include <time.h>
#endif

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <thread>

#include "addon/exports.h"
#include "addon/jobs.h"

namespace handfast {
namespace {

constexpr size_t kMostThreads = 64;

struct Batch {
  std::shared_ptr<Arena> arena;
  std::unique_ptr<uint8_t[]> bytes;
  size_t used = 0;
  std::unique_ptr<Work[]> work;
  std::unique_ptr<JobKeys[]> keys;
  std::unique_ptr<Handle[]> lent;  // copies of the secret keys
  size_t count = 0;
  // The threads take one group after another, so that all end at about the same time whatever the groups cost.
  std::unique_ptr<WorkGroup[]> groups;
  size_t groupCount = 0;
  std::atomic<size_t> next{0};
  struct Turn {
    Batch* batch = nullptr;
    napi_async_work work = nullptr;
  };
  Turn turns[kMostThreads];
  size_t running = 0;  // touched by the JavaScript thread only
  napi_ref buffer = nullptr;
  napi_deferred deferred = nullptr;

  ~Batch() {
    for (size_t i = 0; lent && i < count; i++) {
      if (lent[i] != 0) arena->Release(lent[i]);
    }
    if (bytes) sodium_memzero(bytes.get(), used);
  }
  // Of an outcome that nobody will have.
  void ReleaseMade() {
    for (size_t i = 0; i < count; i++) {
      if (keys[i].made != 0) arena->Release(keys[i].made);
    }
  }
};

// Copies and reads everything. On a fault whatever was made is released again.
Fault Prepare(Batch& batch, Bytes block) {
  std::memcpy(batch.bytes.get(), block.data, batch.used);
  Fault fault = Fault::none;
  for (size_t read = 0; read < batch.count && fault == Fault::none; read++) {
    Work& work = batch.work[read];
    fault = ReadJob(*batch.arena, nullptr, {batch.bytes.get(), batch.used}, batch.count, read, &work, &batch.keys[read]);
    if (fault != Fault::none || !work.secret.data || work.op == Op::keygen) continue;
    const Bytes secret = work.secret;
    batch.lent[read] = batch.arena->Allocate(secret.size);
    if (batch.lent[read] == 0) {
      fault = Fault::internal;
      continue;
    }
    work.secret = batch.arena->At(batch.lent[read]);
    std::memcpy(work.secret.data, secret.data, secret.size);
    if (batch.keys[read].secretInBlock) {
      sodium_memzero(secret.data, secret.size);
      sodium_memzero(block.data + (secret.data - batch.bytes.get()), secret.size);
    }
  }
  if (fault != Fault::none) batch.ReleaseMade();
  else batch.groupCount = GroupWork(batch.work.get(), batch.count, batch.groups.get());
  return fault;
}

#ifdef __linux__
// Threads at work on each processor, of those that have a number below this.
constexpr int kCounted = 1024;
std::atomic<int> threadsOn[kCounted];

// Where this thread works, as far as the others are told.
class Place {
 public:
  Place() : cpu_(sched_getcpu()) { Count(1); }
  ~Place() { Count(-1); }

  // Where the threads are as many as the processors, the event loop wakes beside one that is busy, and a kernel without preemption leaves it waiting for the next tick, 4 ms: so each
  // group, some 100 us, ends by letting others run, which costs nothing while nobody waits.
  // A kernel often wakes two threads on one processor and, where they work for shorter than its balancing takes to notice, leaves the next one idle. It chooses anew for a thread that wakes:
  // so one of the two sleeps for the shortest time there is, while the other has the processor.
  void LetOthersRun() {
    const int cpu = sched_getcpu();
    if (cpu != cpu_) {
      Count(-1);
      cpu_ = cpu;
      Count(1);
    }
    if (cpu < 0 || cpu >= kCounted || threadsOn[cpu].load(std::memory_order_relaxed) < 2) {
      std::this_thread::yield();
      return;
    }
    Count(-1);
    const timespec shortest{0, 1};
    nanosleep(&shortest, nullptr);
    cpu_ = sched_getcpu();
    Count(1);
  }

 private:
  void Count(int change) {
    if (cpu_ >= 0 && cpu_ < kCounted) threadsOn[cpu_].fetch_add(change, std::memory_order_relaxed);
  }
  int cpu_;
};
#else
struct Place {
  void LetOthersRun() { std::this_thread::yield(); }
};
#endif

void Execute(napi_env, void* data) {
  Batch& batch = *static_cast<Batch::Turn*>(data)->batch;
  Place place;
  for (size_t i = batch.next++; i < batch.groupCount; i = batch.next++) {
    RunGroup(batch.groups[i]);
    place.LetOthersRun();
  }
}

// The buffer is asked for anew: it may have been detached meanwhile.
bool Deliver(napi_env env, Batch& batch) {
  napi_value buffer;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_reference_value(env, batch.buffer, &buffer) != napi_ok || !buffer) return false;
  if (napi_get_arraybuffer_info(env, buffer, &data, &size) != napi_ok || !data || size < batch.used) return false;
  for (size_t i = 0; i < batch.count; i++) WriteResult(*batch.arena, batch.bytes.get(), i, batch.work[i], batch.keys[i]);
  std::memcpy(data, batch.bytes.get(), batch.used);
  return true;
}

void Settle(napi_env env, Batch* batch) {
  std::unique_ptr<Batch> owned(batch);
  napi_value value;
  if (Deliver(env, *batch)) {
    if (napi_get_undefined(env, &value) == napi_ok) napi_resolve_deferred(env, batch->deferred, value);
  } else {
    batch->ReleaseMade();
    napi_value code, text;
    if (napi_create_string_utf8(env, "HF_BAD_ARGUMENT", NAPI_AUTO_LENGTH, &code) == napi_ok &&
        napi_create_string_utf8(env, "the buffer of the batch was detached", NAPI_AUTO_LENGTH, &text) == napi_ok &&
        napi_create_error(env, code, text, &value) == napi_ok) {
      napi_reject_deferred(env, batch->deferred, value);
    }
  }
  if (batch->buffer) napi_delete_reference(env, batch->buffer);
}

// On the JavaScript thread, once for each thread; also when the environment ends before its work does.
void Complete(napi_env env, napi_status, void* data) {
  Batch::Turn& turn = *static_cast<Batch::Turn*>(data);
  Batch* batch = turn.batch;
  napi_delete_async_work(env, turn.work);
  if (--batch->running == 0) Settle(env, batch);
}

// Those that the process may run on. On one of many that it was bound to, threads would only take turns.
size_t Processors() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return static_cast<size_t>(CPU_COUNT(&allowed));
#endif
  return std::thread::hardware_concurrency();
}

}  // namespace

size_t Threads() {
  // libuv reads the same variable when it starts them.
  const char* asked = std::getenv("UV_THREADPOOL_SIZE");
  const long threads = asked ? std::strtol(asked, nullptr, 10) : 4;
  const size_t processors = Processors();
  const size_t most = processors < 1 ? 1 : processors > kMostThreads ? kMostThreads : processors;
  return threads < 1 ? 1 : static_cast<size_t>(threads) < most ? static_cast<size_t>(threads) : most;
}

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
    batch->work.reset(new (std::nothrow) Work[count]);
    batch->keys.reset(new (std::nothrow) JobKeys[count]);
    batch->lent.reset(new (std::nothrow) Handle[count]());
    batch->groups.reset(new (std::nothrow) WorkGroup[MostGroups(count)]);
  }
  if (!batch || !batch->bytes || !batch->work || !batch->keys || !batch->lent || !batch->groups) return arguments.Throw(Fault::internal, "no memory for the batch");
  const Fault fault = Prepare(*batch, {static_cast<uint8_t*>(data), size});
  if (fault != Fault::none) return arguments.Throw(fault, "jobs: misshapen, or with a key that was wiped");

  napi_value promise, name;
  if (napi_create_reference(env, buffer, 1, &batch->buffer) != napi_ok || napi_create_string_utf8(env, "handfast", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_promise(env, &batch->deferred, &promise) != napi_ok) {
    batch->ReleaseMade();
    return arguments.Throw(Fault::internal, "no promise could be made");
  }

  // Refused ones are answered already: at least one thread says so.
  const size_t most = Threads(), groups = batch->groupCount < 1 ? 1 : batch->groupCount;
  Batch* running = batch.release();
  running->running = groups < most ? groups : most;
  for (size_t i = 0, threads = running->running; i < threads; i++) {
    Batch::Turn& turn = running->turns[i];
    turn.batch = running;
    if (napi_create_async_work(env, nullptr, name, Execute, Complete, &turn, &turn.work) == napi_ok) {
      if (napi_queue_async_work(env, turn.work) == napi_ok) continue;
      napi_delete_async_work(env, turn.work);
    }
    // No thread takes it: it is done here.
    Execute(env, &turn);
    if (--running->running == 0) Settle(env, running);
  }
  return promise;
}

}  // namespace handfast
