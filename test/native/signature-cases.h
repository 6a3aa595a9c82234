// Signatures of all kinds for the tests of verification: made by hand, mutated, with torsion; challenges that a hash hardly ever gives; and how these are checked by libsodium.
#pragma once

#include <sodium.h>

#include <cstring>
#include <vector>

#include "check.h"
#include "core/ed25519.h"
#include "core/short-relation.h"

namespace cases {

using namespace handfast;

using Scalar = std::vector<uint8_t>;

inline const Scalar kOrder = check::Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

inline uint32_t Random() {
  uint32_t value;
  check::Fill(&value, sizeof value);
  return value;
}

inline Scalar RandomScalar() {
  uint8_t wide[64];
  check::Fill(wide, sizeof wide);
  Scalar scalar(32);
  crypto_core_ed25519_scalar_reduce(scalar.data(), wide);
  return scalar;
}

inline Scalar Small(uint64_t value) {
  Scalar scalar(32, 0);
  for (int i = 0; i < 8; i++) scalar[static_cast<size_t>(i)] = static_cast<uint8_t>(value >> (8 * i));
  return scalar;
}

inline Scalar PowerOfTwo(int bit) {
  Scalar scalar(32, 0);
  scalar[static_cast<size_t>(bit / 8)] = static_cast<uint8_t>(1 << (bit % 8));
  return scalar;
}

inline Scalar Negated(const Scalar& a) {
  Scalar out(32);
  crypto_core_ed25519_scalar_negate(out.data(), a.data());
  return out;
}

inline Scalar Times(const Scalar& a, const Scalar& b) {
  Scalar out(32);
  crypto_core_ed25519_scalar_mul(out.data(), a.data(), b.data());
  return out;
}

inline Scalar Plus(const Scalar& a, const Scalar& b) {
  Scalar out(32);
  crypto_core_ed25519_scalar_add(out.data(), a.data(), b.data());
  return out;
}

// Challenges that a hash gives hardly ever: tiny and huge ones, powers of two, and fractions n/d with small n or d, whose shortest relation is far from half as long, with the same plus
// a half, a quarter and so on, so that the shortest has an even v.
inline std::vector<Scalar> EdgeChallenges() {
  std::vector<Scalar> all;
  const auto add = [&](const Scalar& k) {
    all.push_back(k);
    all.push_back(Negated(k));
  };
  for (uint64_t n = 0; n < 20; n++) add(Small(n));
  for (int bit = 0; bit < 253; bit++) add(PowerOfTwo(bit));
  for (int bits = 1; bits < 252; bits += 3) {
    Scalar inverse(32), numerator(32, 0), denominator(32, 0);
    check::Fill(numerator.data(), static_cast<size_t>(1 + Random() % 16));
    check::Fill(denominator.data(), static_cast<size_t>((bits + 7) / 8));
    denominator[static_cast<size_t>(bits / 8)] = static_cast<uint8_t>(denominator[static_cast<size_t>(bits / 8)] | 1 << (bits % 8));
    denominator[31] &= 15;
    for (int even = 0; even < 2; even++) {
      denominator[0] = static_cast<uint8_t>(even ? denominator[0] & 0xf0 : denominator[0] | 1);
      if (crypto_core_ed25519_scalar_invert(inverse.data(), denominator.data()) != 0) continue;
      add(inverse);
      add(Times(inverse, numerator));
    }
  }
  return all;
}

// times * T, where T has order 8, encoded.
inline void Torsion(uint8_t out[32], unsigned times) {
  const auto first = check::Hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  std::memset(out, 0, 32);
  out[0] = 1;
  for (unsigned i = 0; i < times; i++) crypto_core_ed25519_add(out, out, first.data());
}

// scalar * B + times * T, encoded.
inline void Mixed(uint8_t out[32], const Scalar& scalar, unsigned times) {
  uint8_t torsion[32];
  Torsion(torsion, times);
  if (crypto_scalarmult_ed25519_base_noclamp(out, scalar.data()) != 0) {
    std::memcpy(out, torsion, 32);
    return;
  }
  crypto_core_ed25519_add(out, out, torsion);
}

struct Signed {
  uint8_t signature[64], publicKey[32], message[64];
  size_t size;
};

inline bool Theirs(const Signed& one) { return crypto_sign_verify_detached(one.signature, one.message, one.size, one.publicKey) == 0; }
inline bool Ours(Signed& one) { return Ed25519Verify({one.signature, 64}, {one.message, one.size}, {one.publicKey, 32}); }

// Another encoding that some verifiers take for the same point: y + p where that fits, or the other sign.
inline void MaybeOther(uint8_t encoded[32]) {
  if (Random() % 4 != 0) return;
  bool small = encoded[0] < 19 && (encoded[31] & 0x7f) == 0;
  for (int i = 1; i < 31; i++) small = small && encoded[i] == 0;
  if (small) {
    encoded[0] = static_cast<uint8_t>(encoded[0] + 0xed);
    for (int i = 1; i < 31; i++) encoded[i] = 0xff;
    encoded[31] |= 0x7f;
  } else {
    encoded[31] ^= 0x80;
  }
}

// A signature made by hand. Key and R may have torsion or be of small order, which verifiers with and without the cofactor see differently.
inline Signed MadeByHand() {
  Signed one;
  one.size = Random() % 65;
  check::Fill(one.message, sizeof one.message);
  const Scalar secret = Random() % 8 == 0 ? Small(0) : RandomScalar(), nonce = Random() % 8 == 0 ? Small(0) : RandomScalar();
  const unsigned torsionOfA = Random() % 2 == 0 ? 0 : Random() % 8;
  unsigned torsionOfR = Random() % 2 == 0 ? 0 : Random() % 8;
  Mixed(one.publicKey, secret, torsionOfA);
  MaybeOther(one.publicKey);
  const bool fitting = Random() % 2 == 0;
  Scalar challenge(32);
  // Where it is to hold without the cofactor, R is taken anew until its torsion is that of -kA.
  for (int tries = 0; tries < 200; tries++) {
    Mixed(one.signature, nonce, torsionOfR);
    if (tries == 0) MaybeOther(one.signature);
    uint8_t wide[64];
    crypto_hash_sha512_state hash;
    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, one.signature, 32);
    crypto_hash_sha512_update(&hash, one.publicKey, 32);
    crypto_hash_sha512_update(&hash, one.message, one.size);
    crypto_hash_sha512_final(&hash, wide);
    crypto_core_ed25519_scalar_reduce(challenge.data(), wide);
    if (!fitting || (torsionOfR + challenge[0] * torsionOfA) % 8 == 0) break;
    torsionOfR = Random() % 8;
  }
  Scalar s = Plus(nonce, Times(challenge, secret));
  for (unsigned times = Random() % 8 == 0 ? Random() % 16 : 0; times > 0; times--) sodium_add(s.data(), kOrder.data(), 32);
  std::memcpy(one.signature + 32, s.data(), 32);
  return one;
}

