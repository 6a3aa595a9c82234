#include "lanes/kernels.h"

#include <sodium.h>

#include <algorithm>

#include "core/ed25519.h"
#include "core/hash.h"
#include "core/secp256k1.h"
#include "core/x25519.h"
#include "lanes/kernels-avx2.h"
#include "lanes/kernels-ifma.h"
#include "lanes/lanes.h"

namespace handfast {
namespace {

#if defined(HANDFAST_IFMA) || defined(HANDFAST_AVX2)
// As many ladders share one inversion.
constexpr size_t kTogether = 64, kTogetherAvx2 = 32;
constexpr size_t kWorthAvx2 = 2;
// Fewer take no longer one by one.
constexpr size_t kWorthOfSecp256k1 = 3, kWorthOfHashes = 3;

// Pointers for whole sets of lanes: those past `count` repeat the first.
template <class T>
struct Filled {
  T of[kTogether];

  Filled(const T* items, size_t count) {
    for (size_t i = 0; i < count || i % kKernelLanes != 0; i++) of[i] = items[i < count ? i : 0];
  }
};

// What the kernels held and spilled lies below this frame.
template <size_t size = 16384>
__attribute__((noinline)) void WipeStack() {
  uint8_t below[size];
  sodium_memzero(below, sizeof below);
}
#endif

}  // namespace

bool LanesKernels() {
#ifdef HANDFAST_IFMA
  return LanesInUse() == Lanes::avx512;
#else
  return false;
#endif
}

void X25519PublicLanes(uint8_t* const out[], const uint8_t* const secret[], size_t count) {
#ifdef HANDFAST_IFMA
  if (LanesKernels()) {
    for (size_t start = 0; start < count; start += kTogether) {
      const size_t now = std::min(kTogether, count - start);
      X25519PublicIfma(Filled<uint8_t*>(out + start, now).of, Filled<const uint8_t*>(secret + start, now).of, now);
    }
    WipeStack();
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) X25519Public(out[i], secret[i]);
}

void X25519SharedLanes(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
#ifdef HANDFAST_IFMA
  if (LanesKernels()) {
    for (size_t start = 0; start < count; start += kTogether) {
      const size_t now = std::min(kTogether, count - start);
      X25519SharedIfma(Filled<uint8_t*>(out + start, now).of, Filled<const uint8_t*>(secret + start, now).of, Filled<const uint8_t*>(publicKey + start, now).of, ok + start, now);
    }
    WipeStack();
    return;
  }
#endif
#ifdef HANDFAST_AVX2
  // Four lanes take as long as a pair one by one.
  if (LanesInUse() >= Lanes::avx2 && count > kWorthAvx2) {
    for (size_t start = 0; start < count; start += kTogetherAvx2) {
      const size_t now = std::min(kTogetherAvx2, count - start);
      X25519SharedAvx2(Filled<uint8_t*>(out + start, now).of, Filled<const uint8_t*>(secret + start, now).of, Filled<const uint8_t*>(publicKey + start, now).of, ok + start, now);
    }
    WipeStack<16384>();
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) ok[i] = X25519Shared(out[i], secret[i], publicKey[i]) == Fault::none;
}

void Ed25519SignLanes(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count) {
#ifdef HANDFAST_IFMA
  if (LanesKernels()) {
    for (size_t start = 0; start < count; start += kTogether) {
      const size_t now = std::min(kTogether, count - start);
      Ed25519SignIfma(Filled<uint8_t*>(signature + start, now).of, Filled<Bytes>(message + start, now).of, Filled<const uint8_t*>(secretKey + start, now).of, now);
    }
    WipeStack<28672>();
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) Ed25519Sign(signature[i], message[i].data, message[i].size, secretKey[i]);
}

void Ed25519VerifyLanes(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count) {
#ifdef HANDFAST_IFMA
  // One alone is verified in four fifths of the time that eight take.
  if (LanesKernels() && count > 1) {
    for (size_t start = 0; start < count; start += kTogether) {
      const size_t now = std::min(kTogether, count - start);
      Ed25519VerifyIfma(valid + start, Filled<Bytes>(signature + start, now).of, Filled<Bytes>(message + start, now).of, Filled<Bytes>(publicKey + start, now).of, now);
    }
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) valid[i] = Ed25519Verify(signature[i], message[i], publicKey[i]);
}

void Secp256k1VerifyLanes(bool valid[], const Bytes signature[], const Bytes digest[], const Bytes publicKey[], size_t count) {
#ifdef HANDFAST_IFMA
  if (LanesKernels() && count >= kWorthOfSecp256k1) {
    for (size_t start = 0; start < count; start += kTogether) {
      const size_t now = std::min(kTogether, count - start);
      Secp256k1VerifyIfma(valid + start, Filled<Bytes>(signature + start, now).of, Filled<Bytes>(digest + start, now).of, Filled<Bytes>(publicKey + start, now).of, now);
    }
    // Uncompressed keys, which are rare, have no kernel.
    for (size_t i = 0; i < count; i++) {
      if (!valid[i] && !Secp256k1IsCompressed(publicKey[i])) valid[i] = Secp256k1Verify(signature[i], digest[i], publicKey[i], false);
    }
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) valid[i] = Secp256k1Verify(signature[i], digest[i], publicKey[i], false);
}

void MessageHashLanes(uint8_t hash[][64], const Bytes message[], size_t count) {
#ifdef HANDFAST_IFMA
  if (LanesKernels() && count >= kWorthOfHashes) return MessageHashIfma(hash, message, count);
#endif
  for (size_t i = 0; i < count; i++) Sha512(hash[i], message[i]);
}

}  // namespace handfast
