#include "addon/environment.h"

#include <string>

#include "addon/jobs.h"

namespace handfast {
namespace {

// An id is slot and generation in 31 bits, so that V8 keeps it as a small integer and a stale one finds nothing (until its slot was used 2,047 times more).
constexpr int kSlotBits = 20;
constexpr int32_t kSlotMask = (1 << kSlotBits) - 1;
constexpr int32_t kLastGeneration = (1 << (31 - kSlotBits)) - 1;

}  // namespace

Environment::Environment(napi_env env) : secrets(std::make_shared<Arena>(64)), ciphers(sizeof(FrameCipher)), ephemeral(*secrets), env_(env) {}

Environment::~Environment() {
  if (errorFactory_) napi_delete_reference(env_, errorFactory_);
  for (const Slot& slot : blocks_) {
    if (slot.reference) napi_delete_reference(env_, slot.reference);
  }
}

int32_t Environment::Register(napi_value buffer) {
  bool is = false;
  if (napi_is_arraybuffer(env_, buffer, &is) != napi_ok || !is) return 0;
  if (napi_is_detached_arraybuffer(env_, buffer, &is) != napi_ok || is) return 0;
  int32_t slot;
  if (free_.empty()) {
    if (blocks_.size() > static_cast<size_t>(kSlotMask)) return 0;
    slot = static_cast<int32_t>(blocks_.size());
    blocks_.push_back({nullptr, 1});
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  if (napi_create_reference(env_, buffer, 1, &blocks_[slot].reference) != napi_ok) {
    blocks_[slot].reference = nullptr;
    free_.push_back(slot);
    return 0;
  }
  return blocks_[slot].generation << kSlotBits | slot;
}

bool Environment::Unregister(int32_t id) {
  const size_t index = static_cast<size_t>(id & kSlotMask);
  if (id <= 0 || index >= blocks_.size()) return false;
  Slot& slot = blocks_[index];
  if (!slot.reference || slot.generation != id >> kSlotBits) return false;
  napi_delete_reference(env_, slot.reference);
  slot.reference = nullptr;
  slot.generation = slot.generation == kLastGeneration ? 1 : slot.generation + 1;
  free_.push_back(static_cast<int32_t>(index));
  return true;
}

Bytes Environment::Block(int32_t id) const {
  const size_t index = static_cast<size_t>(id & kSlotMask);
  if (id <= 0 || index >= blocks_.size()) return {};
  const Slot& slot = blocks_[index];
  if (!slot.reference || slot.generation != id >> kSlotBits) return {};
  napi_value buffer;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_reference_value(env_, slot.reference, &buffer) != napi_ok || napi_get_arraybuffer_info(env_, buffer, &data, &size) != napi_ok || !data) return {};
  return {static_cast<uint8_t*>(data), size};
}

bool Environment::SetErrorFactory(napi_value factory) {
  napi_valuetype type;
  if (napi_typeof(env_, factory, &type) != napi_ok || type != napi_function) return false;
  napi_ref made;
  if (napi_create_reference(env_, factory, 1, &made) != napi_ok) return false;
  if (errorFactory_) napi_delete_reference(env_, errorFactory_);
  errorFactory_ = made;
  return true;
}

napi_value Environment::Throw(Fault fault, const char* message) {
  bool pending = false;
  if (napi_is_exception_pending(env_, &pending) != napi_ok || pending) return nullptr;
  const char* name = Name(fault);
  napi_value factory, receiver, error, arguments[2];
  if (errorFactory_ && napi_get_reference_value(env_, errorFactory_, &factory) == napi_ok && factory && napi_get_undefined(env_, &receiver) == napi_ok &&
      napi_create_string_utf8(env_, name, NAPI_AUTO_LENGTH, &arguments[0]) == napi_ok &&
      napi_create_string_utf8(env_, message, NAPI_AUTO_LENGTH, &arguments[1]) == napi_ok &&
      napi_call_function(env_, receiver, factory, 2, arguments, &error) == napi_ok && napi_throw(env_, error) == napi_ok) {
    return nullptr;
  }
  // Before the factory is there, or when it failed: a plain error with the same code.
  if (napi_is_exception_pending(env_, &pending) == napi_ok && pending) return nullptr;
  napi_throw_error(env_, (std::string("HF_") + name).c_str(), message);
  return nullptr;
}

}  // namespace handfast
