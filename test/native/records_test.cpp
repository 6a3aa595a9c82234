#include "core/chacha-records.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "all-lanes.h"
#include "check.h"
#include "core/frames.h"
#include "lanes/chacha-avx2.h"
#include "lanes/chacha-avx512.h"
#include "lanes/poly1305-avx2.h"
#include "lanes/poly1305-avx512.h"

using namespace handfast;

namespace {

constexpr size_t kTag = 16;
// Bytes before, between and behind records that nobody may write to.
constexpr size_t kGuard = 37;

size_t Random(size_t below) {
  uint32_t value;
  check::Fill(&value, sizeof value);
  return value % below;
}

// Records of given sizes in one piece of memory, apart by odd distances, and what libsodium makes of them.
struct Records {
  uint8_t key[32];
  size_t adBytes;
  std::vector<uint8_t> plain, sealed;
  std::vector<size_t> offsets, sizes;
  uint64_t first;

  Records(const std::vector<size_t>& lengths, size_t ad) : adBytes(ad), sizes(lengths) {
    check::Fill(key, sizeof key);
    check::Fill(&first, sizeof first);
    size_t end = 0;
    for (const size_t size : sizes) {
      offsets.push_back(end + kGuard);
      end += kGuard + size + kTag;
    }
    plain.resize(end + kGuard);
    check::Fill(plain.data(), plain.size());
    sealed = plain;
    for (size_t i = 0; i < sizes.size(); i++) {
      uint8_t nonce[12] = {0};
      StoreLittle64(nonce + 4, first + i);
      uint8_t* text = sealed.data() + offsets[i];
      crypto_aead_chacha20poly1305_ietf_encrypt_detached(text, text + sizes[i], nullptr, text, sizes[i], text - adBytes, adBytes, nullptr, nonce, key);
    }
  }

  std::vector<ChaChaRecord> In(std::vector<uint8_t>& memory) const {
    std::vector<ChaChaRecord> records;
    for (size_t i = 0; i < sizes.size(); i++) records.push_back({memory.data() + offsets[i], sizes[i], first + i});
    return records;
  }

  // Sealed as libsodium does, opened again, and every byte beside them as it was.
  void Check() const {
    if (!ChaChaRecordsThere()) return;
    std::vector<uint8_t> memory = plain;
    ChaChaSealRecords(key, In(memory).data(), sizes.size(), adBytes);
    CHECK(memory == sealed);
    memory = sealed;
    CHECK(ChaChaOpenRecords(key, In(memory).data(), sizes.size(), adBytes) == sizes.size());
    std::vector<uint8_t> opened = plain;
    for (size_t i = 0; i < sizes.size(); i++) std::memcpy(opened.data() + offsets[i] + sizes[i], sealed.data() + offsets[i] + sizes[i], kTag);
    CHECK(memory == opened);
  }
};

}  // namespace

CASE(RecordsAllLengths, "records: every length from 1 to 2200, each with its neighbours in one call, as libsodium, nothing written beside them") {
  WithAllLanes([] {
    const size_t ads[] = {0, 2, 4, 8};
    size_t turn = 0;
    for (size_t size = 1; size <= 2200;) {
      std::vector<size_t> sizes;
      const size_t count = 1 + Random(kMostRecords);
      for (size_t i = 0; i < count && size <= 2200; i++) sizes.push_back(size++);
      Records(sizes, ads[turn++ % 4]).Check();
    }
  });
}

CASE(RecordsMixed, "records: every number of them from 1 to 64, of mixed and of equal lengths, as libsodium") {
  WithAllLanes([] {
    for (size_t count = 1; count <= kMostRecords; count++) {
      const size_t limits[] = {20, 70, 300, 2200, 6000};
      for (const size_t limit : limits) {
        std::vector<size_t> sizes(count);
        for (size_t& size : sizes) size = Random(limit);
        Records(sizes, 4).Check();
        Records(std::vector<size_t>(count, sizes[0]), 2).Check();
      }
    }
  });
}

