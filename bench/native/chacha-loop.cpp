// ChaCha20-Poly1305 in C: 64 records of one size sealed and opened through our frame cipher, 64 to a call, with every kind of lanes this machine has, beside loops over libsodium and over
// the engine for single records, all in turn. Prints one line of JSON for each size: nanoseconds for one record sealed and opened, and how many times libsodium's speed each has.
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "clock.h"
#include "core/chacha.h"
#include "core/frames.h"
#include "lanes/lanes.h"

using handfast::Bytes;

namespace {

constexpr size_t kHead = 4, kTag = 16;

void Expect(bool held) {
  if (!held) std::abort();
}

struct Records {
  size_t size, stride, count;
  uint8_t key[32] = {7}, nonce[12] = {0};
  std::vector<uint8_t> memory, plain;
  std::vector<uint32_t> entries;

  Records(size_t bytes, size_t records) : size(bytes), stride(bytes + kHead + kTag), count(records), memory(stride * records), plain(memory.size()), entries(2 * records) {
    randombytes_buf(plain.data(), plain.size());
    memory = plain;
  }

  uint8_t* Text(size_t i) { return memory.data() + i * stride + kHead; }

  void Number(size_t i) { nonce[4] = static_cast<uint8_t>(i); }

  void Sodium() {
    for (size_t i = 0; i < count; i++) {
      Number(i);
      crypto_aead_chacha20poly1305_ietf_encrypt_detached(Text(i), Text(i) + size, nullptr, Text(i), size, Text(i) - kHead, kHead, nullptr, nonce, key);
    }
    for (size_t i = 0; i < count; i++) {
      Number(i);
      Expect(crypto_aead_chacha20poly1305_ietf_decrypt_detached(Text(i), nullptr, Text(i), size, Text(i) + size, Text(i) - kHead, kHead, nonce, key) == 0);
    }
  }

  void Single() {
    for (size_t i = 0; i < count; i++) {
      Number(i);
      handfast::ChaChaSeal(key, Text(i), Text(i) + size, {Text(i), size}, nonce, {Text(i) - kHead, kHead});
    }
    for (size_t i = 0; i < count; i++) {
      Number(i);
      Expect(handfast::ChaChaOpen(key, Text(i), {Text(i), size}, Text(i) + size, nonce, {Text(i) - kHead, kHead}));
    }
  }

  void Frames(handfast::FrameCipher& sealer, handfast::FrameCipher& opener) {
    for (size_t i = 0; i < count; i++) {
      entries[2 * i] = static_cast<uint32_t>(i * stride + kHead);
      entries[2 * i + 1] = static_cast<uint32_t>(size);
    }
    handfast::Outcome outcome;
    const Bytes slab{memory.data(), memory.size()};
    Expect(sealer.SealMany(slab, entries.data(), count) == handfast::Fault::none);
    Expect(opener.OpenMany(slab, 0, slab.size, entries.data(), count, static_cast<uint32_t>(size + kTag), &outcome) == count);
  }

  bool Unchanged() {
    for (size_t i = 0; i < count; i++) {
      if (std::memcmp(Text(i), plain.data() + i * stride + kHead, size) != 0) return false;
    }
    return true;
  }
};

void Measure(size_t size, size_t count, int rounds) {
  Records records(size, count);
  const handfast::Framing framing{kHead, true, 0};
  std::vector<std::string> names{"libsodium", handfast::NameOf(handfast::ChaChaEngineInUse())};
  std::vector<std::function<void()>> subjects{[&] { records.Sodium(); }, [&] { records.Single(); }};
  std::vector<std::unique_ptr<handfast::FrameCipher>> ciphers;
  const handfast::Lanes before = handfast::LanesInUse();
  for (const handfast::Lanes lanes : {handfast::Lanes::off, handfast::Lanes::avx2, handfast::Lanes::avx512}) {
    if (!handfast::LanesUse(lanes)) continue;
    for (int i = 0; i < 2; i++) ciphers.push_back(std::make_unique<handfast::FrameCipher>(handfast::AeadName::chacha20_poly1305, records.key, framing, 0));
    handfast::FrameCipher *sealer = ciphers[ciphers.size() - 2].get(), *opener = ciphers.back().get();
    names.push_back(std::string("frames ") + handfast::NameOf(lanes));
    subjects.push_back([&records, sealer, opener, lanes] {
      handfast::LanesUse(lanes);
      records.Frames(*sealer, *opener);
    });
  }
  const int calls = static_cast<int>(2000000 / (count * (size + 400))) + 1;
  const std::vector<double> medians = MediansInTurn(rounds, calls, subjects);
  handfast::LanesUse(before);
  Expect(records.Unchanged());
  std::printf("{\"suite\":\"chacha-loop\",\"bytes\":%zu,\"records\":%zu", size, count);
  for (size_t i = 0; i < names.size(); i++) {
    std::printf(",\"%s\":{\"ns\":%.1f,\"ratio\":%.2f}", names[i].c_str(), medians[i] / static_cast<double>(count), medians[0] / medians[i]);
  }
  std::puts("}");
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 101;
  const std::vector<size_t> counts = argc > 2 ? std::vector<size_t>{static_cast<size_t>(std::atoi(argv[2]))} : std::vector<size_t>{64};
  for (const size_t count : counts) {
    for (const size_t size : {1, 64, 128, 256, 512, 1024, 1536, 2048, 3072, 4096, 16384}) Measure(size, count, rounds);
  }
  return 0;
}
