// The addon's entry: one Environment for each JavaScript environment that loads it, and the functions, each of which carries it as its data.
#include <napi.h>
#include <sodium.h>

#include "addon/environment.h"
#include "addon/exports.h"

namespace handfast {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  // May be called by several threads at once; all but the first find it done.
  if (sodium_init() < 0) {
    Napi::Error::New(env, "libsodium could not start").ThrowAsJavaScriptException();
    return exports;
  }
  auto* environment = new Environment(env);
  // Deleted when the environment ends, after which no function of it can be called.
  if (napi_set_instance_data(env, environment, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); }, nullptr) != napi_ok) {
    delete environment;
    Napi::Error::New(env, "the environment takes no instance data").ThrowAsJavaScriptException();
    return exports;
  }
  for (const ExportList& list :
       {MemoryExports(), KeyExports(), HashExports(), AeadExports(), GuardedExports(), CipherExports(), JobExports(), XteaExports(), SequenceExports()}) {
    for (size_t i = 0; i < list.count; i++) {
      napi_value function;
      if (napi_create_function(env, list.first[i].name, NAPI_AUTO_LENGTH, list.first[i].function, environment, &function) != napi_ok ||
          napi_set_named_property(env, exports, list.first[i].name, function) != napi_ok) {
        Napi::Error::New(env, "the exports could not be made").ThrowAsJavaScriptException();
        return exports;
      }
    }
  }
  return exports;
}

}  // namespace
}  // namespace handfast

static Napi::Object InitHandfast(Napi::Env env, Napi::Object exports) { return handfast::Init(env, exports); }

NODE_API_MODULE(handfast, InitHandfast)
