#include "core/edwards25519.h"

#include <sodium.h>

#include <cstring>

#include "check.h"
#include "core/ed25519.h"
#include "core/x25519.h"

using namespace handfast;

namespace {

// Ours for the whole scalar against libsodium's for the scalar modulo the group order, since libsodium ignores bit 255 and refuses the neutral element.
bool SameAsLibsodium(const uint8_t scalar[32]) {
  uint8_t wide[64] = {0}, reduced[32], ours[32], theirs[32] = {1};
  std::memcpy(wide, scalar, 32);
  crypto_core_ed25519_scalar_reduce(reduced, wide);
  EdwardsPoint point;
  EdwardsMultiplyBase(&point, scalar);
  EdwardsEncode(ours, point);
  if (!sodium_is_zero(reduced, 32) && crypto_scalarmult_ed25519_base_noclamp(theirs, reduced) != 0) return false;
  return std::memcmp(ours, theirs, 32) == 0;
}

}  // namespace

CASE(FixedBase, "a multiple of the base equals libsodium's for 20,000 random scalars of 256 bits") {
  int different = 0;
  for (int i = 0; i < 20000; i++) {
    uint8_t scalar[32];
    check::Fill(scalar, sizeof scalar);
    different += SameAsLibsodium(scalar) ? 0 : 1;
  }
  CHECK(different == 0);
}

CASE(FixedBaseEdges, "a multiple of the base equals libsodium's at the edges: every power of two and its neighbours, equal bytes, multiples of the order") {
  uint8_t one[32] = {1}, scalar[32];
  int different = 0;
  for (int bit = 0; bit < 256; bit++) {
    std::memset(scalar, 0, sizeof scalar);
    scalar[bit / 8] = static_cast<uint8_t>(1 << (bit % 8));
    different += SameAsLibsodium(scalar) ? 0 : 1;
    sodium_add(scalar, one, 32);
    different += SameAsLibsodium(scalar) ? 0 : 1;
    sodium_sub(scalar, one, 32);
    sodium_sub(scalar, one, 32);  // zero, then rows of ones, which carry through every digit
    different += SameAsLibsodium(scalar) ? 0 : 1;
  }
  for (int value = 0; value < 256; value++) {
    std::memset(scalar, value, sizeof scalar);
    different += SameAsLibsodium(scalar) ? 0 : 1;
  }
  const auto order = check::Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  std::memset(scalar, 0, sizeof scalar);
  for (int times = 1; times <= 15; times++) {
    sodium_add(scalar, order.data(), 32);
    uint8_t around[32];
    std::memcpy(around, scalar, 32);
    different += SameAsLibsodium(around) ? 0 : 1;
    sodium_add(around, one, 32);
    different += SameAsLibsodium(around) ? 0 : 1;
    sodium_sub(around, one, 32);
    sodium_sub(around, one, 32);
    different += SameAsLibsodium(around) ? 0 : 1;
  }
  CHECK(different == 0);
}

CASE(ClampedEdges, "a public key equals that of the ladder for the smallest and largest clamped scalars, all ones, and scalars around multiples of the order") {
  uint8_t scalar[32], ours[32], ladder[32], one[32] = {1};
  const auto order = check::Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  int different = 0;
  const auto compare = [&] {
    X25519Public(ours, scalar);
    different += crypto_scalarmult_base(ladder, scalar) == 0 && std::memcmp(ours, ladder, 32) == 0 ? 0 : 1;
  };
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000040", "f8ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000"}) {
    std::memcpy(scalar, check::Hex(hex).data(), 32);
    compare();
  }
  std::memset(scalar, 0, sizeof scalar);
  for (int times = 1; times <= 15; times++) {
    sodium_add(scalar, order.data(), 32);
    compare();
    // The multiples of 8 on both sides, since clamping clears the low bits.
    for (int i = 0; i < 8; i++) {
      sodium_add(scalar, one, 32);
      compare();
    }
    for (int i = 0; i < 8; i++) sodium_sub(scalar, one, 32);
  }
  CHECK(different == 0);
}

CASE(EdwardsWiped, "a wiped point is all zero") {
  uint8_t scalar[32];
  check::Fill(scalar, sizeof scalar);
  EdwardsPoint point;
  EdwardsMultiplyBase(&point, scalar);
  CHECK(!sodium_is_zero(reinterpret_cast<const uint8_t*>(&point), sizeof point));
  EdwardsWipe(&point);
  CHECK(sodium_is_zero(reinterpret_cast<const uint8_t*>(&point), sizeof point));
}

CASE(SignaturesAlike, "a signature equals libsodium's for 20,000 random keys and messages of 0 to 300 bytes") {
  int different = 0;
  for (int i = 0; i < 20000; i++) {
    uint8_t seed[32], publicKey[32], secretKey[64], message[300], ours[64], theirs[64];
    uint16_t length;
    check::Fill(seed, sizeof seed);
    check::Fill(message, sizeof message);
    check::Fill(&length, sizeof length);
    const size_t size = i < 301 ? static_cast<size_t>(i) : length % 301;
    crypto_sign_seed_keypair(publicKey, secretKey, seed);
    Ed25519Sign(ours, message, size, secretKey);
    crypto_sign_detached(theirs, nullptr, message, size, secretKey);
    different += std::memcmp(ours, theirs, 64) == 0 ? 0 : 1;
  }
  CHECK(different == 0);
}

CASE(SignsForTheGivenHalf, "a signature takes the public key from the secret key's second half, as libsodium does, and an empty message may be null") {
  uint8_t secretKey[64], ours[64], theirs[64];
  check::Fill(secretKey, sizeof secretKey);
  Ed25519Sign(ours, nullptr, 0, secretKey);
  crypto_sign_detached(theirs, nullptr, nullptr, 0, secretKey);
  CHECK(std::memcmp(ours, theirs, 64) == 0);
}
