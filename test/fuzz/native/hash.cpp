// Hashes and derivations over parts of any size and number.
#include "core/hash.h"

#include "input.h"

using namespace handfast;
using fuzz::Memory;

FUZZ(input) {
  Memory joined;
  std::vector<Memory> held;
  for (size_t count = input.ConsumeIntegralInRange<size_t>(0, 6); count > 0; count--) held.push_back(fuzz::UpTo(input, 200));
  std::vector<Bytes> parts;
  for (Memory& part : held) parts.push_back(fuzz::Of(part)), joined.insert(joined.end(), part.begin(), part.end());
  Memory key = fuzz::UpTo(input, 64), out(input.ConsumeIntegralInRange<size_t>(1, 64)), expected(out.size());
  Memory salt = fuzz::Exactly(input, 16), personal = fuzz::Exactly(input, 16);
  const bool salted = input.ConsumeBool();
  Blake2b(fuzz::Of(out), parts.data(), parts.size(), fuzz::Of(key), salted ? salt.data() : nullptr, salted ? personal.data() : nullptr);
  // libsodium's generichash takes no output below 16 bytes; its BLAKE2b does.
  if (out.size() >= 16) {
    crypto_generichash_blake2b_salt_personal(expected.data(), expected.size(), joined.data(), joined.size(), key.data(), key.size(), salted ? salt.data() : nullptr,
                                             salted ? personal.data() : nullptr);
    HOLDS(out == expected);
  }
  Memory digest(64), whole(64);
  Sha512(digest.data(), fuzz::Of(joined)), crypto_hash_sha512(whole.data(), joined.data(), joined.size());
  HOLDS(digest == whole);
  Sha256(digest.data(), fuzz::Of(joined)), HmacSha256(digest.data(), fuzz::Of(key), fuzz::Of(joined)), HmacSha512(whole.data(), fuzz::Of(key), fuzz::Of(joined));
  Memory derived(input.ConsumeIntegralInRange<size_t>(1, 8160));
  HkdfSha256(fuzz::Of(derived), fuzz::Of(joined), fuzz::Of(salt), fuzz::Of(personal));
  Memory subkey(32), again(32);
  const uint64_t id = input.ConsumeIntegral<uint64_t>();
  Kdf(subkey.data(), digest.data(), id, salt.data());
  crypto_kdf_derive_from_key(again.data(), 32, id, reinterpret_cast<const char*>(salt.data()), digest.data());
  HOLDS(subkey == again);
}
