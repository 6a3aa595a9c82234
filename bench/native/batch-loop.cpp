// Public-key work in batches: what one item costs in a loop over libsodium, in one over the functions of native/core, and through RunWork, which groups it for the lanes.
// Arguments: rounds (11), then operations of keygen dh sign verify (all), then sizes (1 2 3 4 5 6 7 8 16 64 1024). Prints one line of JSON for each.
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "clock.h"
#include "core/batch.h"
#include "core/ed25519.h"
#include "core/x25519.h"
#include "lanes/lanes.h"

using namespace handfast;

namespace {

constexpr size_t kMessage = 128;

struct Item {
  uint8_t secret[64], message[kMessage], publicKey[32], signature[64], out[64];
};

Work WorkOf(Op op, Item& item) {
  Work work{};
  work.op = op;
  work.secret = {item.secret, op == Op::sign ? size_t{64} : size_t{32}};
  work.message = {item.message, kMessage};
  work.publicKey = {item.publicKey, 32};
  work.signature = {item.signature, 64};
  work.out = {item.out, 64};
  return work;
}

void Sodium(Op op, Item& item, bool* ok) {
  switch (op) {
    case Op::keygen:
      randombytes_buf(item.secret, 32);
      crypto_scalarmult_base(item.out, item.secret);
      return;
    case Op::dh: *ok = *ok && crypto_scalarmult(item.out, item.secret, item.publicKey) == 0; return;
    case Op::sign: crypto_sign_detached(item.out, nullptr, item.message, kMessage, item.secret); return;
    default: *ok = *ok && crypto_sign_verify_detached(item.signature, item.message, kMessage, item.publicKey) == 0;
  }
}

void Measure(const char* name, Op op, size_t size, int rounds) {
  std::vector<Item> items(size);
  std::vector<Work> work;
  for (Item& item : items) {
    uint8_t secret[64];
    randombytes_buf(item.message, kMessage);
    if (op == Op::dh) {
      randombytes_buf(secret, 32);
      crypto_scalarmult_base(item.publicKey, secret);
      randombytes_buf(item.secret, 32);
    } else {
      crypto_sign_keypair(item.publicKey, item.secret);
      crypto_sign_detached(item.signature, nullptr, item.message, kMessage, item.secret);
    }
    work.push_back(WorkOf(op, item));
  }
  bool ok = true;
  // Some 20 ms a round, whatever one item costs.
  const int times = static_cast<int>(600 / size) + 1;
  const std::vector<double> took = MediansInTurn(rounds, times,
                                                 {[&] {
                                                    for (Item& item : items) Sodium(op, item, &ok);
                                                  },
                                                  [&] {
                                                    for (Work& one : work) RunWork(&one, 1);
                                                  },
                                                  [&] { RunWork(work.data(), work.size()); }});
  for (const Work& one : work) ok = ok && one.result == 1;
  const double each = static_cast<double>(size);
  std::printf("{\"suite\":\"batch-loop\",\"operation\":\"%s\",\"size\":%zu,\"lanes\":\"%s\",\"nsLibsodium\":%.0f,\"nsAlone\":%.0f,\"nsBatch\":%.0f,\"timesLibsodium\":%.2f,\"timesAlone\":%.2f}\n", name, size,
              LanesKernels() ? NameOf(LanesInUse()) : "off", took[0] / each, took[1] / each, took[2] / each, took[0] / took[2], took[1] / took[2]);
  if (!ok) {
    std::fputs("an operation failed\n", stderr);
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const char* lanes = std::getenv("HANDFAST_LANES");
  if (lanes && std::string(lanes) == "off") LanesUse(Lanes::off);
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 11;
  std::vector<std::string> asked;
  std::vector<size_t> sizes;
  for (int i = 2; i < argc; i++) {
    if (std::atoi(argv[i]) > 0) sizes.push_back(static_cast<size_t>(std::atoi(argv[i])));
    else asked.push_back(argv[i]);
  }
  if (sizes.empty()) sizes = {1, 2, 3, 4, 5, 6, 7, 8, 16, 64, 1024};
  const struct {
    const char* name;
    Op op;
  } all[] = {{"keygen", Op::keygen}, {"dh", Op::dh}, {"sign", Op::sign}, {"verify", Op::verify}};
  for (const auto& one : all) {
    bool wanted = asked.empty();
    for (const std::string& name : asked) wanted = wanted || name == one.name;
    if (!wanted) continue;
    for (const size_t size : sizes) Measure(one.name, one.op, size, rounds);
  }
  return 0;
}
