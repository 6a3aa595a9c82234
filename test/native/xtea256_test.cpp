#include "core/xtea256.h"

#include <cstring>
#include <vector>

#include "all-lanes.h"
#include "check.h"

using namespace handfast;

namespace {

uint32_t Load(const uint8_t* in) { return static_cast<uint32_t>(in[0] | in[1] << 8 | in[2] << 16) | static_cast<uint32_t>(in[3]) << 24; }

// The formulas of the specification, one block at a time, the sum running along.
void ByTheBook(uint8_t block[8], const uint8_t key[32], size_t rounds) {
  uint32_t v0 = Load(block), v1 = Load(block + 4), s = 0;
  for (size_t i = 0; i < rounds; i++) {
    v0 += (((v1 << 4) ^ (v1 >> 5)) + v1) ^ (s + Load(key + 4 * (s & 7)));
    s += 0x9E3779B9;
    v1 += (((v0 << 4) ^ (v0 >> 5)) + v0) ^ (s + Load(key + 4 * ((s >> 11) & 7)));
  }
  for (int i = 0; i < 4; i++) {
    block[i] = static_cast<uint8_t>(v0 >> (8 * i));
    block[4 + i] = static_cast<uint8_t>(v1 >> (8 * i));
  }
}

}  // namespace

CASE(XteaRecorded, "XTEA256: recorded from the library") {
  const auto zero = std::vector<uint8_t>(32, 0);
  const auto expected = check::Hex("d8d4e9ded91e13f7");
  WithAllLanes([&] {
    uint8_t out[8];
    Xtea256Encrypt(out, zero.data(), 8, zero.data(), 32);
    CHECK(std::memcmp(out, expected.data(), 8) == 0);
    Xtea256Decrypt(out, out, 8, zero.data(), 32);
    CHECK(std::memcmp(out, zero.data(), 8) == 0);
  });
}

CASE(XteaByTheBook, "XTEA256: every number of blocks to 150, at odd places, as by the book, with all lanes") {
  WithAllLanes([] {
    for (size_t blocks = 0; blocks <= 150; blocks++) {
      const size_t size = blocks * kXteaBlock;
      for (const size_t rounds : {size_t{1}, size_t{2}, size_t{31}, size_t{32}, kXteaMostRounds}) {
        uint8_t key[32];
        check::Fill(key, sizeof key);
        // Exactly as large as it is, so that a sanitizer sees a step beyond.
        std::vector<uint8_t> data(size + 1), out(size + 3), expected(size + 1);
        check::Fill(data.data(), data.size());
        std::memcpy(expected.data(), data.data() + 1, size);
        for (size_t i = 0; i < blocks; i++) ByTheBook(expected.data() + i * kXteaBlock, key, rounds);
        Xtea256Encrypt(out.data() + 3, data.data() + 1, size, key, rounds);
        CHECK(std::memcmp(out.data() + 3, expected.data(), size) == 0);
        Xtea256Decrypt(out.data() + 3, out.data() + 3, size, key, rounds);
        CHECK(std::memcmp(out.data() + 3, data.data() + 1, size) == 0);
      }
    }
  });
}

CASE(LanesChosen, "lanes that are not there are not used, and fewer can be asked for") {
  const Lanes there = LanesThere();
  CHECK(LanesUse(Lanes::off));
  CHECK(LanesInUse() == Lanes::off);
  CHECK(LanesUse(there));
  CHECK(LanesInUse() == there);
  if (there != Lanes::avx512) {
    CHECK(!LanesUse(Lanes::avx512));
    CHECK(LanesInUse() == there);
  }
}
