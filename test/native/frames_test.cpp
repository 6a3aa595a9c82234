#include "core/frames.h"

#include <cstring>
#include <new>
#include <vector>

#include "all-lanes.h"
#include "check.h"
#include "core/arena.h"

using namespace handfast;

namespace {

struct Setup {
  std::vector<uint8_t> memory;
  std::vector<uint32_t> entries;
  Bytes slab() { return {memory.data(), memory.size()}; }
};

// `count` messages of `size` bytes behind one another.
Setup Messages(size_t count, size_t size, size_t head) {
  Setup setup{std::vector<uint8_t>(count * (size + head + kTagBytes)), std::vector<uint32_t>(2 * count)};
  check::Fill(setup.memory.data(), setup.memory.size());
  for (size_t i = 0; i < count; i++) {
    setup.entries[2 * i] = static_cast<uint32_t>(i * (size + head + kTagBytes) + head);
    setup.entries[2 * i + 1] = static_cast<uint32_t>(size);
  }
  return setup;
}

std::vector<AeadName> Suites() {
  std::vector<AeadName> suites{AeadName::chacha20_poly1305};
  if (GcmEngineInUse() != Engine::none) suites.push_back(AeadName::aes_256_gcm);
  return suites;
}

}  // namespace

CASE(RoundTrip, "frames open to what was sealed, across rekeying, for both suites and both lengths of length") {
  WithAllLanes([] {
    uint8_t key[32];
    check::Fill(key, sizeof key);
    for (const AeadName suite : Suites()) {
      for (const uint8_t head : {uint8_t{2}, uint8_t{4}}) {
        for (const size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{255}, size_t{1000}}) {
          const Framing framing{head, head == 4, 7};
          FrameCipher sealer(suite, key, framing, 0), opener(suite, key, framing, 0);
          Setup setup = Messages(40, size, head);
          const std::vector<uint8_t> before = setup.memory;
          CHECK(sealer.SealMany(setup.slab(), setup.entries.data(), 40) == Fault::none);
          std::vector<uint32_t> found(80);
          Outcome outcome;
          CHECK(opener.OpenMany(setup.slab(), 0, setup.memory.size(), found.data(), 40, 2000, &outcome) == 40);
          CHECK(outcome.stop == Stop::short_ && outcome.consumed == setup.memory.size());
          CHECK(found == setup.entries);
          for (size_t i = 0; i < 40; i++) CHECK(std::memcmp(&setup.memory[found[2 * i]], &before[found[2 * i]], size) == 0);
          CHECK(sealer.counter() == 40 && opener.counter() == 40);
        }
      }
    }
  });
}

CASE(BadTag, "a frame that does not open is zeroed, stops the batch, and leaves counter and key as they were, also where the key was due") {
  WithAllLanes([] {
    uint8_t key[32];
    check::Fill(key, sizeof key);
    for (const AeadName suite : Suites()) {
      for (size_t bad = 0; bad < 6; bad++) {
        const Framing framing{4, true, 3};
        FrameCipher sealer(suite, key, framing, 0), opener(suite, key, framing, 0);
        Setup setup = Messages(6, 50, 4);
        CHECK(sealer.SealMany(setup.slab(), setup.entries.data(), 6) == Fault::none);
        const std::vector<uint8_t> sealed = setup.memory;
        setup.memory[setup.entries[2 * bad] + 20] ^= 1;
        std::vector<uint32_t> found(12);
        Outcome outcome;
        CHECK(opener.OpenMany(setup.slab(), 0, setup.memory.size(), found.data(), 6, 2000, &outcome) == bad);
        CHECK(outcome.stop == Stop::bad_tag && outcome.consumed == bad * 70 && outcome.declared == 66);
        CHECK(opener.counter() == bad);
        for (size_t i = 0; i < 70; i++) CHECK(setup.memory[bad * 70 + i] == 0);
        // The true frame still opens, and all after it.
        setup.memory = sealed;
        CHECK(opener.OpenMany(setup.slab(), bad * 70, setup.memory.size(), found.data(), 6, 2000, &outcome) == 6 - bad);
      }
    }
  });
}

CASE(Stops, "what OpenMany says of frames that are short, too large, misshapen, or more than the table holds") {
  WithAllLanes([] {
    uint8_t key[32] = {1};
    const Framing framing{4, true, 0};
    FrameCipher sealer(AeadName::chacha20_poly1305, key, framing, 0), opener(AeadName::chacha20_poly1305, key, framing, 0);
    Setup setup = Messages(3, 10, 4);
    CHECK(sealer.SealMany(setup.slab(), setup.entries.data(), 3) == Fault::none);
    std::vector<uint32_t> found(6);
    Outcome outcome;
    CHECK(opener.OpenMany(setup.slab(), 0, 3, found.data(), 3, 100, &outcome) == 0);
    CHECK(outcome.stop == Stop::short_ && outcome.consumed == 0 && outcome.declared == 0);
    CHECK(opener.OpenMany(setup.slab(), 0, 29, found.data(), 3, 100, &outcome) == 0);
    CHECK(outcome.stop == Stop::short_ && outcome.declared == 26);
    CHECK(opener.OpenMany(setup.slab(), 0, 90, found.data(), 3, 25, &outcome) == 0);
    CHECK(outcome.stop == Stop::too_large && outcome.declared == 26);
    CHECK(opener.OpenMany(setup.slab(), 0, 90, found.data(), 2, 100, &outcome) == 2);
    CHECK(outcome.stop == Stop::full && outcome.consumed == 60);
    CHECK(opener.OpenMany(setup.slab(), 60, 90, found.data(), 2, 100, &outcome) == 1);
    CHECK(outcome.stop == Stop::short_ && outcome.consumed == 90);
    uint8_t tiny[20] = {0, 0, 0, 16};
    CHECK(opener.OpenMany({tiny, 20}, 0, 20, found.data(), 2, 100, &outcome) == 0);
    CHECK(outcome.stop == Stop::malformed && outcome.declared == 16);
  });
}