// A point that is on the curve or not, canonical or not, of small order or not.
inline void Strange(uint8_t out[32]) {
  switch (Random() % 3) {
    case 0: Torsion(out, Random() % 8); break;
    case 1:
      std::memset(out, Random() % 2 == 0 ? 0xff : 0, 32);
      if (out[0] == 0xff) out[31] = 0x7f;
      out[0] = static_cast<uint8_t>(out[0] == 0 ? Random() % 20 : 0xe0 + Random() % 32);
      break;
    default: check::Fill(out, 32);
  }
  if (Random() % 2 == 0) out[31] ^= 0x80;
}

inline Signed Valid() {
  Signed one;
  uint8_t secretKey[64];
  one.size = Random() % 65;
  check::Fill(one.message, sizeof one.message);
  crypto_sign_keypair(one.publicKey, secretKey);
  crypto_sign_detached(one.signature, nullptr, one.message, one.size, secretKey);
  return one;
}

inline Signed Mutated() {
  Signed one = Valid();
  switch (Random() % 8) {
    case 0: one.signature[Random() % 64] ^= static_cast<uint8_t>(1 << Random() % 8); break;
    case 1: one.publicKey[Random() % 32] ^= static_cast<uint8_t>(1 << Random() % 8); break;
    case 2: one.message[Random() % 64] ^= static_cast<uint8_t>(1 << Random() % 8); break;
    case 3: Strange(one.publicKey); break;
    case 4: Strange(one.signature); break;
    case 5: check::Fill(one.signature, 64); break;
    case 6: {
      // s = L - 1, L, L + 1 and so on, or 0.
      uint8_t step[32] = {static_cast<uint8_t>(Random() % 3)};
      std::memcpy(one.signature + 32, kOrder.data(), 32);
      if (Random() % 2 == 0) sodium_add(one.signature + 32, step, 32);
      else sodium_sub(one.signature + 32, step, 32);
      if (Random() % 4 == 0) std::memset(one.signature + 32, 0, 32);
      break;
    }
    default: break;  // as it is
  }
  return one;
}

// Whether u = v k or u = -v k modulo 8L with v odd, and how long u is.
inline bool IsRelation(const ShortRelation& relation, const Scalar& k, int* bitsOfU) {
  // Modulo L and modulo 8 together are modulo 8L.
  uint8_t wide[64] = {0}, v[64] = {0}, u[32], reducedV[32];
  for (int i = 0; i < 32; i++) wide[i] = static_cast<uint8_t>(relation.u[i / 8] >> (8 * (i % 8)));
  for (int i = 0; i < 16; i++) v[i] = static_cast<uint8_t>(relation.v >> (8 * i));
  crypto_core_ed25519_scalar_reduce(u, wide);
  crypto_core_ed25519_scalar_reduce(reducedV, v);
  Scalar product = Times(Scalar(reducedV, reducedV + 32), k);
  unsigned eighth = static_cast<unsigned>(v[0]) * k[0];
  if (relation.negative) {
    product = Negated(product);
    eighth = 0u - eighth;
  }
  *bitsOfU = 0;
  for (int i = 0; i < 256; i++) {
    if (wide[i / 8] >> (i % 8) & 1) *bitsOfU = i + 1;
  }
  return relation.v % 2 == 1 && std::memcmp(product.data(), u, 32) == 0 && eighth % 8 == wide[0] % 8u;
}

}  // namespace cases
