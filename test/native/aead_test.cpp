#include "core/aead.h"

#include <sodium.h>

#include <cstring>
#include <vector>

#include "all-lanes.h"
#include "check.h"
#include "core/chacha.h"
#include "core/gcm.h"
#include "lanes/chacha-short.h"
#include "lanes/poly1305-words.h"

using namespace handfast;

namespace {

const AeadName kNames[] = {AeadName::chacha20_poly1305, AeadName::aes_256_gcm, AeadName::xchacha20_poly1305};

}  // namespace

CASE(Engines, "both engines of AES-256-GCM give the same bytes and refuse the same") {
  if (GcmEngineInUse() != Engine::ipsec_mb || !GcmUse(Engine::sodium)) {
    std::printf("  only one engine here: not compared\n");
    return;
  }
  for (int i = 0; i < 300; i++) {
    uint8_t key[32], nonce[12];
    check::Fill(key, sizeof key);
    check::Fill(nonce, sizeof nonce);
    const size_t size = static_cast<size_t>(i) * 7, adSize = static_cast<size_t>(i % 40);
    std::vector<uint8_t> message(size), ad(adSize), one(size + 16), two(size + 16), opened(size);
    check::Fill(message.data(), size);
    check::Fill(ad.data(), adSize);
    CHECK(GcmUse(Engine::sodium));
    CHECK(AeadSeal(AeadName::aes_256_gcm, one.data(), key, nonce, {message.data(), size}, {ad.data(), adSize}) == Fault::none);
    CHECK(GcmUse(Engine::ipsec_mb));
    CHECK(AeadSeal(AeadName::aes_256_gcm, two.data(), key, nonce, {message.data(), size}, {ad.data(), adSize}) == Fault::none);
    CHECK(one == two);
    for (const Engine engine : {Engine::sodium, Engine::ipsec_mb}) {
      CHECK(GcmUse(engine));
      CHECK(AeadOpen(AeadName::aes_256_gcm, opened.data(), key, nonce, {one.data(), one.size()}, {ad.data(), adSize}) == Fault::none);
      CHECK(opened == message);
      one[static_cast<size_t>(i) % one.size()] ^= 0x10;
      CHECK(AeadOpen(AeadName::aes_256_gcm, opened.data(), key, nonce, {one.data(), one.size()}, {ad.data(), adSize}) == Fault::bad_tag);
      one[static_cast<size_t>(i) % one.size()] ^= 0x10;
    }
  }
  CHECK(GcmUse(Engine::ipsec_mb));
}

CASE(ChaChaEngines, "both engines of ChaCha20-Poly1305 give the same bytes and refuse the same") {
  if (ChaChaEngineInUse() != Engine::ipsec_mb) {
    std::printf("  only one engine here: not compared\n");
    return;
  }
  // With lanes, neither engine would see what is short.
  const Lanes lanes = LanesInUse();
  LanesUse(Lanes::off);
  for (size_t size = 0; size < 2200; size += size < 300 ? 1 : 61) {
    uint8_t key[32], nonce[12], tags[2][16];
    check::Fill(key, sizeof key);
    check::Fill(nonce, sizeof nonce);
    const size_t adSize = size % 40;
    std::vector<uint8_t> message(size), ad(adSize), one(size), two(size), opened(size);
    check::Fill(message.data(), size);
    check::Fill(ad.data(), adSize);
    CHECK(ChaChaUse(Engine::sodium));
    ChaChaSeal(key, one.data(), tags[0], {message.data(), size}, nonce, {ad.data(), adSize});
    CHECK(ChaChaUse(Engine::ipsec_mb));
    ChaChaSeal(key, two.data(), tags[1], {message.data(), size}, nonce, {ad.data(), adSize});
    CHECK(one == two && std::memcmp(tags[0], tags[1], 16) == 0);
    for (const Engine engine : {Engine::sodium, Engine::ipsec_mb}) {
      CHECK(ChaChaUse(engine));
      CHECK(ChaChaOpen(key, opened.data(), {one.data(), size}, tags[0], nonce, {ad.data(), adSize}));
      CHECK(opened == message);
      tags[0][size % 16] ^= 0x10;
      CHECK(!ChaChaOpen(key, opened.data(), {one.data(), size}, tags[0], nonce, {ad.data(), adSize}));
      CHECK(opened == std::vector<uint8_t>(size, 0));
      tags[0][size % 16] ^= 0x10;
    }
  }
  LanesUse(lanes);
}

