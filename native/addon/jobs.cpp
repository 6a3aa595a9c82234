// Batches of mixed public-key work, one crossing for many items; here on this thread, in pool.cpp on those of libuv.
//
// A batch is a registered block (run) or an ArrayBuffer (runAsync) that begins with records of eight doubles: op, then offset and length in the block of three byte strings
// a, b, c, then the result. Length -1 makes the offset a handle. Offsets are relative to the block; the bytes lie behind all records, so that no job can write over one.
//   keygen: a takes the public key; result: handle of the secret key      dh: a secret key, b public key; result: handle, or 0 for a weak one
//   sign: a secret key, b message, c takes the signature                  verify: a signature, b message, c public key; result: 0 or 1
//   secp256k1_sign: as sign, c of 72 bytes; result: length, 0 bad key     secp256k1_verify, secp256k1_verify_sha512: as verify
#include "addon/jobs.h"

#include <sodium.h>

#include <cstring>
#include <new>

#include "addon/exports.h"
#include "core/secp256k1.h"

namespace handfast {
namespace {

struct Part {
  double offset;
  double length;
};

// Not by std::floor, which is a call where the compiler may not assume SSE4.1. most is below 2^63.
bool Whole(double number, double most) { return number >= 0 && number <= most && static_cast<double>(static_cast<int64_t>(number)) == number; }

bool PartOf(Bytes block, size_t records, Part field, Bytes* out) {
  if (!Whole(field.offset, static_cast<double>(block.size)) || !Whole(field.length, static_cast<double>(block.size))) return false;
  const size_t offset = static_cast<size_t>(field.offset), length = static_cast<size_t>(field.length);
  if (offset < records || length > block.size - offset) return false;
  *out = {block.data + offset, length};
  return true;
}

}  // namespace

Fault ReadJob(Arena& arena, KeyPool* pool, Bytes block, size_t count, size_t index, Work* work, JobKeys* keys) {
  double record[kRecordDoubles];
  std::memcpy(record, block.data + index * kRecordBytes, sizeof record);
  const Part a{record[1], record[2]}, b{record[3], record[4]}, c{record[5], record[6]};
  *work = {};
  *keys = {};
  if (!Whole(record[0], 6)) return Fault::bad_argument;
  work->op = static_cast<Op>(static_cast<uint8_t>(record[0]));
  if (!Secp256k1Available() && (work->op == Op::secp256k1_sign || work->op == Op::secp256k1_verify || work->op == Op::secp256k1_verify_sha512)) return Fault::unsupported;

  const auto part = [&](Part field, Bytes* out) { return PartOf(block, count * kRecordBytes, field, out); };
  const auto exactly = [&](Part field, size_t size, Bytes* out) { return part(field, out) && out->size == size; };
  const auto secret = [&](size_t size) {
    if (a.length != -1) {
      if (!exactly(a, size, &work->secret)) return Fault::bad_argument;
      keys->secretInBlock = true;
      return Fault::none;
    }
    if (!Whole(a.offset, 9007199254740991.0)) return Fault::bad_argument;
    work->secret = arena.At(static_cast<Handle>(a.offset));
    if (!work->secret.data) return Fault::released;
    return work->secret.size == size ? Fault::none : Fault::bad_argument;
  };
  const auto fresh = [&](Bytes* out) {
    keys->made = arena.Allocate(32);
    if (keys->made == 0) return Fault::internal;
    *out = arena.At(keys->made);
    return Fault::none;
  };

  switch (work->op) {
    case Op::keygen:
      if (!exactly(a, 32, &work->out)) return Fault::bad_argument;
      if (!pool) return fresh(&work->secret);
      keys->made = pool->Take(work->out.data);
      work->op = Op::ready;
      work->result = 1;
      return keys->made == 0 ? Fault::internal : Fault::none;
    case Op::dh: {
      const Fault fault = secret(32);
      if (fault != Fault::none) return fault;
      if (!exactly(b, 32, &work->publicKey)) return Fault::bad_argument;
      return fresh(&work->out);
    }
    case Op::sign:
    case Op::secp256k1_sign: {
      const bool edwards = work->op == Op::sign;
      const Fault fault = secret(edwards ? 64 : 32);
      if (fault != Fault::none) return fault;
      if (!part(b, &work->message) || !exactly(c, edwards ? 64 : 72, &work->out)) return Fault::bad_argument;
      return edwards || work->message.size == 32 ? Fault::none : Fault::bad_argument;
    }
    case Op::verify:
    case Op::secp256k1_verify:
    case Op::secp256k1_verify_sha512: {
      const bool fits = part(a, &work->signature) && part(b, &work->message) && part(c, &work->publicKey);
      return fits ? Fault::none : Fault::bad_argument;
    }
  }
  return Fault::bad_argument;
}

void WriteResult(Arena& arena, uint8_t* block, size_t index, const Work& work, const JobKeys& keys) {
  double result = work.result;
  if (keys.made != 0) {
    if (work.result != 0) {
      result = static_cast<double>(keys.made);
    } else {
      arena.Release(keys.made);
    }
  }
  std::memcpy(block + index * kRecordBytes + (kRecordDoubles - 1) * sizeof(double), &result, sizeof result);
}

namespace {

size_t KeyPairsIn(Bytes block, size_t count) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    double op;
    std::memcpy(&op, block.data + i * kRecordBytes, sizeof op);
    found += op == static_cast<double>(Op::keygen);
  }
  return found;
}

// run(block id, count 0..kMostJobs)
napi_value Run(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes block = arguments.Block(0, "block");
  const size_t count = arguments.Integer(1, "count", 0, kMostJobs);
  if (!arguments.Ok()) return nullptr;
  if (count * kRecordBytes > block.size) return arguments.Throw(Fault::bad_argument, "count: more records than the block has room for");
  Environment& environment = arguments.environment();
  if (!environment.jobs) environment.jobs.reset(new (std::nothrow) JobRoom);
  if (!environment.jobs) return arguments.Throw(Fault::internal, "no memory for the jobs");
  Arena& arena = *environment.secrets;
  Work* work = environment.jobs->work;
  JobKeys* keys = environment.jobs->keys;
  Fault fault = Fault::none;
  size_t read = 0;
  environment.ephemeral.Expect(KeyPairsIn(block, count));
  while (read < count && fault == Fault::none) fault = ReadJob(arena, &environment.ephemeral, block, count, read, &work[read], &keys[read]), read++;
  environment.ephemeral.Expect(0);
  if (fault == Fault::none) RunWork(work, count);
  for (size_t i = 0; i < read; i++) {
    if (fault == Fault::none) {
      WriteResult(arena, block.data, i, work[i], keys[i]);
    } else if (keys[i].made != 0) {
      arena.Release(keys[i].made);
    }
    if (keys[i].secretInBlock) sodium_memzero(work[i].secret.data, work[i].secret.size);
  }
  return arguments.Done(fault, "jobs: misshapen, or with a key that was wiped");
}

constexpr NamedExport kExports[] = {{"run", Run}, {"runAsync", RunAsync}};

}  // namespace

ExportList JobExports() { return ListOf(kExports); }

}  // namespace handfast
