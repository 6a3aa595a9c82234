#include "core/sequence.h"

#include <sodium.h>

#include <cstring>
#include <new>

#include "core/blake2b.h"
#include "core/gcm.h"
#include "core/hash.h"

namespace handfast {
namespace {

constexpr size_t kDigestBytes = 64, kKeyBytes = 32, kContextBytes = 8;
constexpr uint8_t kFirstNonce[12] = {0};

// Reads a program byte by byte; all that is read beyond its end is 0 and leaves `ok` false.
struct Cursor {
  Bytes left;
  bool ok = true;

  uint8_t U8() {
    const uint8_t* at = Take(1);
    return at ? *at : 0;
  }
  uint64_t U64() {
    const uint8_t* at = Take(8);
    uint64_t value = 0;
    for (int i = 7; at && i >= 0; i--) value = value << 8 | at[i];
    return value;
  }
  const uint8_t* Take(size_t size) {
    if (!ok || size > left.size) {
      ok = false;
      return nullptr;
    }
    const uint8_t* at = left.data;
    left = {left.data + size, left.size - size};
    return at;
  }
};

AeadName SuiteOf(uint64_t number) { return static_cast<AeadName>(number & 0xff); }
bool SuiteRuns(uint64_t number) { return (number & 0xff) == 0 || ((number & 0xff) == 1 && GcmEngineInUse() != Engine::none); }

}  // namespace

bool Sequence::Read(Bytes program) {
  // What is known of a value before any run: the size of a key, of a digest and of a constant, else that it can be any.
  constexpr size_t kAny = SIZE_MAX, kCipher = SIZE_MAX - 1;
  std::vector<size_t> sizes;
  Cursor cursor{program};
  const auto refused = [&] {
    *this = {};
    return false;
  };

  for (size_t i = 0, count = cursor.U8(); i < count && cursor.ok; i++) {
    const auto kind = static_cast<Kind>(cursor.U8());
    const uint8_t size = cursor.U8();
    if (kind > Kind::spent || (kind != Kind::bytes && (size < 1 || size > 64))) return refused();
    inputs_.push_back({kind, size});
    sizes.push_back(kind == Kind::bytes ? kAny : size);
  }
  for (size_t i = 0, count = cursor.U8(); i < count && cursor.ok; i++) {
    const size_t size = cursor.U8();
    const uint8_t* bytes = cursor.Take(size);
    if (!bytes) return refused();
    constants_.emplace_back(bytes, bytes + size);
    sizes.push_back(size);
  }
  const size_t firstMade = sizes.size();
  std::vector<bool> mustBeKept;
  const size_t steps = cursor.U8();
  if (!cursor.ok || steps < 1 || steps > kMostSteps || firstMade + steps > kMostValues) return refused();
  for (size_t i = 0; i < steps && cursor.ok; i++) {
    const uint8_t op = cursor.U8();
    Step step{static_cast<Op>(op), cursor.U64(), {}, false};
    for (size_t k = 0, count = cursor.U8(); k < count && cursor.ok; k++) {
      const uint8_t value = cursor.U8();
      if (value >= sizes.size() || sizes[value] == kCipher) return refused();
      step.arguments.push_back(value);
    }
    if (!cursor.ok || op > static_cast<uint8_t>(Op::cipher)) return refused();
    const auto size = [&](size_t argument) { return sizes[step.arguments[argument]]; };
    const size_t count = step.arguments.size();
    bool fits = false;
    size_t made = kAny;
    switch (step.op) {
      case Op::blake2b:
        fits = count > 0 && count <= kMostValues;
        made = kDigestBytes;
        break;
      case Op::kdf:
        fits = count == 2 && size(0) >= kKeyBytes && size(0) <= kDigestBytes && size(1) == kContextBytes;
        made = kKeyBytes;
        break;
      case Op::seal:
      case Op::open:
        fits = count == 3 && size(0) == kKeyBytes && SuiteRuns(step.number) && step.number <= 0xff;
        break;
      case Op::cipher: {
        const uint8_t lengthBytes = static_cast<uint8_t>(step.number >> 8);
        fits = count == 1 && size(0) == kKeyBytes && SuiteRuns(step.number) && (lengthBytes == 2 || lengthBytes == 4) && (step.number >> 16 & 0xff) <= 1;
        made = kCipher;
        break;
      }
    }
    if (!fits) return refused();
    mustBeKept.push_back(step.op == Op::seal || step.op == Op::open || step.op == Op::cipher);
    sizes.push_back(made);
    if (i > 0 && step.op == Op::kdf && steps_.back().op == Op::kdf && steps_.back().arguments == step.arguments) steps_.back().withNext = true;
    steps_.push_back(std::move(step));
  }
  const size_t results = cursor.U8();
  if (!cursor.ok || results > kMostResults) return refused();
  for (size_t i = 0; i < results; i++) {
    const uint8_t value = cursor.U8();
    const auto kind = static_cast<Kind>(cursor.U8());
    if (!cursor.ok || value < firstMade || value >= sizes.size()) return refused();
    for (const Kept& other : results_) {
      if (other.value == value) return refused();
    }
    const bool any = sizes[value] == kAny, cipher = sizes[value] == kCipher;
    if (!(kind == Kind::bytes && !cipher) && !(kind == Kind::secret && !cipher && !any) && !(kind == Kind::cipher && cipher)) return refused();
    mustBeKept[value - firstMade] = false;
    results_.push_back({value, kind});
  }
  for (const bool kept : mustBeKept) {
    if (kept) return refused();
  }
  return cursor.left.size == 0 || refused();
}

Fault Sequence::Run(const Bytes* inputs, Bytes room, Arena& secrets, Arena& ciphers, Result* results) const {
  Bytes values[kMostValues];
  // Keys and digests that are no results.
  uint8_t own[kMostSteps][kDigestBytes];
  const size_t firstMade = inputs_.size() + constants_.size();
  size_t known = 0;
  for (size_t i = 0; i < inputs_.size(); i++) values[known++] = inputs[i];
  for (const std::vector<uint8_t>& constant : constants_) values[known++] = {const_cast<uint8_t*>(constant.data()), constant.size()};
  for (size_t i = 0; i < results_.size(); i++) results[i] = {results_[i].kind, {}, 0};

  size_t used = 0;
  const auto take = [&](size_t size) {
    if (size > room.size - used) return Bytes{};
    const Bytes taken{room.data + used, size};
    used += size;
    return taken;
  };
  // Keys that are derived together once the last of them has its place.
  uint8_t* derived[kMostSteps];
  uint64_t ids[kMostSteps];
  size_t derivations = 0;
  Fault fault = Fault::none;
  for (size_t i = 0; i < steps_.size() && fault == Fault::none; i++) {
    const Step& step = steps_[i];
    Result* kept = nullptr;
    for (size_t k = 0; k < results_.size() && !kept; k++) {
      if (results_[k].value == firstMade + i) kept = &results[k];
    }
    const auto argument = [&](size_t k) { return values[step.arguments[k]]; };

    size_t size = step.op == Op::blake2b ? kDigestBytes : kKeyBytes;
    if (step.op == Op::seal) size = argument(1).size + kTagBytes;
    if (step.op == Op::open) {
      if (argument(1).size < kTagBytes) {
        fault = Fault::bad_tag;
        break;
      }
      size = argument(1).size - kTagBytes;
    }
    Bytes out;
    if (step.op == Op::cipher) {
      kept->handle = ciphers.Allocate(FrameCipher::BytesUsed(SuiteOf(step.number)));
      out = ciphers.At(kept->handle);
    } else if (!kept) {
      out = {own[i], size};
    } else if (kept->kind == Kind::bytes) {
      out = kept->bytes = take(size);
      if (!out.data) fault = Fault::bad_argument;
    } else {
      kept->handle = secrets.Allocate(size);
      out = secrets.At(kept->handle);
    }
    if (!out.data) {
      if (fault == Fault::none) fault = Fault::internal;
      break;
    }

    switch (step.op) {
      case Op::blake2b: {
        Blake2bState state(out.size, {}, nullptr, nullptr);
        for (size_t k = 0; k < step.arguments.size(); k++) state.Add(argument(k));
        state.End(out.data);
        break;
      }
      case Op::kdf:
        derived[derivations] = out.data;
        ids[derivations++] = step.number;
        if (step.withNext) break;
        KdfMany(derived, argument(0).data, ids, derivations, argument(1).data);
        derivations = 0;
        break;
      case Op::seal: fault = AeadSeal(SuiteOf(step.number), out.data, argument(0).data, kFirstNonce, argument(1), argument(2)); break;
      case Op::open: fault = AeadOpen(SuiteOf(step.number), out.data, argument(0).data, kFirstNonce, argument(1), argument(2)); break;
      case Op::cipher:
        new (out.data) FrameCipher(SuiteOf(step.number), argument(0).data,
                                   {static_cast<uint8_t>(step.number >> 8), (step.number >> 16 & 1) == 1, step.number >> 24}, 0);
        break;
    }
    values[firstMade + i] = out;
  }
  sodium_memzero(own, steps_.size() * kDigestBytes);
  if (fault == Fault::none) return fault;
  for (size_t i = 0; i < results_.size(); i++) {
    if (results[i].handle != 0) (results[i].kind == Kind::cipher ? ciphers : secrets).Release(results[i].handle);
  }
  sodium_memzero(room.data, used);
  return fault;
}

}  // namespace handfast
