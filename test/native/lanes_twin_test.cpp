// The kernels against libsodium and libsecp256k1 on random inputs, in groups of 1 to 8: 20,000 comparisons a function here, HANDFAST_TWIN of them by npm run twin:lanes.
#include <sodium.h>

#include <cstdlib>
#include <cstring>

#include "check.h"
#include "core/secp256k1.h"
#include "lanes/kernels.h"
#include "signature-cases.h"

using namespace handfast;

namespace {

long Count() {
  static const long count = [] {
    const char* given = std::getenv("HANDFAST_TWIN");
    return given ? std::atol(given) : 20000;
  }();
  return count;
}

// Calls `compare` with the sizes of groups until there were enough items; it returns how many of them differ.
template <typename Compare>
void InGroups(Compare&& compare) {
  if (!LanesKernels()) {
    std::printf("  no kernels here: not tested\n");
    return;
  }
  long different = 0, done = 0;
  while (done < Count()) {
    // Full groups more often than not, as in use.
    const size_t size = cases::Random() % 2 == 0 ? kKernelLanes : 1 + cases::Random() % kKernelLanes;
    different += compare(size);
    done += static_cast<long>(size);
  }
  if (different != 0) std::printf("  %ld of %ld differ\n", different, done);
  CHECK(different == 0);
}

// Random, or with few bits set or missing.
void Scalar32(uint8_t out[32]) {
  check::Fill(out, 32);
  switch (cases::Random() % 16) {
    case 0: std::memset(out, cases::Random() % 2 == 0 ? 0 : 0xff, 32); out[cases::Random() % 32] ^= static_cast<uint8_t>(1 << cases::Random() % 8); break;
    case 1: std::memcpy(out, cases::kOrder.data(), 32); out[0] = static_cast<uint8_t>(out[0] + cases::Random() % 17 - 8); break;
    default: break;
  }
}

// u of any kind: on the curve or its twist, of small order, from p upwards, with the top bit.
void PeerKey(uint8_t out[32]) {
  check::Fill(out, 32);
  static const auto order8 = check::Hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
  static const auto other8 = check::Hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157");
  switch (cases::Random() % 16) {
    case 0: std::memset(out, 0, 32); out[0] = static_cast<uint8_t>(cases::Random() % 20); break;
    case 1: std::memset(out, 0xff, 32); out[0] = static_cast<uint8_t>(0xe0 + cases::Random() % 32); out[31] = 0x7f; break;
    case 2: std::memcpy(out, (cases::Random() % 2 == 0 ? order8 : other8).data(), 32); break;
    default: return;
  }
  if (cases::Random() % 2 == 0) out[31] |= 0x80;
}

}  // namespace

CASE(TwinPublic, "twin: public keys are those of libsodium") {
  InGroups([](size_t size) {
    uint8_t secrets[kKernelLanes][33], outs[kKernelLanes][33], expected[32];
    const uint8_t* secret[kKernelLanes];
    uint8_t* out[kKernelLanes];
    for (size_t i = 0; i < size; i++) {
      secret[i] = secrets[i] + i % 2, out[i] = outs[i] + i % 2;
      Scalar32(secrets[i] + i % 2);
    }
    X25519PublicLanes(out, secret, size);
    long different = 0;
    for (size_t i = 0; i < size; i++) different += crypto_scalarmult_base(expected, secret[i]) != 0 || std::memcmp(out[i], expected, 32) != 0;
    return different;
  });
}

CASE(TwinShared, "twin: shared secrets are those of libsodium, weak keys too") {
  InGroups([](size_t size) {
    uint8_t secrets[kKernelLanes][33], peers[kKernelLanes][33], outs[kKernelLanes][33], expected[32];
    const uint8_t *secret[kKernelLanes], *peer[kKernelLanes];
    uint8_t* out[kKernelLanes];
    bool ok[kKernelLanes];
    for (size_t i = 0; i < size; i++) {
      secret[i] = secrets[i] + i % 2, peer[i] = peers[i] + i % 2, out[i] = outs[i] + i % 2;
      Scalar32(secrets[i] + i % 2);
      PeerKey(peers[i] + i % 2);
    }
    X25519SharedLanes(out, secret, peer, ok, size);
    long different = 0;
    for (size_t i = 0; i < size; i++) {
      const bool usable = crypto_scalarmult(expected, secret[i], peer[i]) == 0;
      different += ok[i] != usable || (usable ? std::memcmp(out[i], expected, 32) != 0 : !sodium_is_zero(out[i], 32));
    }
    return different;
  });
}