CASE(CounterEnd, "the last counter is 2^64-2, and nothing is sealed when it cannot number them all") {
  WithAllLanes([] {
    uint8_t key[32] = {2};
    const Framing framing{4, true, 65536};
    FrameCipher sealer(AeadName::chacha20_poly1305, key, framing, UINT64_MAX - 2), opener(AeadName::chacha20_poly1305, key, framing, UINT64_MAX - 2);
    Setup setup = Messages(3, 10, 4);
    const std::vector<uint8_t> before = setup.memory;
    CHECK(sealer.SealMany(setup.slab(), setup.entries.data(), 3) == Fault::nonce_spent);
    CHECK(setup.memory == before);
    CHECK(sealer.SealMany(setup.slab(), setup.entries.data(), 2) == Fault::none);
    CHECK(sealer.counter() == UINT64_MAX);
    CHECK(sealer.SealMany(setup.slab(), setup.entries.data() + 4, 1) == Fault::nonce_spent);
    CHECK(sealer.SealMany(setup.slab(), setup.entries.data(), 0) == Fault::none);
    std::vector<uint32_t> found(6);
    Outcome outcome;
    CHECK(opener.OpenMany(setup.slab(), 0, 60, found.data(), 3, 100, &outcome) == 2);
    CHECK(opener.OpenMany(setup.slab(), 0, 60, found.data(), 3, 0xffffffff, &outcome) == 0);
  });
}

CASE(BadEntries, "entries that do not lie in the slab are refused before anything is touched") {
  WithAllLanes([] {
    uint8_t key[32] = {3};
    for (const uint8_t head : {uint8_t{2}, uint8_t{4}}) {
      FrameCipher sealer(AeadName::chacha20_poly1305, key, {head, true, 0}, 0);
      std::vector<uint8_t> memory(70000, 5);
      const std::vector<uint8_t> before = memory;
      const uint32_t end = 70000;
      const uint32_t bad[][2] = {{head - 1u, 10}, {0, 10}, {100, 0}, {end - 20, 5}, {end, 1}, {end + 1, 1}, {0xffffffff, 1}, {100, 0xffffffff}, {100, end}};
      for (const auto& entry : bad) {
        const uint32_t entries[4] = {1000, 10, entry[0], entry[1]};
        CHECK(sealer.SealMany({memory.data(), memory.size()}, entries, 2) == Fault::bad_argument);
        CHECK(memory == before && sealer.counter() == 0);
      }
      const uint32_t longest[2] = {10, 65520};
      CHECK(sealer.SealMany({memory.data(), memory.size()}, longest, 1) == (head == 2 ? Fault::bad_argument : Fault::none));
    }
  });
}

CASE(LateStart, "a cipher that starts at a multiple of rekeyEvery replaces its key there") {
  WithAllLanes([] {
    uint8_t key[32];
    check::Fill(key, sizeof key);
    for (const AeadName suite : Suites()) {
      FrameCipher runs(suite, key, {4, true, 4}, 0);
      Setup setup = Messages(8, 20, 4);
      CHECK(runs.SealMany(setup.slab(), setup.entries.data(), 8) == Fault::none);
      FrameCipher late(suite, key, {4, true, 4}, 4);  // at the multiple the replacement is still to come
      std::vector<uint32_t> found(16);
      Outcome outcome;
      CHECK(late.OpenMany(setup.slab(), 4 * 40, 8 * 40, found.data(), 8, 100, &outcome) == 4);
    }
  });
}

CASE(WrittenBytes, "a cipher writes no byte of its slot but those it says it uses, and the slot is zero once it was released") {
  WithAllLanes([] {
    uint8_t key[32];
    check::Fill(key, sizeof key);
    for (const AeadName suite : Suites()) {
      Arena arena(sizeof(FrameCipher));
      const Handle handle = arena.Allocate(FrameCipher::BytesUsed(suite));
      const Bytes slot = arena.At(handle);
      CHECK(slot.size == FrameCipher::BytesUsed(suite));
      auto* cipher = new (slot.data) FrameCipher(suite, key, {4, true, 4}, 0);
      Setup setup = Messages(70, 20, 4);
      CHECK(cipher->SealMany(setup.slab(), setup.entries.data(), 70) == Fault::none);
      for (size_t i = slot.size; i < sizeof(FrameCipher); i++) CHECK(slot.data[i] == 0);
      CHECK(arena.Release(handle));
      for (size_t i = 0; i < sizeof(FrameCipher); i++) CHECK(slot.data[i] == 0);
    }
  });
}
