#include "addon/arguments.h"

#include <sodium.h>

#include <cstdio>

namespace handfast {
namespace {

// Whether a number is an integer, and which. The range comes first: a conversion of what does not fit is undefined; both comparisons are false for NaN.
inline bool Whole(double number, int64_t* out) {
  if (!(number > -9007199254740993.0 && number < 9007199254740993.0)) return false;
  *out = static_cast<int64_t>(number);
  return static_cast<double>(*out) == number;
}

}  // namespace

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  void* data = nullptr;
  size_t count = kMostArguments;
  if (napi_get_cb_info(env, info, &count, values_, nullptr, &data) != napi_ok) {
    count = 0;
    ok_ = false;
  }
  count_ = count < kMostArguments ? count : kMostArguments;
  environment_ = static_cast<Environment*>(data);
}

Arguments::~Arguments() {
  if (wipe_.data) sodium_memzero(wipe_.data, wipe_.size);
}

Bytes Arguments::Any(size_t index, const char* name, size_t least, size_t most) {
  if (!ok_) return {};
  Bytes bytes;
  double number;
  if (Number(index, &number)) {
    bytes = Packed(number);
    if (!bytes.data) {
      Refuse(name, "a place in the scratch block");
      return {};
    }
  } else {
    napi_typedarray_type type;
    napi_value buffer;
    void* data = nullptr;
    size_t offset;
    if (index >= count_ || napi_get_typedarray_info(env_, values_[index], &type, &bytes.size, &data, &buffer, &offset) != napi_ok || type != napi_uint8_array) {
      Refuse(name, "a Uint8Array");
      return {};
    }
    bool is = false;
    if (napi_is_arraybuffer(env_, buffer, &is) != napi_ok || !is) {
      Refuse(name, "memory that is not shared with other threads");
      return {};
    }
    if (napi_is_detached_arraybuffer(env_, buffer, &is) != napi_ok || is) {
      Refuse(name, "a buffer that was not detached");
      return {};
    }
    // An empty array may have no address at all; the core wants one that can be compared.
    static uint8_t nowhere;
    bytes.data = data && bytes.size > 0 ? static_cast<uint8_t*>(data) : &nowhere;
  }
  if (bytes.size < least || bytes.size > most) {
    RefuseLength(name, least, most, bytes.size);
    return {};
  }
  return bytes;
}

Bytes Arguments::Secret(size_t index, const char* name, size_t size) {
  if (!ok_) return {};
  double number;
  if (!Number(index, &number)) {
    Refuse(name, "a handle or a place in the scratch block");
    return {};
  }
  if (number >= static_cast<double>(kFirstHandle)) return Guarded(index, name, size);
  const Bytes bytes = Packed(number);
  if (!bytes.data) {
    Refuse(name, "a place in the scratch block");
    return {};
  }
  wipe_ = bytes;
  if (bytes.size != size) {
    RefuseLength(name, size, size, bytes.size);
    return {};
  }
  return bytes;
}

Bytes Arguments::Guarded(size_t index, const char* name, size_t size, Handle* handle) {
  const uint64_t number = Integer(index, name, kFirstHandle, (uint64_t{1} << 53) - 1);
  if (!ok_) return {};
  const Bytes bytes = environment_->secrets->At(number);
  if (!bytes.data) {
    Throw(Fault::released, "this key was wiped");
    return {};
  }
  if (size != 0 && bytes.size != size) {
    RefuseLength(name, size, size, bytes.size);
    return {};
  }
  if (handle) *handle = number;
  return bytes;
}

FrameCipher* Arguments::Cipher(size_t index, Handle* handle) {
  const uint64_t number = Integer(index, "cipher", kFirstHandle, (uint64_t{1} << 53) - 1);
  if (!ok_) return nullptr;
  const Bytes bytes = environment_->ciphers.At(number);
  if (!bytes.data) {
    Throw(Fault::released, "this cipher was wiped");
    return nullptr;
  }
  if (handle) *handle = number;
  return reinterpret_cast<FrameCipher*>(bytes.data);
}

Bytes Arguments::Block(size_t index, const char* name) {
  const uint64_t id = Integer(index, name, 1, INT32_MAX);
  if (!ok_) return {};
  const Bytes bytes = environment_->Block(static_cast<int32_t>(id));
  if (!bytes.data) {
    Refuse(name, "a registered buffer that was not detached");
    return {};
  }
  return bytes;
}

uint64_t Arguments::Integer(size_t index, const char* name, uint64_t least, uint64_t most) {
  if (!ok_) return least;
  double number;
  int64_t whole;
  if (Number(index, &number) && Whole(number, &whole) && whole >= static_cast<int64_t>(least) && whole <= static_cast<int64_t>(most)) {
    return static_cast<uint64_t>(whole);
  }
  char expected[64];
  std::snprintf(expected, sizeof expected, "an integer from %llu to %llu", static_cast<unsigned long long>(least), static_cast<unsigned long long>(most));
  Refuse(name, expected);
  return least;
}

Bytes Arguments::Packed(double number) {
  int64_t whole;
  if (!Whole(number, &whole) || whole < 0 || whole > INT32_MAX) return {};
  if (!scratchKnown_) {
    scratch_ = environment_->Block(environment_->scratch);
    scratchKnown_ = true;
  }
  const uint32_t packed = static_cast<uint32_t>(whole);
  const size_t offset = packed & ((1u << kScratchOffsetBits) - 1), size = packed >> kScratchOffsetBits;
  if (!scratch_.data || offset + size > scratch_.size) return {};
  return {scratch_.data + offset, size};
}

napi_value Arguments::Throw(Fault fault, const char* message) {
  ok_ = false;
  return environment_->Throw(fault, message);
}

// No value is what JavaScript sees as undefined.
napi_value Arguments::Undefined() { return nullptr; }

napi_value Arguments::Boolean(bool value) {
  napi_value made = nullptr;
  napi_get_boolean(env_, value, &made);
  return made;
}

napi_value Arguments::Number(double value) {
  napi_value made = nullptr;
  napi_create_double(env_, value, &made);
  return made;
}

napi_value Arguments::Done(Fault fault, const char* message) {
  if (!ok_) return nullptr;
  return fault == Fault::none ? Undefined() : Throw(fault, message);
}

bool Arguments::Number(size_t index, double* out) const { return index < count_ && napi_get_value_double(env_, values_[index], out) == napi_ok; }

void Arguments::Refuse(const char* name, const char* expected) {
  char message[160];
  std::snprintf(message, sizeof message, "%s: expected %s", name, expected);
  Throw(Fault::bad_argument, message);
}

void Arguments::RefuseLength(const char* name, size_t least, size_t most, size_t got) {
  char expected[96];
  if (least == most) {
    std::snprintf(expected, sizeof expected, "%zu bytes, got %zu", least, got);
  } else if (most == SIZE_MAX) {
    std::snprintf(expected, sizeof expected, "%zu bytes or more, got %zu", least, got);
  } else {
    std::snprintf(expected, sizeof expected, "%zu to %zu bytes, got %zu", least, most, got);
  }
  Refuse(name, expected);
}

}  // namespace handfast
