#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "check.h"
#include "core/signature-equation.h"
#include "signature-cases.h"

using namespace cases;

CASE(Relations, "every challenge has its relation: u = v k modulo 8L, v odd, both of half length but for few") {
  int wrong = 0, bits = 0, longer = 0;
  for (int i = 0; i < 10000; i++) {
    const Scalar k = RandomScalar();
    wrong += IsRelation(ShortRelationOf(k.data()), k, &bits) ? 0 : 1;
    longer += bits > 131 ? 1 : 0;
  }
  CHECK(wrong == 0);
  CHECK(longer < 350);  // one in 64 is expected
  for (const Scalar& k : EdgeChallenges()) wrong += IsRelation(ShortRelationOf(k.data()), k, &bits) ? 0 : 1;
  CHECK(wrong == 0);
}

CASE(Equation, "the equation holds exactly without cofactor, whatever torsion key and R have and whatever the challenge is") {
  std::vector<Scalar> challenges = EdgeChallenges();
  for (int i = 0; i < 200; i++) challenges.push_back(RandomScalar());
  int wrong = 0, held = 0;
  unsigned pair = 0;
  for (const Scalar& k : challenges) {
    // Two of the 64 pairs of torsion for each challenge, the second one that fits.
    for (int i = 0; i < 2; i++, pair++) {
      const unsigned torsionOfA = pair / 2 % 8, torsionOfR = i == 1 ? (0u - k[0] * torsionOfA) % 8 : pair / 16 % 8;
      const Scalar secret = RandomScalar(), nonce = RandomScalar();
      uint8_t a[32], r[32];
      Mixed(a, secret, torsionOfA);
      Mixed(r, nonce, torsionOfR);
      EdwardsPoint pointOfA, pointOfR;
      CHECK(EdwardsDecode(&pointOfA, a) && EdwardsDecode(&pointOfR, r));
      Scalar s = Plus(nonce, Times(k, secret));
      const bool fits = (torsionOfR + k[0] * torsionOfA) % 8 == 0;
      wrong += SignatureEquationHolds(pointOfR, pointOfA, s.data(), k.data()) == fits ? 0 : 1;
      held += fits ? 1 : 0;
      wrong += SignatureEquationHolds(pointOfR, pointOfA, Plus(s, Small(1)).data(), k.data()) ? 1 : 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(held > 1000);
}

CASE(Decoding, "decoding and encoding are inverse, and what is not on the curve is not decoded, as libsodium says") {
  int wrong = 0, points = 0;
  for (int i = 0; i < 2000; i++) {
    uint8_t bytes[32], again[32];
    check::Fill(bytes, sizeof bytes);
    bytes[31] &= 0xbf;  // canonical
    EdwardsPoint point;
    const bool decoded = EdwardsDecode(&point, bytes);
    // libsodium has no such question for points outside of the subgroup, but adds none that are not on the curve.
    wrong += decoded == (crypto_core_ed25519_add(again, bytes, bytes) == 0) ? 0 : 1;
    if (!decoded) continue;
    points++;
    EdwardsEncode(again, point);
    wrong += std::memcmp(bytes, again, 32) == 0 ? 0 : 1;
    EdwardsDouble(&point);
    uint8_t ours[32];
    EdwardsEncode(ours, point);
    crypto_core_ed25519_add(again, bytes, bytes);
    wrong += std::memcmp(ours, again, 32) == 0 ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(points > 800 && points < 1200);
}

CASE(SameVerdicts, "verification says what libsodium says of random, mutated and hand-made signatures (HANDFAST_VERIFICATIONS: how many, 5,000 by default)") {
  const char* given = std::getenv("HANDFAST_VERIFICATIONS");
  const long count = given ? std::atol(given) : 5000;
  long different = 0, valid = 0, mixed = 0;
  for (long i = 0; i < count; i++) {
    Signed one = i % 2 == 0 ? Mutated() : MadeByHand();
    const bool theirs = Theirs(one);
    different += Ours(one) == theirs ? 0 : 1;
    valid += theirs ? 1 : 0;
    mixed += theirs && crypto_core_ed25519_is_valid_point(one.publicKey) == 0 ? 1 : 0;
  }
  CHECK(different == 0);
  // The comparison is worth something only where both verdicts occur, for keys with torsion too.
  CHECK(valid > count / 8 && valid < count * 7 / 8 && mixed > count / 100);
}

CASE(EveryBit, "a signature with any one bit turned, or a key, is refused") {
  Signed one;
  uint8_t secretKey[64];
  crypto_sign_keypair(one.publicKey, secretKey);
  one.size = sizeof one.message;
  check::Fill(one.message, sizeof one.message);
  crypto_sign_detached(one.signature, nullptr, one.message, one.size, secretKey);
  CHECK(Ours(one));
  int accepted = 0;
  for (int bit = 0; bit < 512; bit++) {
    one.signature[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    accepted += Ours(one) ? 1 : 0;
    one.signature[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  for (int bit = 0; bit < 256; bit++) {
    one.publicKey[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    accepted += Ours(one) ? 1 : 0;
    one.publicKey[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  CHECK(accepted == 0);
}
