// AEAD of single messages.
#include "addon/exports.h"
#include "core/aead.h"

namespace handfast {
namespace {

// aeadSeal(name 0..2, out, key 32, nonce, message, ad): out is the message's length and 16, and may begin where the message begins.
napi_value Seal(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const auto name = static_cast<AeadName>(arguments.Integer(0, "name", 0, 2));
  const Bytes out = arguments.Any(1, "out", kTagBytes);
  const Bytes key = arguments.Secret(2, "key", 32);
  const Bytes nonce = arguments.Exactly(3, "nonce", NonceBytes(name));
  const Bytes message = arguments.Any(4, "message");
  const Bytes ad = arguments.Any(5, "ad");
  if (!arguments.Ok()) return nullptr;
  if (out.size != message.size + kTagBytes) return arguments.Throw(Fault::bad_argument, "out: expected the message's length and 16 bytes");
  return arguments.Done(AeadSeal(name, out.data, key.data, nonce.data, message, ad), "this machine has no instructions for AES");
}

// aeadOpen(name 0..2, out, key 32, nonce, sealed, ad): out is the sealed length less 16, and may begin where sealed begins; zeroed on HF_BAD_TAG.
napi_value Open(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const auto name = static_cast<AeadName>(arguments.Integer(0, "name", 0, 2));
  const Bytes out = arguments.Any(1, "out");
  const Bytes key = arguments.Secret(2, "key", 32);
  const Bytes nonce = arguments.Exactly(3, "nonce", NonceBytes(name));
  const Bytes sealed = arguments.Any(4, "sealed");
  const Bytes ad = arguments.Any(5, "ad");
  if (!arguments.Ok()) return nullptr;
  if (sealed.size < kTagBytes) return arguments.Throw(Fault::bad_tag, "sealed: too short for its tag");
  if (out.size != sealed.size - kTagBytes) return arguments.Throw(Fault::bad_argument, "out: expected the sealed length less 16 bytes");
  const Fault fault = AeadOpen(name, out.data, key.data, nonce.data, sealed, ad);
  return arguments.Done(fault, fault == Fault::unsupported ? "this machine has no instructions for AES" : "sealed: does not open");
}

constexpr NamedExport kExports[] = {{"aeadSeal", Seal}, {"aeadOpen", Open}};

}  // namespace

ExportList AeadExports() { return ListOf(kExports); }

}  // namespace handfast
