// Directions of a session. sealMany and openMany take integers only: a handle, ids of registered blocks, offsets.
#include <cstring>
#include <new>

#include "addon/exports.h"
#include "core/frames.h"

namespace handfast {
namespace {

// A frame table is one registered block of 32-bit words in the machine's order: the outcome (3 words and one unused), then offset and length of each frame.
constexpr size_t kOutcomeBytes = 16;
constexpr size_t kEntryBytes = 8;

// cipherNew(suite 0..1, key 32, lengthBytes 2 or 4, lengthIsAd 0 or 1, rekeyEvery, counter high word, counter low word) -> handle
napi_value New(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const auto suite = static_cast<AeadName>(arguments.Integer(0, "suite", 0, 1));
  const Bytes key = arguments.Secret(1, "key", 32);
  const uint64_t lengthBytes = arguments.Integer(2, "lengthBytes", 2, 4);
  const uint64_t lengthIsAd = arguments.Integer(3, "lengthIsAd", 0, 1);
  const uint64_t rekeyEvery = arguments.Integer(4, "rekeyEvery", 0, (uint64_t{1} << 53) - 1);
  const uint64_t high = arguments.Integer(5, "counter", 0, UINT32_MAX);
  const uint64_t low = arguments.Integer(6, "counter", 0, UINT32_MAX);
  if (!arguments.Ok()) return nullptr;
  if (lengthBytes == 3) return arguments.Throw(Fault::bad_argument, "lengthBytes: expected 2 or 4");
  if (suite == AeadName::aes_256_gcm && GcmEngineInUse() == Engine::none) return arguments.Throw(Fault::unsupported, "this machine has no instructions for AES");
  Arena& arena = arguments.environment().ciphers;
  const Handle handle = arena.Allocate(FrameCipher::BytesUsed(suite));
  if (handle == 0) return arguments.Throw(Fault::internal, "the system gives no more guarded memory");
  new (arena.At(handle).data) FrameCipher(suite, key.data, {static_cast<uint8_t>(lengthBytes), lengthIsAd == 1, rekeyEvery}, high << 32 | low);
  return arguments.Number(static_cast<double>(handle));
}

// cipherCounter(cipher) -> bigint
napi_value Counter(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const FrameCipher* cipher = arguments.Cipher(0);
  if (!arguments.Ok()) return nullptr;
  napi_value value = nullptr;
  napi_create_bigint_uint64(env, cipher->counter(), &value);
  return value;
}

// cipherWipe(cipher) -> bigint: the counter, or undefined where there was nothing to wipe
napi_value Wipe(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint64_t handle = arguments.Integer(0, "cipher", kFirstHandle, (uint64_t{1} << 53) - 1);
  if (!arguments.Ok()) return nullptr;
  Arena& arena = arguments.environment().ciphers;
  const Bytes bytes = arena.At(handle);
  if (!bytes.data) return arguments.Undefined();
  napi_value counter = nullptr;
  napi_create_bigint_uint64(env, reinterpret_cast<const FrameCipher*>(bytes.data)->counter(), &counter);
  // The arena wipes all that the cipher used of its slot, which is what the destructor would do.
  arena.Release(handle);
  return counter;
}

// sealMany(cipher, slab, table, count)
napi_value SealMany(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  FrameCipher* cipher = arguments.Cipher(0);
  const Bytes slab = arguments.Block(1, "slab");
  const Bytes table = arguments.Block(2, "table");
  const uint64_t count = arguments.Integer(3, "count", 0, UINT32_MAX);
  if (!arguments.Ok()) return nullptr;
  // Sealing would write over entries that were checked already.
  if (slab.data == table.data) return arguments.Throw(Fault::bad_argument, "table: expected another block than the slab");
  if (table.size < kOutcomeBytes || count > (table.size - kOutcomeBytes) / kEntryBytes) {
    return arguments.Throw(Fault::bad_argument, "count: more frames than the table has room for");
  }
  const Fault fault = cipher->SealMany(slab, reinterpret_cast<const uint32_t*>(table.data + kOutcomeBytes), count);
  if (fault == Fault::nonce_spent) return arguments.Throw(fault, "the counter has no room for so many frames: the session has to end");
  return arguments.Done(fault, "table: a message must have 1 byte or more, room for its length before it and for its tag behind it");
}

// openMany(cipher, slab, start, end, table, maxLength) -> frames opened
napi_value OpenMany(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  FrameCipher* cipher = arguments.Cipher(0);
  const Bytes slab = arguments.Block(1, "slab");
  const uint64_t start = arguments.Integer(2, "start", 0, UINT32_MAX);
  const uint64_t end = arguments.Integer(3, "end", 0, UINT32_MAX);
  const Bytes table = arguments.Block(4, "table");
  const uint64_t maxLength = arguments.Integer(5, "maxLength", 0, UINT32_MAX);
  if (!arguments.Ok()) return nullptr;
  if (slab.data == table.data) return arguments.Throw(Fault::bad_argument, "table: expected another block than the slab");
  if (start > end || end > slab.size) return arguments.Throw(Fault::bad_argument, "start, end: expected a part of the slab");
  if (table.size < kOutcomeBytes + kEntryBytes) return arguments.Throw(Fault::bad_argument, "table: expected a frame table");
  Outcome outcome;
  const size_t count = cipher->OpenMany(slab, start, end, reinterpret_cast<uint32_t*>(table.data + kOutcomeBytes), (table.size - kOutcomeBytes) / kEntryBytes,
                                        static_cast<uint32_t>(maxLength), &outcome);
  const uint32_t words[3] = {static_cast<uint32_t>(outcome.stop), static_cast<uint32_t>(outcome.consumed), outcome.declared};
  std::memcpy(table.data, words, sizeof words);
  return arguments.Number(static_cast<double>(count));
}

constexpr NamedExport kExports[] = {
    {"cipherNew", New}, {"cipherCounter", Counter}, {"cipherWipe", Wipe}, {"sealMany", SealMany}, {"openMany", OpenMany},
};

}  // namespace

ExportList CipherExports() { return ListOf(kExports); }

}  // namespace handfast
