// What a handshake costs in C over the same static libsodium, for the JavaScript figures to be held against. One operation is both sides of a signed exchange on one core:
// 2 x (X25519 key pair by crypto_scalarmult_base, crypto_scalarmult, Ed25519 signature over 200 bytes, its verification). Then the same with our key generation, and with our signing as well. Prints one line of JSON.
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "clock.h"
#include "core/ed25519.h"
#include "core/x25519.h"

namespace {

struct Side {
  unsigned char identity[32], identitySecret[64];
  unsigned char ephemeral[32], ephemeralSecret[32];
  unsigned char shared[32], signature[64], message[200];
};

void Expect(bool held) {
  if (held) return;
  std::fputs("a handshake failed\n", stderr);
  std::exit(1);
}

template <typename KeyGen, typename Sign>
void Handshake(Side sides[2], KeyGen&& keyGen, Sign&& sign) {
  for (int i = 0; i < 2; i++) {
    randombytes_buf(sides[i].ephemeralSecret, 32);
    keyGen(sides[i].ephemeral, sides[i].ephemeralSecret);
  }
  for (int i = 0; i < 2; i++) {
    Side& own = sides[i];
    const Side& other = sides[1 - i];
    Expect(crypto_scalarmult(own.shared, own.ephemeralSecret, other.ephemeral) == 0);
    std::memcpy(own.message, own.ephemeral, 32);
    std::memcpy(own.message + 32, other.ephemeral, 32);
    sign(own.signature, own.message, sizeof own.message, own.identitySecret);
  }
  for (int i = 0; i < 2; i++) {
    const Side& other = sides[1 - i];
    Expect(crypto_sign_verify_detached(other.signature, other.message, sizeof other.message, other.identity) == 0);
  }
  Expect(std::memcmp(sides[0].shared, sides[1].shared, 32) == 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  Side sides[2];
  std::memset(sides, 0, sizeof sides);
  for (Side& side : sides) crypto_sign_keypair(side.identity, side.identitySecret);
  const auto keyGen = [](unsigned char* out, const unsigned char* key) { crypto_scalarmult_base(out, key); };
  const auto sign = [](unsigned char* out, const unsigned char* message, size_t size, const unsigned char* key) { crypto_sign_detached(out, nullptr, message, size, key); };
  const std::vector<double> took = MediansInTurn(rounds * 10, 100,
                                                 {[&] { Handshake(sides, keyGen, sign); }, [&] { Handshake(sides, handfast::X25519Public, sign); },
                                                  [&] { Handshake(sides, handfast::X25519Public, handfast::Ed25519Sign); }});
  std::printf("{\"suite\":\"handshake-loop\",\"libsodium\":\"%s\",\"opsPerSecond\":%.0f,\"nsPerOp\":%.0f,\"withOurKeyGeneration\":{\"opsPerSecond\":%.0f,\"nsPerOp\":%.0f},"
              "\"withOurSigningToo\":{\"opsPerSecond\":%.0f,\"nsPerOp\":%.0f}}\n",
              sodium_version_string(), 1e9 / took[0], took[0], 1e9 / took[1], took[1], 1e9 / took[2], took[2]);
  return 0;
}