CASE(TwinSign, "twin: signatures are those of libsodium, of messages of all lengths to 600 and with keys whose halves do not belong together") {
  InGroups([](size_t size) {
    uint8_t secrets[kKernelLanes][65], messages[kKernelLanes][601], outs[kKernelLanes][65], expected[64], unused[32], seed[32];
    const uint8_t* secret[kKernelLanes];
    Bytes message[kKernelLanes];
    uint8_t* out[kKernelLanes];
    for (size_t i = 0; i < size; i++) {
      secret[i] = secrets[i] + i % 2, out[i] = outs[i] + i % 2;
      check::Fill(seed, sizeof seed);
      crypto_sign_seed_keypair(unused, secrets[i] + i % 2, seed);
      if (cases::Random() % 4 == 0) check::Fill(secrets[i] + i % 2, 64);
      message[i] = {messages[i] + i % 2, cases::Random() % (cases::Random() % 4 == 0 ? 600 : 150)};
      check::Fill(message[i].data, message[i].size);
    }
    Ed25519SignLanes(out, message, secret, size);
    long different = 0;
    for (size_t i = 0; i < size; i++) {
      crypto_sign_detached(expected, nullptr, message[i].data, message[i].size, secret[i]);
      different += std::memcmp(out[i], expected, 64) != 0;
    }
    return different;
  });
}

CASE(TwinVerify, "twin: verdicts are those of libsodium, on valid, mutated and hand-made signatures side by side") {
  long valid = 0, all = 0;
  InGroups([&](size_t size) {
    cases::Signed items[kKernelLanes];
    Bytes signature[kKernelLanes], message[kKernelLanes], publicKey[kKernelLanes];
    bool verdict[kKernelLanes];
    for (size_t i = 0; i < size; i++) {
      items[i] = cases::Random() % 32 == 0 ? cases::MadeByHand() : cases::Mutated();
      signature[i] = {items[i].signature, 64};
      message[i] = {items[i].message, items[i].size};
      publicKey[i] = {items[i].publicKey, 32};
    }
    Ed25519VerifyLanes(verdict, signature, message, publicKey, size);
    long different = 0;
    for (size_t i = 0; i < size; i++) {
      different += verdict[i] != cases::Theirs(items[i]);
      valid += verdict[i];
    }
    all += static_cast<long>(size);
    return different;
  });
  // Worth something only where both verdicts occur.
  CHECK(all == 0 || (valid > all / 8 && valid < all * 7 / 8));
}

CASE(TwinSecp256k1, "twin: verdicts on secp256k1 are those of libsecp256k1, on valid and mutated signatures side by side") {
  if (!Secp256k1Available()) return;
  long valid = 0, all = 0;
  InGroups([&](size_t size) {
    uint8_t signatures[kKernelLanes][73], digests[kKernelLanes][33], keys[kKernelLanes][34];
    Bytes signature[kKernelLanes], digest[kKernelLanes], publicKey[kKernelLanes];
    bool verdict[kKernelLanes];
    for (size_t i = 0; i < size; i++) {
      signature[i] = {signatures[i] + i % 2, 0};
      digest[i] = {digests[i] + i % 2, 32};
      publicKey[i] = {keys[i] + i % 2, 33};
      uint8_t secret[32];
      do Scalar32(secret);
      while (Secp256k1Public(publicKey[i].data, secret) != Fault::none);
      Scalar32(digest[i].data);
      Secp256k1Sign(signature[i].data, &signature[i].size, digest[i].data, secret);
      const Bytes spoilt = cases::Random() % 3 == 0 ? signature[i] : cases::Random() % 2 == 0 ? digest[i] : publicKey[i];
      if (cases::Random() % 2 == 0) spoilt.data[cases::Random() % spoilt.size] ^= static_cast<uint8_t>(1 << cases::Random() % 8);
    }
    Secp256k1VerifyLanes(verdict, signature, digest, publicKey, size);
    long different = 0;
    for (size_t i = 0; i < size; i++) {
      different += verdict[i] != Secp256k1Verify(signature[i], digest[i], publicKey[i], false);
      valid += verdict[i];
    }
    all += static_cast<long>(size);
    return different;
  });
  CHECK(all == 0 || (valid > all / 8 && valid < all * 7 / 8));
}

CASE(TwinMessageHash, "twin: hashes of messages of all lengths to 600 are those of libsodium") {
  InGroups([](size_t size) {
    uint8_t messages[kKernelLanes][601], hash[kKernelLanes][64], expected[64];
    Bytes message[kKernelLanes];
    for (size_t i = 0; i < size; i++) {
      message[i] = {messages[i] + i % 2, cases::Random() % (cases::Random() % 4 == 0 ? 600 : 150)};
      check::Fill(message[i].data, message[i].size);
    }
    MessageHashLanes(hash, message, size);
    long different = 0;
    for (size_t i = 0; i < size; i++) {
      crypto_hash_sha512(expected, message[i].data, message[i].size);
      different += std::memcmp(hash[i], expected, sizeof expected) != 0;
    }
    return different;
  });
}
