// XTEA256: whole blocks, from one place to another, or where they lie in a registered block.
#include "addon/exports.h"
#include "core/xtea256.h"
#include "lanes/lanes.h"

namespace handfast {
namespace {

void Crypt(bool backwards, uint8_t* out, const uint8_t* data, size_t size, const uint8_t* key, size_t rounds) {
  (backwards ? Xtea256Decrypt : Xtea256Encrypt)(out, data, size, key, rounds);
}

// xtea256(backwards 0 or 1, out, data, key 32, rounds): out is as long as data, which is whole blocks
napi_value Xtea256Of(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  // The key first, so that it is wiped whatever the rest is like.
  const Bytes key = arguments.Secret(3, "key", 32);
  const uint64_t backwards = arguments.Integer(0, "backwards", 0, 1);
  const Bytes data = arguments.Any(2, "data");
  const Bytes out = arguments.Exactly(1, "out", data.size);
  const uint64_t rounds = arguments.Integer(4, "rounds", 1, kXteaMostRounds);
  if (!arguments.Ok()) return nullptr;
  if (data.size % kXteaBlock != 0) return arguments.Throw(Fault::bad_argument, "data: expected whole blocks of 8 bytes");
  Crypt(backwards == 1, out.data, data.data, data.size, key.data, rounds);
  return arguments.Undefined();
}

// xtea256In(backwards 0 or 1, slab, offset, length, key 32, rounds)
napi_value Xtea256In(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes key = arguments.Secret(4, "key", 32);
  const uint64_t backwards = arguments.Integer(0, "backwards", 0, 1);
  const Bytes slab = arguments.Block(1, "slab");
  const uint64_t offset = arguments.Integer(2, "offset", 0, slab.size);
  const uint64_t length = arguments.Integer(3, "length", 0, slab.size - offset);
  const uint64_t rounds = arguments.Integer(5, "rounds", 1, kXteaMostRounds);
  if (!arguments.Ok()) return nullptr;
  if (length % kXteaBlock != 0) return arguments.Throw(Fault::bad_argument, "data: expected whole blocks of 8 bytes");
  Crypt(backwards == 1, slab.data + offset, slab.data + offset, length, key.data, rounds);
  return arguments.Undefined();
}

// setLanes(0 off, 1 avx2, 2 avx512) -> whether this machine has them; for the whole process
napi_value SetLanes(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint64_t lanes = arguments.Integer(0, "lanes", 0, 2);
  if (!arguments.Ok()) return nullptr;
  return arguments.Boolean(LanesUse(static_cast<Lanes>(lanes)));
}

// lanes() -> 'avx512-ifma', 'avx2' or 'off'
napi_value LanesOf(napi_env env, napi_callback_info) {
  napi_value name = nullptr;
  napi_create_string_utf8(env, NameOf(LanesInUse()), NAPI_AUTO_LENGTH, &name);
  return name;
}

constexpr NamedExport kExports[] = {{"xtea256", Xtea256Of}, {"xtea256In", Xtea256In}, {"setLanes", SetLanes}, {"lanes", LanesOf}};

}  // namespace

ExportList XteaExports() { return ListOf(kExports); }

}  // namespace handfast
