#include "core/blake2b.h"

#include <sodium.h>

#include <cstring>
#include <vector>

#include "all-lanes.h"
#include "check.h"
#include "core/hash.h"

using namespace handfast;

namespace {

size_t Below(size_t limit) {
  uint32_t number;
  check::Fill(&number, sizeof number);
  return number % limit;
}

Bytes Of(std::vector<uint8_t>& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

CASE(Blake2bLikeLibsodium, "BLAKE2b is libsodium's at every length about the borders of blocks, however the message is cut, with any key, salt and personalization") {
  WithAllLanes([] {
    for (size_t length = 0; length <= 520; length++) {
      std::vector<uint8_t> message(length), key(Below(65)), digest(1 + Below(64)), expected(digest.size());
      uint8_t salt[16], personal[16];
      check::Fill(message.data(), message.size());
      check::Fill(key.data(), key.size());
      check::Fill(salt, sizeof salt);
      check::Fill(personal, sizeof personal);
      const uint8_t *withSalt = Below(2) == 0 ? salt : nullptr, *withPersonal = Below(2) == 0 ? personal : nullptr;
      std::vector<Bytes> parts;
      for (size_t at = 0; at < length;) {
        const size_t some = Below(4) == 0 ? length - at : Below(length - at + 1);
        parts.push_back({message.data() + at, some});
        at += some;
      }
      CHECK(crypto_generichash_blake2b_salt_personal(expected.data(), expected.size(), message.data(), message.size(), key.data(), key.size(), withSalt, withPersonal) == 0);
      Blake2b(Of(digest), parts.data(), parts.size(), Of(key), withSalt, withPersonal);
      CHECK(digest == expected);
      const Bytes whole = Of(message);
      Blake2b(Of(digest), &whole, 1, Of(key), withSalt, withPersonal);
      CHECK(digest == expected);
    }
  });
}

CASE(KdfLikeLibsodium, "a derived key is that of libsodium's crypto_kdf, alone or with others of the same key, and nothing beyond it is written") {
  constexpr size_t kMost = 9;
  WithAllLanes([] {
    for (size_t i = 0; i < 400; i++) {
      const size_t count = i % (kMost + 1);
      uint8_t key[32], context[8], keys[kMost][40], expected[40];
      uint64_t id[kMost];
      uint8_t* out[kMost];
      check::Fill(key, sizeof key);
      check::Fill(context, sizeof context);
      check::Fill(id, sizeof id);
      std::memset(keys, 0xa5, sizeof keys);
      for (size_t k = 0; k < kMost; k++) out[k] = keys[k] + 3;
      KdfMany(out, key, id, count, context);
      for (size_t k = 0; k < kMost; k++) {
        std::memset(expected, 0xa5, sizeof expected);
        if (k < count) CHECK(crypto_kdf_derive_from_key(expected + 3, 32, id[k], reinterpret_cast<const char*>(context), key) == 0);
        CHECK(std::memcmp(keys[k], expected, sizeof expected) == 0);
      }
      std::memset(expected, 0xa5, sizeof expected);
      CHECK(crypto_kdf_derive_from_key(expected + 3, 32, id[0], reinterpret_cast<const char*>(context), key) == 0);
      Kdf(out[0], key, id[0], context);
      CHECK(std::memcmp(keys[0], expected, sizeof expected) == 0);
    }
  });
}
