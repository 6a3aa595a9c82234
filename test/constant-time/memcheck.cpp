// Constant time as valgrind sees it: secrets are marked as undefined, and memcheck complains about every branch and every address that depends on something undefined. Valgrind has no AVX-512, and
// asked for the kernels it would be shown what runs instead of them; so what runs here are the same templates over a vector of one word, named one by one.
// Prints a line for each function: its name, and how many complaints it caused. Exit code 1 where there should be none, or where the control causes none.
#include <sodium.h>
#include <valgrind/memcheck.h>

#include <cstdio>
#include <cstring>

#include "core/ed25519.h"
#include "core/hash.h"
#include "core/x25519-adx.h"
#include "core/x25519.h"
#include "core/xtea256.h"
#include "lanes/poly1305-words.h"
#include "lanes/vector-scalar.h"
#include "lanes/x25519-scalar.h"
//
#include "lanes/public-lanes.h"
#include "lanes/sign-lanes.h"

namespace handfast {
namespace {

int failures = 0;

template <class Run>
void Watch(const char* name, bool leaks, const Run& run) {
  const unsigned before = VALGRIND_COUNT_ERRORS;
  const bool right = run();
  const unsigned found = VALGRIND_COUNT_ERRORS - before;
  const bool held = right && (found != 0) == leaks;
  if (!held) failures++;
  std::printf("%s %-34s %u%s%s\n", held ? "ok  " : "FAIL", name, found, leaks ? " (control: must be found)" : "", right ? "" : " WRONG RESULT");
}

struct Secret {
  uint8_t bytes[64];

  explicit Secret(size_t size) {
    randombytes_buf(bytes, sizeof bytes);
    std::memcpy(known, bytes, sizeof bytes);
    VALGRIND_MAKE_MEM_UNDEFINED(bytes, size);
  }
  // The same bytes, which memcheck lets anything be done with.
  uint8_t known[64];
};

void Reveal(const void* data, size_t size) { VALGRIND_MAKE_MEM_DEFINED(data, size); }

bool SharedScalar() {
  const Secret secret(32);
  uint8_t peerSecret[32], peer[32], out[32], expected[32];
  randombytes_buf(peerSecret, 32);
  X25519Public(peer, peerSecret);
  uint8_t* const outs[1] = {out};
  const uint8_t* const secrets[1] = {secret.bytes};
  const uint8_t* const peers[1] = {peer};
  bool ok[1];
  X25519SharedScalar(outs, secrets, peers, ok, 1);
  Reveal(out, 32);
  Reveal(ok, sizeof ok);
  return ok[0] && crypto_scalarmult(expected, secret.known, peer) == 0 && std::memcmp(out, expected, 32) == 0;
}

bool PublicScalar() {
  const Secret secret(32);
  uint8_t out[32], expected[32];
  uint8_t* const outs[1] = {out};
  const uint8_t* const secrets[1] = {secret.bytes};
  X25519PublicTogether<VectorScalar>(outs, secrets, 1);
  Reveal(out, 32);
  return crypto_scalarmult_base(expected, secret.known) == 0 && std::memcmp(out, expected, 32) == 0;
}

bool SharedAdx() {
  const Secret secret(32);
  uint8_t peerSecret[32], peer[32], out[32], expected[32];
  randombytes_buf(peerSecret, 32);
  X25519Public(peer, peerSecret);
  X25519Adx(out, secret.bytes, peer);
  Reveal(out, 32);
  return crypto_scalarmult(expected, secret.known, peer) == 0 && std::memcmp(out, expected, 32) == 0;
}

bool Public() {
  const Secret secret(32);
  uint8_t out[32], expected[32];
  X25519Public(out, secret.bytes);
  Reveal(out, 32);
  return crypto_scalarmult_base(expected, secret.known) == 0 && std::memcmp(out, expected, 32) == 0;
}

template <class SignOne>
bool Signs(const SignOne& sign) {
  static uint8_t message[200] = {1, 2, 3};
  uint8_t publicKey[32], secretKey[64], out[64], expected[64];
  crypto_sign_keypair(publicKey, secretKey);
  crypto_sign_detached(expected, nullptr, message, sizeof message, secretKey);
  VALGRIND_MAKE_MEM_UNDEFINED(secretKey, 32);
  sign(out, Bytes{message, sizeof message}, secretKey);
  Reveal(out, 64);
  return std::memcmp(out, expected, 64) == 0;
}

bool Sign() {
  return Signs([](uint8_t* out, Bytes message, const uint8_t* secretKey) { Ed25519Sign(out, message.data, message.size, secretKey); });
}

bool SignScalar() {
  return Signs([](uint8_t* out, Bytes message, const uint8_t* secretKey) { Ed25519SignTogether<VectorScalar>(&out, &message, &secretKey, 1); });
}

bool Xtea() {
  const Secret secret(32);
  uint8_t data[1024] = {7}, out[1024];
  Xtea256Encrypt(out, data, sizeof data, secret.bytes, 64);
  Xtea256Decrypt(out, out, sizeof out, secret.bytes, 64);
  Reveal(out, sizeof out);
  return std::memcmp(out, data, sizeof data) == 0;
}

bool Derive() {
  const Secret secret(32);
  uint8_t context[8] = {1}, out[32], expected[32];
  Kdf(out, secret.bytes, 5, context);
  Reveal(out, 32);
  return crypto_kdf_derive_from_key(expected, 32, 5, reinterpret_cast<const char*>(context), secret.known) == 0 && std::memcmp(out, expected, 32) == 0;
}

bool Poly() {
  const Secret secret(32);
  uint8_t text[80] = {9}, tag[16], expected[16];
  {
    Poly1305Words poly(secret.bytes);
    poly.AddPadded({text, sizeof text});
    poly.End(tag);
  }
  Reveal(tag, 16);
  return crypto_onetimeauth_poly1305(expected, text, sizeof text, secret.known) == 0 && std::memcmp(tag, expected, 16) == 0;
}

// Leaves at the first byte that differs, as no compare of secrets may.
__attribute__((noinline)) bool EarlyOut(const uint8_t* a, const uint8_t* b, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

bool Leaky() {
  const Secret secret(32);
  volatile bool same = EarlyOut(secret.bytes, secret.known, 32);
  return same;
}

bool Compare() {
  const Secret secret(32);
  int same = sodium_memcmp(secret.bytes, secret.known, 32);
  Reveal(&same, sizeof same);
  return same == 0;
}

}  // namespace
}  // namespace handfast

int main() {
  using namespace handfast;
  if (sodium_init() < 0 || !RUNNING_ON_VALGRIND) {
    std::puts("run this under valgrind: npm run test:ct");
    return 2;
  }
  Watch("compare that leaves early", true, Leaky);
  Watch("sodium_memcmp", false, Compare);
  Watch("X25519SharedScalar", false, SharedScalar);
  Watch("X25519PublicTogether<VectorScalar>", false, PublicScalar);
  Watch("Ed25519SignTogether<VectorScalar>", false, SignScalar);
  if (X25519AdxAvailable()) Watch("X25519Adx", false, SharedAdx);
  else std::puts("-    X25519Adx                          valgrind shows no ADX here");
  Watch("X25519Public", false, Public);
  Watch("Ed25519Sign", false, Sign);
  Watch("Kdf (BLAKE2b)", false, Derive);
  Watch("Poly1305Words", false, Poly);
  Watch("Xtea256Encrypt, Xtea256Decrypt", false, Xtea);
  return failures == 0 ? 0 : 1;
}
