#include "core/x25519.h"

#include <sodium.h>

#include <cstring>

#include "check.h"
#include "core/field25519.h"

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
