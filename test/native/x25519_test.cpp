#include "core/x25519.h"

#include <sodium.h>

#include <cstring>
#include <vector>

#include "check.h"
#include "core/field25519.h"
#include "core/words25519-adx.h"
#include "core/x25519-adx.h"

using namespace handfast;

CASE(SameAsTheLadder, "a public key equals that of the Montgomery ladder for 100,000 random scalars") {
  int different = 0;
  for (int i = 0; i < 100000; i++) {
    uint8_t secret[32], ours[32], ladder[32];
    check::Fill(secret, sizeof secret);
    X25519Public(ours, secret);
    if (crypto_scalarmult_base(ladder, secret) != 0 || std::memcmp(ours, ladder, 32) != 0) different++;
  }
  CHECK(different == 0);
}

CASE(EdgeScalars, "a public key equals that of the ladder for scalars at the edges") {
  const auto same = [](const uint8_t secret[32]) {
    uint8_t ours[32], ladder[32];
    X25519Public(ours, secret);
    return crypto_scalarmult_base(ladder, secret) == 0 && std::memcmp(ours, ladder, 32) == 0;
  };
  uint8_t secret[32];
  for (int value : {0, 1, 8, 9, 127, 128, 255}) {
    std::memset(secret, value, sizeof secret);
    CHECK(same(secret));
    std::memset(secret, 0, sizeof secret);
    secret[0] = static_cast<uint8_t>(value);
    CHECK(same(secret));
    std::memset(secret, 0, sizeof secret);
    secret[31] = static_cast<uint8_t>(value);
    CHECK(same(secret));
  }
  // The group order and its neighbours.
  const auto order = check::Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  for (int add = -2; add <= 2; add++) {
    std::memcpy(secret, order.data(), 32);
    secret[0] = static_cast<uint8_t>(secret[0] + add);
    CHECK(same(secret));
  }
}

CASE(Rfc7748, "the vectors of RFC 7748 section 6.1") {
  const auto secret = check::Hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  const auto expected = check::Hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  uint8_t out[32];
  X25519Public(out, secret.data());
  CHECK(std::memcmp(out, expected.data(), 32) == 0);
}

