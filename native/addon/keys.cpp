// X25519, Ed25519 and secp256k1 on bytes. Every result goes where the first argument says.
#include <sodium.h>

#include "addon/exports.h"
#include "core/ed25519.h"
#include "core/secp256k1.h"
#include "core/x25519.h"

namespace handfast {
namespace {

// x25519Public(out 32, secretKey 32)
napi_value X25519PublicOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 32);
  const Bytes secretKey = arguments.Secret(1, "secretKey", 32);
  if (!arguments.Ok()) return nullptr;
  X25519Public(out.data, secretKey.data);
  return arguments.Undefined();
}

// x25519Shared(out 32, secretKey 32, publicKey 32); on HF_WEAK_KEY out is zeroed.
napi_value X25519SharedOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 32);
  const Bytes secretKey = arguments.Secret(1, "secretKey", 32);
  const Bytes publicKey = arguments.Exactly(2, "publicKey", 32);
  if (!arguments.Ok()) return nullptr;
  return arguments.Done(X25519Shared(out.data, secretKey.data, publicKey.data), "publicKey: a point of small order");
}

// ed25519KeyPair(publicKey 32, secretKey 64, seed 32); all three are written to or read from plain memory.
napi_value Ed25519KeyPairOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes publicKey = arguments.Exactly(0, "publicKey", 32);
  const Bytes secretKey = arguments.Exactly(1, "secretKey", 64);
  const Bytes seed = arguments.Secret(2, "seed", 32);
  if (!arguments.Ok()) return nullptr;
  Ed25519KeyPair(publicKey.data, secretKey.data, seed.data);
  return arguments.Undefined();
}

// ed25519Sign(out 64, message, secretKey 64)
napi_value Ed25519SignOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 64);
  const Bytes message = arguments.Any(1, "message");
  const Bytes secretKey = arguments.Secret(2, "secretKey", 64);
  if (!arguments.Ok()) return nullptr;
  Ed25519Sign(out.data, message.data, message.size, secretKey.data);
  return arguments.Undefined();
}

// ed25519Verify(signature, message, publicKey) -> boolean; any lengths
napi_value Ed25519VerifyOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes signature = arguments.Any(0, "signature");
  const Bytes message = arguments.Any(1, "message");
  const Bytes publicKey = arguments.Any(2, "publicKey");
  if (!arguments.Ok()) return nullptr;
  return arguments.Boolean(Ed25519Verify(signature, message, publicKey));
}

// ed25519Usable(publicKey) -> boolean; any length
napi_value Ed25519UsableOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes publicKey = arguments.Any(0, "publicKey");
  if (!arguments.Ok()) return nullptr;
  return arguments.Boolean(publicKey.size == 32 && Ed25519Usable(publicKey.data));
}

// secp256k1Public(out 33, secretKey 32)
napi_value Secp256k1PublicOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 33);
  const Bytes secretKey = arguments.Secret(1, "secretKey", 32);
  if (!arguments.Ok()) return nullptr;
  return arguments.Done(Secp256k1Public(out.data, secretKey.data), "secretKey: expected a number from 1 to n-1");
}

// secp256k1Sign(out 72, digest 32, secretKey 32) -> bytes of DER
napi_value Secp256k1SignOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Exactly(0, "out", 72);
  const Bytes digest = arguments.Exactly(1, "digest", 32);
  const Bytes secretKey = arguments.Secret(2, "secretKey", 32);
  if (!arguments.Ok()) return nullptr;
  size_t size = 0;
  const Fault fault = Secp256k1Sign(out.data, &size, digest.data, secretKey.data);
  if (fault != Fault::none) return arguments.Throw(fault, "secretKey: expected a number from 1 to n-1");
  return arguments.Number(static_cast<double>(size));
}

// secp256k1Verify(signature, digest 32, publicKey, lowS 0 or 1) -> boolean
napi_value Secp256k1VerifyOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes signature = arguments.Any(0, "signature");
  const Bytes digest = arguments.Exactly(1, "digest", 32);
  const Bytes publicKey = arguments.Any(2, "publicKey");
  const uint64_t lowS = arguments.Integer(3, "lowS", 0, 1);
  if (!arguments.Ok()) return nullptr;
  return arguments.Boolean(Secp256k1Verify(signature, digest, publicKey, lowS == 1));
}

constexpr NamedExport kExports[] = {
    {"x25519Public", X25519PublicOf},     {"x25519Shared", X25519SharedOf},   {"ed25519KeyPair", Ed25519KeyPairOf},
    {"ed25519Sign", Ed25519SignOf},       {"ed25519Verify", Ed25519VerifyOf}, {"ed25519Usable", Ed25519UsableOf},
    {"secp256k1Public", Secp256k1PublicOf}, {"secp256k1Sign", Secp256k1SignOf}, {"secp256k1Verify", Secp256k1VerifyOf},
};

}  // namespace

ExportList KeyExports() { return ListOf(kExports); }

}  // namespace handfast
