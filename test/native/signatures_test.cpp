#include <sodium.h>

#include <cstring>
#include <vector>

#include "check.h"
#include "core/batch.h"
#include "core/der.h"
#include "core/ed25519.h"
#include "core/hash.h"
#include "core/secp256k1.h"

using namespace handfast;

CASE(Usable, "keys of small order and non-canonical ones are not usable, whatever their sign bit") {
  uint8_t key[32];
  for (const char* bad : {"0000000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000000",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"}) {
    std::memcpy(key, check::Hex(bad).data(), 32);
    CHECK(!Ed25519Usable(key));
    key[31] |= 0x80;
    CHECK(!Ed25519Usable(key));
  }
  std::memcpy(key, check::Hex("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f").data(), 32);
  CHECK(Ed25519Usable(key));
  for (int i = 0; i < 100; i++) {
    uint8_t seed[32], secret[64];
    check::Fill(seed, sizeof seed);
    Ed25519KeyPair(key, secret, seed);
    CHECK(Ed25519Usable(key));
  }
}

CASE(ExactLengths, "a signature or key of another length is not valid") {
  uint8_t seed[32], key[40], secret[64], signature[80] = {0}, message[5] = {1, 2, 3, 4, 5};
  check::Fill(seed, sizeof seed);
  Ed25519KeyPair(key, secret, seed);
  Ed25519Sign(signature, message, 5, secret);
  for (size_t size = 0; size <= 80; size++) CHECK(Ed25519Verify({signature, size}, {message, 5}, {key, 32}) == (size == 64));
  for (size_t size = 0; size <= 40; size++) CHECK(Ed25519Verify({signature, 64}, {message, 5}, {key, size}) == (size == 32));
}

CASE(Der, "only minimal positive DER of 8 to 72 bytes has a compact form") {
  uint8_t out[64];
  const auto reads = [&](const char* text) {
    std::vector<uint8_t> der = check::Hex(text);
    return CompactOfDer(out, {der.data(), der.size()});
  };
  CHECK(reads("3006020101020101"));
  CHECK(out[31] == 1 && out[63] == 1);
  CHECK(reads("300702020080020101"));
  CHECK(!reads("3006020181020101"));      // negative
  CHECK(!reads("300702020001020101"));    // padded
  CHECK(!reads("30060201010201"));        // cut
  CHECK(!reads("300602010102010100"));    // something behind
  CHECK(!reads("3007020101020101"));      // length beyond the end
  CHECK(!reads("30810602010102" "0101"));  // long form
  CHECK(!reads("3005020002010101"));      // empty integer
  CHECK(!reads("3106020101020101"));
  CHECK(!reads(""));
}

CASE(Secp256k1Rules, "secp256k1: high-S only where allowed, hybrid keys never, digests above the order as below") {
  if (!Secp256k1Available()) {
    std::printf("  built without libsecp256k1: not tested\n");
    return;
  }
  uint8_t secret[32], digest[32], key[33], der[72];
  size_t size = 0;
  check::Fill(secret, sizeof secret);
  std::memset(digest, 0xff, sizeof digest);  // above the order
  CHECK(Secp256k1Public(key, secret) == Fault::none);
  CHECK(Secp256k1Sign(der, &size, digest, secret) == Fault::none);
  CHECK(size >= 8 && size <= 72);
  CHECK(Secp256k1Verify({der, size}, {digest, 32}, {key, 33}, true));
  uint8_t hybrid[33];
  std::memcpy(hybrid, key, 33);
  hybrid[0] = 6;
  CHECK(!Secp256k1Verify({der, size}, {digest, 32}, {hybrid, 33}, false));
  CHECK(!Secp256k1Verify({der, size}, {digest, 31}, {key, 33}, false));
  for (size_t cut = 0; cut < size; cut++) CHECK(!Secp256k1Verify({der, cut}, {digest, 32}, {key, 33}, false));
  const uint8_t zero[32] = {0};
  const auto order = check::Hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  CHECK(Secp256k1Public(key, zero) == Fault::bad_key);
  CHECK(Secp256k1Public(key, order.data()) == Fault::bad_key);
  CHECK(Secp256k1Sign(der, &size, digest, zero) == Fault::bad_key);
  CHECK(Secp256k1Sign(der, &size, digest, order.data()) == Fault::bad_key);
}

CASE(Batches, "a batch gives each item the answer it would have alone") {
  uint8_t secrets[3][64], outs[6][72], seed[32], edSecret[64], edPublic[32], message[3] = {7, 8, 9}, zero[32] = {0};
  check::Fill(seed, sizeof seed);
  Ed25519KeyPair(edPublic, edSecret, seed);
  uint8_t signature[64];
  Ed25519Sign(signature, message, 3, edSecret);
  Work work[6] = {};
  work[0] = {Op::keygen, {secrets[0], 32}, {}, {}, {}, {outs[0], 32}, 9};
  work[1] = {Op::keygen, {secrets[1], 32}, {}, {}, {}, {outs[1], 32}, 9};
  work[2] = {Op::sign, {edSecret, 64}, {message, 3}, {}, {}, {outs[2], 64}, 9};
  work[3] = {Op::verify, {}, {message, 3}, {edPublic, 32}, {signature, 64}, {}, 9};
  work[4] = {Op::verify, {}, {message, 2}, {edPublic, 32}, {signature, 64}, {}, 9};
  work[5] = {Op::dh, {edSecret, 32}, {}, {zero, 32}, {}, {outs[5], 32}, 9};
  RunWork(work, 6);
  CHECK(work[0].result == 1 && work[1].result == 1 && std::memcmp(outs[0], outs[1], 32) != 0);
  CHECK(std::memcmp(outs[2], signature, 64) == 0);
  CHECK(work[3].result == 1 && work[4].result == 0 && work[5].result == 0);
}

CASE(HashVectors, "BLAKE2b of RFC 7693, HKDF case 1 of RFC 5869, and parts are hashed as if joined") {
  uint8_t out[64];
  uint8_t abc[3] = {'a', 'b', 'c'};
  const Bytes whole{abc, 3};
  Blake2b({out, 64}, &whole, 1, {}, nullptr, nullptr);
  CHECK(std::memcmp(out,
                    check::Hex("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923").data(),
                    64) == 0);
  uint8_t again[64];
  const Bytes parts[3] = {{abc, 1}, {abc + 1, 0}, {abc + 1, 2}};
  Blake2b({again, 64}, parts, 3, {}, nullptr, nullptr);
  CHECK(std::memcmp(out, again, 64) == 0);
  auto ikm = check::Hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), salt = check::Hex("000102030405060708090a0b0c"), info = check::Hex("f0f1f2f3f4f5f6f7f8f9");
  uint8_t okm[42];
  HkdfSha256({okm, 42}, {ikm.data(), ikm.size()}, {salt.data(), salt.size()}, {info.data(), info.size()});
  CHECK(std::memcmp(okm, check::Hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865").data(), 42) == 0);
}