CASE(SmallOrder, "a peer key of small order is weak and leaves zeros") {
  uint8_t secret[32], shared[32], zero[32] = {0};
  check::Fill(secret, sizeof secret);
  for (const char* key : {"0000000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000000",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"}) {
    std::memset(shared, 0xff, sizeof shared);
    CHECK(X25519Shared(shared, secret, check::Hex(key).data()) == Fault::weak_key);
    CHECK(std::memcmp(shared, zero, 32) == 0);
  }
}

CASE(SharedAlike, "a shared secret equals libsodium's for 4,000 random keys, with every bit of the scalar and non-canonical public keys among them") {
  int different = 0;
  for (int i = 0; i < 4000; i++) {
    uint8_t secret[32], key[32], ours[32], theirs[32];
    check::Fill(secret, sizeof secret);
    check::Fill(key, sizeof key);
    if (i < 256) {
      std::memset(secret, i % 2 == 0 ? 0 : 0xff, sizeof secret);
      secret[i / 8] ^= static_cast<uint8_t>(1 << i % 8);
    } else if (i < 512) {
      // u from p - 13 to 2^255 - 1 and the same with the top bit, then small ones.
      std::memset(key, i < 384 ? 0xff : 0, sizeof key);
      key[0] = static_cast<uint8_t>(i < 384 ? 0xe0 + i % 32 : i % 32);
      key[31] = static_cast<uint8_t>(i < 384 ? (i < 320 ? 0x7f : 0xff) : (i < 448 ? 0 : 0x80));
    }
    const bool usable = crypto_scalarmult(theirs, secret, key) == 0;
    different += (X25519Shared(ours, secret, key) == Fault::none) == usable && (!usable || std::memcmp(ours, theirs, 32) == 0) ? 0 : 1;
    if (!X25519AdxAvailable()) continue;
    X25519Adx(ours, secret, key);
    different += usable ? std::memcmp(ours, theirs, 32) != 0 : !sodium_is_zero(ours, 32);
  }
  CHECK(different == 0);
}

CASE(SharedRfc7748, "the vectors of RFC 7748 section 5.2, iterated 1,000 times too") {
  uint8_t out[32];
  CHECK(X25519Shared(out, check::Hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4").data(),
                     check::Hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c").data()) == Fault::none);
  CHECK(std::memcmp(out, check::Hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552").data(), 32) == 0);
  uint8_t k[32] = {9}, u[32] = {9};
  for (int i = 0; i < 1000; i++) {
    CHECK(X25519Shared(out, k, u) == Fault::none);
    std::memcpy(u, k, 32);
    std::memcpy(k, out, 32);
  }
  CHECK(std::memcmp(k, check::Hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51").data(), 32) == 0);
}

#if HANDFAST_ADX
CASE(WordsAlike, "words and limbs calculate alike, at the edges of what four words hold as well") {
  if (!X25519AdxAvailable()) {
    std::printf("  this processor has no ADX: not tested\n");
    return;
  }
  std::vector<Words> values;
  for (uint64_t w0 : {uint64_t{0}, uint64_t{1}, uint64_t{37}, uint64_t{38}, uint64_t{39}, ~uint64_t{0} - 38, ~uint64_t{0} - 37, ~uint64_t{0} - 36, ~uint64_t{0} - 18, ~uint64_t{0}}) {
    for (uint64_t rest : {uint64_t{0}, ~uint64_t{0}}) {
      for (uint64_t w3 : {uint64_t{0}, ~uint64_t{0} >> 1, ~uint64_t{0}}) values.push_back({{w0, rest, rest, w3}});
    }
  }
  for (int i = 0; i < 60; i++) {
    Words random;
    check::Fill(&random, sizeof random);
    values.push_back(random);
  }
  int different = 0;
  const auto compare = [&](const Words& words, const Field& field) {
    uint8_t ours[32], other[32];
    FieldToBytes(ours, WordsToField(words));
    FieldToBytes(other, field);
    different += std::memcmp(ours, other, 32) == 0 ? 0 : 1;
  };
  for (const Words& a : values) {
    const Field fieldOfA = WordsToField(a);
    Words out;
    WordsSquare(&out, &a);
    compare(out, FieldSquare(fieldOfA));
    for (const Words& b : values) {
      const Field fieldOfB = WordsToField(b);
      out = a;
      WordsMultiply(&out, &b);
      compare(out, FieldMultiply(fieldOfA, fieldOfB));
      WordsAdd(&out, &a, &b);
      compare(out, FieldAdd(fieldOfA, fieldOfB));
      WordsSubtract(&out, &a, &b);
      compare(out, FieldSubtract(fieldOfA, fieldOfB));
      WordsMultiplyAdd121665(&out, &a, &b);
      compare(out, FieldAdd(FieldMultiply(fieldOfA, Field{{121665, 0, 0, 0, 0}}), fieldOfB));
      WordsSelect(&out, &a, &b, 0);
      different += std::memcmp(&out, &a, sizeof out) == 0 ? 0 : 1;
      WordsSelect(&out, &a, &b, 1);
      different += std::memcmp(&out, &b, sizeof out) == 0 ? 0 : 1;
    }
  }
  CHECK(different == 0);
}
#endif

CASE(FieldLimits, "operands at the largest limbs allowed are multiplied without overflow, and products are reduced") {
  const uint64_t most = (uint64_t{1} << 54) - 1;
  int wrong = 0;
  for (int i = 0; i < 2000; i++) {
    Field a, b;
    check::Fill(&a, sizeof a);
    check::Fill(&b, sizeof b);
    for (int j = 0; j < 5; j++) {
      a.limb[j] = i % 2 == 0 || (i >> (1 + j) & 1) ? most : a.limb[j] & most;
      b.limb[j] = i % 4 < 2 || (i >> (3 + j) & 1) ? most : b.limb[j] & most;
    }
    uint8_t bytesOfA[32], bytesOfB[32], large[32], small[32];
    FieldToBytes(bytesOfA, a);
    FieldToBytes(bytesOfB, b);
    const Field product = FieldMultiply(a, b), square = FieldSquare(a);
    for (int j = 0; j < 5; j++) wrong += product.limb[j] >= (uint64_t{1} << 51) + (1 << 17) || square.limb[j] >= (uint64_t{1} << 51) + (1 << 17) ? 1 : 0;
    FieldToBytes(large, product);
    FieldToBytes(small, FieldMultiply(FieldFromBytes(bytesOfA), FieldFromBytes(bytesOfB)));
    wrong += std::memcmp(large, small, 32) == 0 ? 0 : 1;
    FieldToBytes(large, square);
    FieldToBytes(small, FieldSquare(FieldFromBytes(bytesOfA)));
    wrong += std::memcmp(large, small, 32) == 0 ? 0 : 1;
  }
  CHECK(wrong == 0);
}

CASE(FieldInverse, "a field element times its inverse is one, and the inverse of zero is zero") {
  uint8_t one[32] = {1}, zero[32] = {0}, out[32];
  for (int i = 0; i < 2000; i++) {
    uint8_t bytes[32];
    check::Fill(bytes, sizeof bytes);
    const Field a = FieldFromBytes(bytes);
    FieldToBytes(out, FieldMultiply(a, FieldInvert(a)));
    CHECK(std::memcmp(out, one, 32) == 0);
    FieldToBytes(out, FieldSubtract(FieldSquare(a), FieldMultiply(a, a)));
    CHECK(std::memcmp(out, zero, 32) == 0);
  }
  FieldToBytes(out, FieldInvert(Field{{0, 0, 0, 0, 0}}));
  CHECK(std::memcmp(out, zero, 32) == 0);
}

CASE(FieldCanonical, "encodings at and above the prime come out reduced") {
  struct {
    const char* in;
    const char* out;
  } const cases[] = {
      {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
      {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "0000000000000000000000000000000000000000000000000000000000000000"},
      {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "0100000000000000000000000000000000000000000000000000000000000000"},
      {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "1200000000000000000000000000000000000000000000000000000000000000"},
      {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "1200000000000000000000000000000000000000000000000000000000000000"},
  };
  for (const auto& one : cases) {
    uint8_t out[32];
    FieldToBytes(out, FieldFromBytes(check::Hex(one.in).data()));
    CHECK(std::memcmp(out, check::Hex(one.out).data(), 32) == 0);
  }
}
