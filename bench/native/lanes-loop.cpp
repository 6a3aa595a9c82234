// Public-key work in lanes at batches of 1 to 1,024 items, against loops over libsodium and over native/core that take turns with it in one run. One line of JSON an operation and batch size:
// medians in nanoseconds an item, and how many times libsodium that is. Usage: bench-lanes-loop [rounds] [operation] [avx2 | off].
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "clock.h"
#include "core/ed25519.h"
#include "core/x25519.h"
#include "lanes/kernels.h"
#include "lanes/lanes.h"

namespace {

using namespace handfast;

constexpr size_t kMost = 1024, kMessage = 200;

struct Item {
  uint8_t secret[32], peer[32], shared[32], identity[32], identitySecret[64], signature[64], message[kMessage];
};

// The items, and what the kernels want of them: pointers.
struct Batch {
  std::vector<Item> items{kMost};
  std::vector<uint8_t*> out{kMost};
  std::vector<const uint8_t*> secret{kMost}, peer{kMost}, identitySecret{kMost};
  std::vector<uint8_t*> signature{kMost};
  std::vector<Bytes> signatures{kMost}, messages{kMost}, identities{kMost};
  bool ok[kMost];

  Batch() {
    for (size_t i = 0; i < kMost; i++) {
      Item& item = items[i];
      randombytes_buf(item.secret, 32);
      randombytes_buf(item.peer, 32);
      randombytes_buf(item.message, kMessage);
      crypto_scalarmult_base(item.peer, item.peer);
      crypto_sign_keypair(item.identity, item.identitySecret);
      crypto_sign_detached(item.signature, nullptr, item.message, kMessage, item.identitySecret);
      out[i] = item.shared;
      secret[i] = item.secret;
      peer[i] = item.peer;
      identitySecret[i] = item.identitySecret;
      signature[i] = item.signature;
      signatures[i] = {item.signature, 64};
      messages[i] = {item.message, kMessage};
      identities[i] = {item.identity, 32};
    }
  }
};

void Expect(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "%s: a result differs\n", what);
  std::exit(1);
}

using Subject = std::function<void(Batch&, size_t)>;

// Three ways of doing the first `count` items, and what all leave in an item.
struct Operation {
  const char* name;
  Subject lanes, core, libsodium;
  uint8_t* (*result)(Item&);
  size_t size;
};

template <class F>
Subject Each(F one) {
  return [one](Batch& batch, size_t count) {
    for (size_t i = 0; i < count; i++) one(batch.items[i], batch.ok[i]);
  };
}

std::vector<Operation> Operations() {
  const auto shared = [](Item& item) { return item.shared; };
  const auto signature = [](Item& item) { return item.signature; };
  return {
      {"x25519-public", [](Batch& b, size_t n) { X25519PublicLanes(b.out.data(), b.secret.data(), n); }, Each([](Item& x, bool&) { X25519Public(x.shared, x.secret); }),
       Each([](Item& x, bool&) { crypto_scalarmult_base(x.shared, x.secret); }), shared, 32},
      {"x25519-shared", [](Batch& b, size_t n) { X25519SharedLanes(b.out.data(), b.secret.data(), b.peer.data(), b.ok, n); },
       Each([](Item& x, bool& ok) { ok = X25519Shared(x.shared, x.secret, x.peer) == Fault::none; }),
       Each([](Item& x, bool& ok) { ok = crypto_scalarmult(x.shared, x.secret, x.peer) == 0; }), shared, 32},
      {"ed25519-sign", [](Batch& b, size_t n) { Ed25519SignLanes(b.signature.data(), b.messages.data(), b.identitySecret.data(), n); },
       Each([](Item& x, bool&) { Ed25519Sign(x.signature, x.message, kMessage, x.identitySecret); }),
       Each([](Item& x, bool&) { crypto_sign_detached(x.signature, nullptr, x.message, kMessage, x.identitySecret); }), signature, 64},
      {"ed25519-verify", [](Batch& b, size_t n) { Ed25519VerifyLanes(b.ok, b.signatures.data(), b.messages.data(), b.identities.data(), n); },
       Each([](Item& x, bool& ok) { ok = Ed25519Verify({x.signature, 64}, {x.message, kMessage}, {x.identity, 32}); }),
       Each([](Item& x, bool& ok) { ok = crypto_sign_verify_detached(x.signature, x.message, kMessage, x.identity) == 0; }), signature, 64},
  };
}

void Run(const Operation& operation, Batch& batch, size_t count, int rounds) {
  // Some milliseconds of the lanes a round: the processor needs a few hundredths of one to go from the others' instructions over to 512 bits.
  const int times = std::max(1, static_cast<int>(512 / count));
  const std::vector<double> took = MediansInTurn(rounds, times, {[&] { operation.lanes(batch, count); }, [&] { operation.core(batch, count); }, [&] { operation.libsodium(batch, count); }});
  const double lanes = took[0] / count, core = took[1] / count, libsodium = took[2] / count;
  std::printf("{\"suite\":\"lanes-loop\",\"operation\":\"%s\",\"lanes\":\"%s\",\"batch\":%zu,\"nsPerItem\":%.0f,\"core\":%.0f,\"libsodium\":%.0f,\"timesCore\":%.2f,\"timesLibsodium\":%.2f}\n",
              operation.name, NameOf(LanesInUse()), count, lanes, core, libsodium, core / lanes, libsodium / lanes);
  std::fflush(stdout);
}

void Check(const Operation& operation, Batch& batch) {
  std::vector<uint8_t> expected;
  operation.libsodium(batch, kMost);
  for (Item& item : batch.items) expected.insert(expected.end(), operation.result(item), operation.result(item) + operation.size);
  for (bool& ok : batch.ok) ok = true;
  operation.lanes(batch, kMost);
  for (size_t i = 0; i < kMost; i++) {
    Expect(batch.ok[i] && std::memcmp(operation.result(batch.items[i]), &expected[i * operation.size], operation.size) == 0, operation.name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 21;
  if (argc > 3 && !LanesUse(std::string(argv[3]) == "avx2" ? Lanes::avx2 : Lanes::off)) return 1;
  static Batch batch;
  for (const Operation& operation : Operations()) {
    if (argc > 2 && std::string(operation.name).find(argv[2]) == std::string::npos) continue;
    Check(operation, batch);
    for (const size_t count : {1, 2, 4, 8, 16, 64, 1024}) Run(operation, batch, count, rounds);
  }
  return 0;
}
