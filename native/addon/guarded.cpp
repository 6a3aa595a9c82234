// Keys in guarded memory: JavaScript holds handles, and what a handshake does with keys happens here.
#include <sodium.h>

#include <cmath>
#include <cstring>

#include "addon/exports.h"
#include "core/ed25519.h"
#include "core/hash.h"
#include "core/x25519.h"

namespace handfast {
namespace {

constexpr char kNoMemory[] = "the system gives no more guarded memory";

// A fresh slot, or an error pending and data null.
Bytes Fresh(Arguments& arguments, size_t size, Handle* handle) {
  *handle = arguments.environment().secrets->Allocate(size);
  if (*handle == 0) {
    arguments.Throw(Fault::internal, kNoMemory);
    return {};
  }
  return arguments.environment().secrets->At(*handle);
}

// secretImport(bytes 1..64) -> handle; bytes in the scratch block are wiped.
napi_value Import(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes bytes = arguments.Any(0, "bytes", 1, 64);
  if (!arguments.Ok()) return nullptr;
  Handle handle;
  const Bytes slot = Fresh(arguments, bytes.size, &handle);
  if (slot.data) std::memcpy(slot.data, bytes.data, bytes.size);
  sodium_memzero(bytes.data, bytes.size);
  return slot.data ? arguments.Number(static_cast<double>(handle)) : nullptr;
}

// secretExport(out, handle): out has the secret's length.
napi_value Export_(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes secret = arguments.Guarded(1, "secret", 0);
  if (!arguments.Ok()) return nullptr;
  const Bytes out = arguments.Exactly(0, "out", secret.size);
  if (!arguments.Ok()) return nullptr;
  std::memcpy(out.data, secret.data, secret.size);
  return arguments.Undefined();
}

// secretWipe(handle) -> whether there was something to wipe
napi_value Wipe(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint64_t handle = arguments.Integer(0, "secret", kFirstHandle, (uint64_t{1} << 53) - 1);
  if (!arguments.Ok()) return nullptr;
  return arguments.Boolean(arguments.environment().secrets->Release(handle));
}

// secretLive() -> secrets not wiped yet
napi_value Live(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Environment& environment = arguments.environment();
  return arguments.Number(static_cast<double>(environment.secrets->Live() - environment.ephemeral.Waiting()));
}

// secretX25519KeyPair(publicKey 32, seed: 32 bytes or 0) -> handle of 32 bytes
napi_value X25519KeyPairOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes publicKey = arguments.Exactly(0, "publicKey", 32);
  const Bytes seed = arguments.Any(1, "seed", 0, 32);
  if (!arguments.Ok()) return nullptr;
  if (seed.size != 0 && seed.size != 32) return arguments.Throw(Fault::bad_argument, "seed: expected 32 bytes");
  Handle handle;
  if (seed.size == 0) {
    handle = arguments.environment().ephemeral.Take(publicKey.data);
    return handle == 0 ? arguments.Throw(Fault::internal, kNoMemory) : arguments.Number(static_cast<double>(handle));
  }
  const Bytes secretKey = Fresh(arguments, 32, &handle);
  if (secretKey.data) std::memcpy(secretKey.data, seed.data, 32);
  sodium_memzero(seed.data, 32);
  if (!secretKey.data) return nullptr;
  X25519Public(publicKey.data, secretKey.data);
  return arguments.Number(static_cast<double>(handle));
}

// secretX25519Shared(secretKey handle, publicKey 32) -> handle of 32 bytes
napi_value X25519SharedOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes secretKey = arguments.Secret(0, "secretKey", 32);
  const Bytes publicKey = arguments.Exactly(1, "publicKey", 32);
  if (!arguments.Ok()) return nullptr;
  Handle handle;
  const Bytes shared = Fresh(arguments, 32, &handle);
  if (!shared.data) return nullptr;
  const Fault fault = X25519Shared(shared.data, secretKey.data, publicKey.data);
  if (fault != Fault::none) {
    arguments.environment().secrets->Release(handle);
    return arguments.Throw(fault, "publicKey: a point of small order");
  }
  return arguments.Number(static_cast<double>(handle));
}

