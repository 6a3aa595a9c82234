// Hashes and derivations. The first argument is where the digest goes; its length is the digest's.
#include "addon/exports.h"
#include "core/hash.h"

namespace handfast {
namespace {

// blake2b(out 1..64, message, key 0..64, salt 0 or 16, personal 0 or 16)
napi_value Blake2bOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Any(0, "out", 1, 64);
  const Bytes message = arguments.Any(1, "message");
  const Bytes key = arguments.Any(2, "key", 0, 64);
  const Bytes salt = arguments.Any(3, "salt", 0, 16);
  const Bytes personal = arguments.Any(4, "personal", 0, 16);
  if (!arguments.Ok()) return nullptr;
  if ((salt.size | personal.size) & 15) return arguments.Throw(Fault::bad_argument, "salt, personal: expected 16 bytes or none");
  Blake2b(out, &message, 1, key, salt.size ? salt.data : nullptr, personal.size ? personal.data : nullptr);
  return arguments.Undefined();
}

// sha256(out 32, message)
napi_value Sha256Of(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 32);
  const Bytes message = arguments.Any(1, "message");
  if (!arguments.Ok()) return nullptr;
  Sha256(out.data, message);
  return arguments.Undefined();
}

// sha512(out 64, message)
napi_value Sha512Of(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 64);
  const Bytes message = arguments.Any(1, "message");
  if (!arguments.Ok()) return nullptr;
  Sha512(out.data, message);
  return arguments.Undefined();
}

// hmacSha256(out 32, key, message)
napi_value HmacSha256Of(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 32);
  const Bytes key = arguments.Any(1, "key");
  const Bytes message = arguments.Any(2, "message");
  if (!arguments.Ok()) return nullptr;
  HmacSha256(out.data, key, message);
  return arguments.Undefined();
}

// hmacSha512(out 64, key, message)
napi_value HmacSha512Of(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 64);
  const Bytes key = arguments.Any(1, "key");
  const Bytes message = arguments.Any(2, "message");
  if (!arguments.Ok()) return nullptr;
  HmacSha512(out.data, key, message);
  return arguments.Undefined();
}

// hkdfSha256(out 1..8160, ikm, salt, info)
napi_value HkdfSha256Of(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Any(0, "out", 1, 255 * 32);
  const Bytes ikm = arguments.Any(1, "ikm");
  const Bytes salt = arguments.Any(2, "salt");
  const Bytes text = arguments.Any(3, "info");
  if (!arguments.Ok()) return nullptr;
  HkdfSha256(out, ikm, salt, text);
  return arguments.Undefined();
}

constexpr NamedExport kExports[] = {
    {"blake2b", Blake2bOf},       {"sha256", Sha256Of},         {"sha512", Sha512Of},
    {"hmacSha256", HmacSha256Of}, {"hmacSha512", HmacSha512Of}, {"hkdfSha256", HkdfSha256Of},
};

}  // namespace

ExportList HashExports() { return ListOf(kExports); }

}  // namespace handfast
