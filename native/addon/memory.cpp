// Memory that both sides know, random bytes, comparison, and what the library is made of.
#include <sodium.h>

#include <cstring>

#include "addon/exports.h"
#include "addon/jobs.h"
#include "core/chacha.h"
#include "core/gcm.h"
#include "core/secp256k1.h"
#include "core/x25519-adx.h"
#include "lanes/kernels.h"
#include "lanes/lanes.h"

namespace handfast {
namespace {

// register(buffer: ArrayBuffer) -> id. The buffer is held until unregister(id).
napi_value Register(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  napi_value buffer = arguments.Raw(0);
  const int32_t id = buffer ? arguments.environment().Register(buffer) : 0;
  if (id == 0) return arguments.Throw(Fault::bad_argument, "buffer: expected an ArrayBuffer that was not detached");
  return arguments.Number(id);
}

napi_value Unregister(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint64_t id = arguments.Integer(0, "id", 1, INT32_MAX);
  if (!arguments.Ok()) return nullptr;
  Environment& environment = arguments.environment();
  if (!environment.Unregister(static_cast<int32_t>(id))) return arguments.Throw(Fault::bad_argument, "id: expected a registered buffer");
  if (environment.scratch == static_cast<int32_t>(id)) environment.scratch = 0;
  return arguments.Undefined();
}

// setScratch(id): the registered block that small arguments travel in from now on.
napi_value SetScratch(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  arguments.Block(0, "id");
  const uint64_t id = arguments.Integer(0, "id", 1, INT32_MAX);
  if (!arguments.Ok()) return nullptr;
  arguments.environment().scratch = static_cast<int32_t>(id);
  return arguments.Undefined();
}

// setErrorFactory((codeName, message) => Error)
napi_value SetErrorFactory(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  napi_value factory = arguments.Raw(0);
  if (!factory || !arguments.environment().SetErrorFactory(factory)) return arguments.Throw(Fault::bad_argument, "factory: expected a function");
  return arguments.Undefined();
}

// random(out)
napi_value Random(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes out = arguments.Any(0, "out");
  if (!arguments.Ok()) return nullptr;
  randombytes_buf(out.data, out.size);
  return arguments.Undefined();
}

// equal(a, b) -> boolean, in constant time for equal lengths
napi_value Equal(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes a = arguments.Any(0, "a");
  const Bytes b = arguments.Any(1, "b");
  if (!arguments.Ok()) return nullptr;
  return arguments.Boolean(a.size == b.size && sodium_memcmp(a.data, b.data, a.size) == 0);
}

// info() -> { sodium, secp256k1, ipsecMb, gcm, chacha, x25519, kernels, threads }: versions; gcm to kernels say what runs: 'ipsec-mb', 'libsodium', 'handfast', 'avx512-ifma', 'avx2' or 'none'; threads: what runAsync spreads a batch over
napi_value Info(napi_env env, napi_callback_info) {
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok) return nullptr;
  const auto set = [&](const char* name, const char* text) {
    napi_value value;
    if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) napi_set_named_property(env, object, name, value);
  };
  set("sodium", sodium_version_string());
#ifdef HANDFAST_SECP256K1
  set("secp256k1", std::strlen(HANDFAST_SECP256K1_VERSION) > 0 ? HANDFAST_SECP256K1_VERSION : "unknown version");
#else
  set("secp256k1", "");
#endif
  set("ipsecMb", IpsecMbVersion());
  set("gcm", NameOf(GcmEngineInUse()));
  set("chacha", NameOf(ChaChaEngineInUse()));
  set("x25519", X25519AdxAvailable() ? "handfast" : "libsodium");
#ifdef HANDFAST_AVX2
  const bool four = LanesInUse() == Lanes::avx2;
#else
  const bool four = false;
#endif
  set("kernels", LanesKernels() || four ? NameOf(LanesInUse()) : "none");
  napi_value threads;
  if (napi_create_uint32(env, static_cast<uint32_t>(Threads()), &threads) == napi_ok) napi_set_named_property(env, object, "threads", threads);
  return object;
}

constexpr NamedExport kExports[] = {
    {"register", Register}, {"unregister", Unregister}, {"setScratch", SetScratch}, {"setErrorFactory", SetErrorFactory},
    {"random", Random},     {"equal", Equal},           {"info", Info},
};

}  // namespace

ExportList MemoryExports() { return ListOf(kExports); }

}  // namespace handfast