// secretEd25519KeyPair(publicKey 32, seed: 32 bytes or 0) -> handle of 64 bytes: seed, then public key
napi_value Ed25519KeyPairOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes publicKey = arguments.Exactly(0, "publicKey", 32);
  const Bytes seed = arguments.Any(1, "seed", 0, 32);
  if (!arguments.Ok()) return nullptr;
  if (seed.size != 0 && seed.size != 32) return arguments.Throw(Fault::bad_argument, "seed: expected 32 bytes");
  Handle handle;
  const Bytes secretKey = Fresh(arguments, 64, &handle);
  if (!secretKey.data) return nullptr;
  // libsodium hashes the seed into the secret key before it copies it, so that it must lie elsewhere.
  uint8_t own[32];
  if (seed.size == 0) {
    randombytes_buf(own, 32);
  } else {
    std::memcpy(own, seed.data, 32);
    sodium_memzero(seed.data, 32);
  }
  Ed25519KeyPair(publicKey.data, secretKey.data, own);
  sodium_memzero(own, sizeof own);
  return arguments.Number(static_cast<double>(handle));
}

// secretBlake2b(length 1..64, parts) -> handle. parts: doubles, each a handle or a place in the scratch block; places are wiped.
napi_value Blake2bOf(napi_env env, napi_callback_info info) {
  constexpr size_t kMostParts = 64;
  Arguments arguments(env, info);
  const size_t length = arguments.Integer(0, "length", 1, 64);
  const Bytes list = arguments.Any(1, "parts", 0, kMostParts * sizeof(double));
  if (!arguments.Ok()) return nullptr;
  Bytes parts[kMostParts];
  const size_t count = list.size / sizeof(double);
  for (size_t i = 0; i < count; i++) {
    double number;
    std::memcpy(&number, list.data + i * sizeof number, sizeof number);
    if (number >= static_cast<double>(kFirstHandle) && number < 9007199254740992.0 && std::floor(number) == number) {
      parts[i] = arguments.environment().secrets->At(static_cast<Handle>(number));
      if (!parts[i].data) return arguments.Throw(Fault::released, "this key was wiped");
    } else {
      parts[i] = arguments.Packed(number);
      if (!parts[i].data) return arguments.Throw(Fault::bad_argument, "parts: expected handles and places in the scratch block");
    }
  }
  Handle handle;
  const Bytes digest = Fresh(arguments, length, &handle);
  if (!digest.data) return nullptr;
  Blake2b(digest, parts, count, {}, nullptr, nullptr);
  return arguments.Number(static_cast<double>(handle));
}

// secretKdf(key handle of 32..64 bytes, id, context 8) -> handle of 32 bytes
napi_value KdfOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes key = arguments.Guarded(0, "key", 0);
  const uint64_t id = arguments.Integer(1, "id", 0, (uint64_t{1} << 53) - 1);
  const Bytes context = arguments.Exactly(2, "context", 8);
  if (!arguments.Ok()) return nullptr;
  if (key.size < 32) return arguments.Throw(Fault::bad_argument, "key: expected 32 to 64 bytes");
  Handle handle;
  const Bytes out = Fresh(arguments, 32, &handle);
  if (!out.data) return nullptr;
  Kdf(out.data, key.data, id, context.data);
  return arguments.Number(static_cast<double>(handle));
}

constexpr NamedExport kExports[] = {
    {"secretImport", Import},
    {"secretExport", Export_},
    {"secretWipe", Wipe},
    {"secretLive", Live},
    {"secretX25519KeyPair", X25519KeyPairOf},
    {"secretX25519Shared", X25519SharedOf},
    {"secretEd25519KeyPair", Ed25519KeyPairOf},
    {"secretBlake2b", Blake2bOf},
    {"secretKdf", KdfOf},
};

}  // namespace

ExportList GuardedExports() { return ListOf(kExports); }

}  // namespace handfast