CASE(RecordsBadTag, "records: a wrong bit anywhere in any of them is found; those before it are open, it and those behind it are untouched") {
  WithAllLanes([] {
    if (!ChaChaRecordsThere()) return;
    for (const size_t count : {size_t{1}, size_t{2}, size_t{15}, size_t{17}, kMostRecords}) {
      for (size_t bad = 0; bad < count; bad++) {
        std::vector<size_t> sizes(count);
        for (size_t& size : sizes) size = 1 + Random(200);
        const Records records(sizes, 4);
        std::vector<uint8_t> memory = records.sealed;
        // One bit of the associated data, the text or the tag; and a second bad record behind the first changes nothing.
        memory[records.offsets[bad] - 4 + Random(4 + sizes[bad] + kTag)] ^= static_cast<uint8_t>(1 << Random(8));
        if (bad + 1 < count) memory[records.offsets[count - 1]] ^= 1;
        std::vector<uint8_t> expected = memory;
        for (size_t i = 0; i < bad; i++) std::memcpy(expected.data() + records.offsets[i], records.plain.data() + records.offsets[i], sizes[i]);
        CHECK(ChaChaOpenRecords(records.key, records.In(memory).data(), count, 4) == bad);
        CHECK(memory == expected);
      }
    }
  });
}

CASE(RecordsTagBorders, "records: tags at the borders of the arithmetic, in every lane, as libsodium's one-time authenticator") {
  WithAllLanes([] {
    if (!ChaChaRecordsThere()) return;
    // Keys whose halves, and texts whose blocks, are all ones, zeros, one, two or five less than the end, or random.
    const auto extreme = [](uint8_t* out, size_t size) {
      for (size_t at = 0; at < size; at += 16) {
        const size_t kind = Random(7);
        uint8_t block[16];
        check::Fill(block, sizeof block);
        if (kind < 5) std::memset(block, kind < 3 ? 0xff : 0, sizeof block);
        if (kind == 1) block[0] = 0xfb;
        if (kind == 2) block[0] = 0xfa;
        if (kind == 4) block[0] = static_cast<uint8_t>(1 + Random(2));
        std::memcpy(out + at, block, std::min<size_t>(16, size - at));
      }
    };
    const bool wide = LanesInUse() == Lanes::avx512;
    for (int turn = 0; turn < 3000; turn++) {
      const size_t most = wide ? kTagsAvx512 : kTagsAvx2, count = 1 + Random(most);
      std::vector<std::vector<uint8_t>> texts, keys, tags(count, std::vector<uint8_t>(kTag));
      std::vector<TagWork> work;
      for (size_t i = 0; i < count; i++) {
        texts.emplace_back(Random(130));
        keys.emplace_back(32);
        extreme(texts[i].data(), texts[i].size());
        extreme(keys[i].data(), 32);
      }
      for (size_t i = 0; i < count; i++) texts[i].reserve(1);  // so that an empty one has an address
      for (size_t i = 0; i < count; i++) work.push_back({texts[i].data(), texts[i].size(), keys[i].data(), tags[i].data()});
      if (wide) {
        Poly1305TagsAvx512(work.data(), count, 0);
      } else {
        Poly1305TagsAvx2(work.data(), count, 0);
      }
      for (size_t i = 0; i < count; i++) {
        std::vector<uint8_t> input = texts[i];
        input.resize((input.size() + 15) / 16 * 16 + 16);
        StoreLittle64(input.data() + input.size() - 8, texts[i].size());
        uint8_t expected[kTag];
        crypto_onetimeauth(expected, input.data(), input.size(), keys[i].data());
        CHECK(std::memcmp(expected, tags[i].data(), kTag) == 0);
      }
    }
  });
}

CASE(RecordsTagPrime, "records: an authenticator that ends a little below or above the prime, in every lane, as libsodium's") {
  WithAllLanes([] {
    if (!ChaChaRecordsThere()) return;
    // With r = 1 the blocks are summed up: three of them, the last of which holds the sizes, come to 2^130 - less.
    constexpr size_t kSize = 32;
    for (int less = -3; less <= 9; less++) {
      uint8_t text[kSize] = {0}, key[32] = {1}, input[kSize + 16] = {0}, expected[kTag], tags[kTagsAvx512][kTag];
      check::Fill(key + 16, 16);
      StoreLittle64(text + 16, static_cast<uint64_t>(-less));
      StoreLittle64(text + 24, (less > 0 ? ~uint64_t{0} : uint64_t{0}) - kSize);
      std::memcpy(input, text, kSize);
      StoreLittle64(input + kSize + 8, kSize);
      crypto_onetimeauth(expected, input, sizeof input, key);
      std::vector<TagWork> work;
      for (uint8_t* tag : tags) work.push_back({text, kSize, key, tag});
      const bool wide = LanesInUse() == Lanes::avx512;
      const size_t count = wide ? kTagsAvx512 : kTagsAvx2;
      if (wide) {
        Poly1305TagsAvx512(work.data(), count, 0);
      } else {
        Poly1305TagsAvx2(work.data(), count, 0);
      }
      for (size_t i = 0; i < count; i++) CHECK(std::memcmp(expected, tags[i], kTag) == 0);
    }
  });
}