CASE(ChaChaShort, "ChaCha20-Poly1305 of short messages and of those beside them is libsodium's with any lanes, writes nothing beside its output, and refuses what was changed") {
  WithAllLanes([] {
    for (size_t size = 0; size <= kLongestShort + 20; size++) {
      for (const size_t adSize : {size_t{0}, size_t{1}, size_t{4}, size_t{15}, size_t{16}, size_t{17}, size_t{64}, size_t{250}}) {
        uint8_t key[32], nonce[12], ad[250], message[256], expected[256 + 16], sealed[256 + 17], opened[256 + 1];
        check::Fill(key, sizeof key);
        check::Fill(nonce, sizeof nonce);
        check::Fill(ad, sizeof ad);
        check::Fill(message, sizeof message);
        crypto_aead_chacha20poly1305_ietf_encrypt_detached(expected, expected + size, nullptr, message, size, ad, adSize, nullptr, nonce, key);
        std::memset(sealed, 0x77, sizeof sealed);
        std::memset(opened, 0x77, sizeof opened);
        ChaChaSeal(key, sealed, sealed + size, {message, size}, nonce, {ad, adSize});
        CHECK(std::memcmp(sealed, expected, size + 16) == 0);
        CHECK(sealed[size + 16] == 0x77);
        CHECK(ChaChaOpen(key, opened, {sealed, size}, sealed + size, nonce, {ad, adSize}));
        CHECK(std::memcmp(opened, message, size) == 0);
        CHECK(opened[size] == 0x77);
        // In place, and each part changed.
        CHECK(ChaChaOpen(key, sealed, {sealed, size}, sealed + size, nonce, {ad, adSize}));
        CHECK(std::memcmp(sealed, message, size) == 0);
        ChaChaSeal(key, sealed, sealed + size, {sealed, size}, nonce, {ad, adSize});
        CHECK(std::memcmp(sealed, expected, size + 16) == 0);
        const size_t bit = (7 * size + adSize) % 128;
        uint8_t* const parts[] = {sealed + size + bit / 8, size > 0 ? sealed + bit % size : nullptr, adSize > 0 ? ad + bit % adSize : nullptr};
        for (uint8_t* const part : parts) {
          if (!part) continue;
          *part ^= static_cast<uint8_t>(1 << bit % 8);
          CHECK(!ChaChaOpen(key, opened, {sealed, size}, sealed + size, nonce, {ad, adSize}));
          CHECK(sodium_is_zero(opened, size) == 1);
          *part ^= static_cast<uint8_t>(1 << bit % 8);
        }
      }
    }
  });
}

CASE(PolyEdges, "tags of one-time keys and blocks at the borders of Poly1305 are libsodium's") {
  // r and pad of all ones or zeros, and blocks whose sums lie about 2^130 - 5 (RFC 8439 appendix A.3 has such).
  for (const uint8_t r : {uint8_t{0}, uint8_t{1}, uint8_t{2}, uint8_t{0xff}}) {
    for (const uint8_t pad : {uint8_t{0}, uint8_t{0xff}}) {
      for (const uint8_t first : {uint8_t{0}, uint8_t{0xfa}, uint8_t{0xfb}, uint8_t{0xfc}, uint8_t{0xfd}, uint8_t{0xff}}) {
        uint8_t key[32] = {0}, text[64], tag[16], expected[16];
        if (r == 0xff) std::memset(key, 0xff, 16);
        key[0] = r;
        std::memset(key + 16, pad, 16);
        std::memset(text, 0xff, sizeof text);
        text[0] = first;
        for (size_t size = 16; size <= sizeof text; size += 16) {
          Poly1305Words poly(key);
          poly.AddPadded({text, size});
          poly.End(tag);
          crypto_onetimeauth_poly1305(expected, text, size, key);
          CHECK(std::memcmp(tag, expected, 16) == 0);
        }
      }
    }
  }
}

CASE(InPlace, "sealing and opening in place give the same as apart; a bad tag leaves zeros") {
  for (const AeadName name : kNames) {
    if (name == AeadName::aes_256_gcm && GcmEngineInUse() == Engine::none) continue;
    for (const size_t size : {size_t{0}, size_t{1}, size_t{16}, size_t{127}, size_t{4096}}) {
      uint8_t key[32], nonce[24];
      check::Fill(key, sizeof key);
      check::Fill(nonce, sizeof nonce);
      std::vector<uint8_t> message(size), apart(size + 16), place(size + 16);
      check::Fill(message.data(), size);
      if (size > 0) std::memcpy(place.data(), message.data(), size);
      CHECK(AeadSeal(name, apart.data(), key, nonce, {message.data(), size}, {}) == Fault::none);
      CHECK(AeadSeal(name, place.data(), key, nonce, {place.data(), size}, {}) == Fault::none);
      CHECK(apart == place);
      CHECK(AeadOpen(name, place.data(), key, nonce, {place.data(), size + 16}, {}) == Fault::none);
      CHECK(size == 0 || std::memcmp(place.data(), message.data(), size) == 0);
      apart[size + 3] ^= 1;
      std::vector<uint8_t> out(size, 0xee);
      CHECK(AeadOpen(name, out.data(), key, nonce, {apart.data(), size + 16}, {}) == Fault::bad_tag);
      CHECK(out == std::vector<uint8_t>(size, 0));
      for (size_t cut = 0; cut < 16; cut++) CHECK(AeadOpen(name, out.data(), key, nonce, {apart.data(), cut}, {}) == Fault::bad_tag);
    }
  }
}
