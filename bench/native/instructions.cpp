// Single kernels, for counting their instructions: `bench-instructions KERNEL TIMES` does the same work TIMES times, so that what one run takes more than another is that of so many
// operations. `bench-instructions` alone prints the engines it found and the kernels, as JSON. Inputs never change: a count is to be the same tomorrow.
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/chacha.h"
#include "core/ed25519.h"
#include "core/frames.h"
#include "core/gcm.h"
#include "core/hash.h"
#include "core/x25519.h"

using handfast::AeadName;
using handfast::Bytes;

namespace {

struct Kernel {
  std::string name;
  std::function<void()> once;
};

void Expect(bool held) {
  if (held) return;
  std::fputs("a kernel failed\n", stderr);
  std::exit(1);
}

struct Keys {
  uint8_t seed[32], identity[32], identitySecret[64], secret[32], peer[32], out[64], signature[64], message[128];
  Keys() {
    std::memset(this, 0, sizeof *this);
    for (int i = 0; i < 32; i++) seed[i] = secret[i] = static_cast<uint8_t>(i + 1);
    handfast::Ed25519KeyPair(identity, identitySecret, seed);
    handfast::X25519Public(peer, identitySecret);
    handfast::Ed25519Sign(signature, message, sizeof message, identitySecret);
  }
};

std::vector<Kernel> PublicKeys() {
  const auto k = std::make_shared<Keys>();
  return {
      {"x25519-public", [k] { handfast::X25519Public(k->out, k->secret); }},
      {"x25519-shared", [k] { Expect(handfast::X25519Shared(k->out, k->secret, k->peer) == handfast::Fault::none); }},
      {"ed25519-keypair", [k] { handfast::Ed25519KeyPair(k->identity, k->identitySecret, k->seed); }},
      {"ed25519-sign-128-B", [k] { handfast::Ed25519Sign(k->out, k->message, sizeof k->message, k->identitySecret); }},
      {"ed25519-verify-128-B", [k] { Expect(handfast::Ed25519Verify({k->signature, 64}, {k->message, sizeof k->message}, {k->identity, 32})); }},
      {"blake2b-128-B",
       [k] {
         const Bytes part{k->message, sizeof k->message};
         handfast::Blake2b({k->out, 64}, &part, 1, {}, nullptr, nullptr);
       }},
  };
}

// One message of `size` bytes, sealed; the same, opened; and 16 frames of a session to a call, both ways.
std::vector<Kernel> Messages(AeadName suite, const std::string& name, size_t size, const std::string& sizeName) {
  struct Work {
    uint8_t key[32] = {1}, nonce[12] = {2}, tag[16];
    handfast::GcmKey expanded;
    std::vector<uint8_t> plain, sealed, opened;
  };
  const auto w = std::make_shared<Work>();
  w->plain.assign(size, 3);
  w->sealed.resize(size);
  w->opened.resize(size);
  const bool gcm = suite == AeadName::aes_256_gcm;
  if (gcm) handfast::GcmExpand(&w->expanded, w->key);
  const auto seal = [w, gcm] {
    if (gcm)
      handfast::GcmSeal(w->expanded, w->sealed.data(), w->tag, {w->plain.data(), w->plain.size()}, w->nonce, {});
    else
      handfast::ChaChaSeal(w->key, w->sealed.data(), w->tag, {w->plain.data(), w->plain.size()}, w->nonce, {});
  };
  const auto open = [w, gcm] {
    const Bytes sealed{w->sealed.data(), w->sealed.size()};
    Expect(gcm ? handfast::GcmOpen(w->expanded, w->opened.data(), sealed, w->tag, w->nonce, {})
               : handfast::ChaChaOpen(w->key, w->opened.data(), sealed, w->tag, w->nonce, {}));
  };
  seal();
  return {{name + "-seal-" + sizeName, seal}, {name + "-open-" + sizeName, open}};
}

Kernel Frames(AeadName suite, const std::string& name, size_t size, const std::string& sizeName) {
  constexpr size_t kFrames = 16;
  const size_t stride = 4 + size + 16;
  const uint8_t key[32] = {1};
  const handfast::Framing framing{4, true, 0};
  const auto sealer = std::make_shared<handfast::FrameCipher>(suite, key, framing, 0);
  const auto opener = std::make_shared<handfast::FrameCipher>(suite, key, framing, 0);
  const auto memory = std::make_shared<std::vector<uint8_t>>(stride * kFrames);
  const auto entries = std::make_shared<std::vector<uint32_t>>(2 * kFrames);
  return {name + "-16-frames-" + sizeName, [=] {
            for (size_t i = 0; i < kFrames; i++) {
              (*entries)[2 * i] = static_cast<uint32_t>(i * stride + 4);
              (*entries)[2 * i + 1] = static_cast<uint32_t>(size);
            }
            const Bytes slab{memory->data(), memory->size()};
            handfast::Outcome outcome;
            Expect(sealer->SealMany(slab, entries->data(), kFrames) == handfast::Fault::none);
            Expect(opener->OpenMany(slab, 0, slab.size, entries->data(), kFrames, static_cast<uint32_t>(size + 16), &outcome) == kFrames);
          }};
}

std::vector<Kernel> All() {
  std::vector<Kernel> all = PublicKeys();
  const auto add = [&](AeadName suite, const std::string& name) {
    for (const auto& [size, sizeName] : {std::pair<size_t, const char*>{256, "256-B"}, {16384, "16-KiB"}}) {
      for (Kernel& kernel : Messages(suite, name, size, sizeName)) all.push_back(std::move(kernel));
    }
    all.push_back(Frames(suite, name, 256, "256-B"));
  };
  add(AeadName::chacha20_poly1305, "chacha20-poly1305");
  if (handfast::GcmEngineInUse() != handfast::Engine::none) add(AeadName::aes_256_gcm, "aes-256-gcm");
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const std::vector<Kernel> all = All();
  if (argc < 3) {
    std::printf("{\"libsodium\":\"%s\",\"chacha20-poly1305\":\"%s\",\"aes-256-gcm\":\"%s\",\"kernels\":[", sodium_version_string(), NameOf(handfast::ChaChaEngineInUse()),
                NameOf(handfast::GcmEngineInUse()));
    for (size_t i = 0; i < all.size(); i++) std::printf("%s\"%s\"", i == 0 ? "" : ",", all[i].name.c_str());
    std::puts("]}");
    return 0;
  }
  for (const Kernel& kernel : all) {
    if (kernel.name != argv[1]) continue;
    for (int i = std::atoi(argv[2]); i > 0; i--) kernel.once();
    return 0;
  }
  std::fprintf(stderr, "no kernel is called %s\n", argv[1]);
  return 1;
}