CASE(RecordsPublished, "records: the encryption of RFC 8439, section 2.4.2 and the key stream of its appendix A.1, in every lane") {
  const auto key = check::Hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const char text[] =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
  const auto expected = check::Hex(
      "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"
      "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab77937365af90bbf74a35be6b40b8eedf2785e42874d");
  const auto zeros = check::Hex(
      "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
  WithAllLanes([&] {
    if (!ChaChaRecordsThere()) return;
    const auto xorAll = LanesInUse() == Lanes::avx512 ? ChaChaXorAvx512 : ChaChaXorAvx2;
    for (size_t lane = 0; lane + 1 < kMostBlocks; lane++) {
      std::vector<uint8_t> memory(text, text + 114), other(kMostBlocks * kChaChaBlock), stream(kChaChaBlock);
      StreamUses uses = {};
      for (size_t i = 0; i < kMostBlocks; i++) {
        uses.at[i] = other.data() + i * kChaChaBlock;
        uses.bytes[i] = 64;
        uses.nonceLow[i] = uses.nonceHigh[i] = uses.block[i] = static_cast<uint32_t>(i);
      }
      for (size_t i = 0; i < 2; i++) {
        uses.at[lane + i] = memory.data() + i * kChaChaBlock;
        uses.bytes[lane + i] = i == 0 ? 64 : 50;
        uses.block[lane + i] = static_cast<uint32_t>(1 + i);
        uses.nonceLow[lane + i] = 0x4a000000;
        uses.nonceHigh[lane + i] = 0;
      }
      xorAll(uses, kMostBlocks, key.data());
      CHECK(memory == expected);
      uses = {};
      uses.at[lane] = stream.data();
      uses.bytes[lane] = 64;
      for (size_t i = 0; i < lane; i++) {
        uses.at[i] = other.data();
        uses.bytes[i] = 1;
      }
      xorAll(uses, lane + 1, std::vector<uint8_t>(32).data());
      CHECK(stream == zeros);
    }
  });
}

CASE(RecordsFrames, "frames of mixed sizes, in order and out of it, across rekeying, are the same bytes with all lanes, and open the same to a bad one anywhere") {
  for (int turn = 0; turn < 60; turn++) {
    const Framing framing{static_cast<uint8_t>(turn % 2 == 0 ? 2 : 4), turn % 3 != 0, turn % 4 == 0 ? 0 : 1 + Random(50)};
    uint8_t key[32];
    check::Fill(key, sizeof key);
    const size_t count = 1 + Random(150), head = framing.lengthBytes;
    std::vector<uint32_t> entries;
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
      const size_t size = 1 + (Random(9) == 0 ? Random(9000) : Random(400));
      entries.push_back(static_cast<uint32_t>(end + head));
      entries.push_back(static_cast<uint32_t>(size));
      end += head + size + kTag;
    }
    // In some turns two messages have bytes in common, or lie in the wrong order: later ones then work on what earlier ones wrote.
    const bool apart = turn % 5 != 0 || count < 3;
    if (!apart) {
      entries[2] = entries[0] + 1;
      std::swap(entries[4], entries[2]);
      std::swap(entries[5], entries[3]);
    }
    std::vector<uint8_t> plain(end + 10000), sealed;
    check::Fill(plain.data(), plain.size());
    const size_t bad = Random(count);
    const size_t flipped = apart ? entries[2 * bad] + Random(entries[2 * bad + 1] + kTag) : 0;
    std::vector<uint8_t> opened;
    std::vector<uint32_t> found;
    WithAllLanes([&] {
      FrameCipher sealer(AeadName::chacha20_poly1305, key, framing, 0), opener(AeadName::chacha20_poly1305, key, framing, 0);
      std::vector<uint8_t> memory = plain;
      CHECK(sealer.SealMany({memory.data(), memory.size()}, entries.data(), count) == Fault::none);
      CHECK(sealer.counter() == count);
      if (LanesInUse() == Lanes::off) sealed = memory;
      CHECK(memory == sealed);
      if (!apart) return;
      memory[flipped] ^= 1;
      std::vector<uint32_t> table(2 * count);
      Outcome outcome;
      CHECK(opener.OpenMany({memory.data(), memory.size()}, 0, end, table.data(), count, 10000, &outcome) == bad);
      CHECK(outcome.stop == Stop::bad_tag && outcome.consumed == entries[2 * bad] - head && outcome.declared == entries[2 * bad + 1] + kTag);
      CHECK(opener.counter() == bad);
      if (LanesInUse() == Lanes::off) opened = memory, found = table;
      CHECK(memory == opened && table == found);
    });
  }
}
