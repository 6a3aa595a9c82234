#include <sodium.h>

#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "core/ed25519.h"
#include "core/edwards25519.h"
#include "core/x25519.h"
#include "group-operations.h"
#include "lanes/kernels.h"
#include "lanes/lanes.h"

using namespace handfast;

namespace {

using String = std::vector<uint8_t>;

// One more than the kernels take at once.
constexpr size_t kMoreThanTogether = 65;

std::vector<const GroupOperations*> Instances() {
  std::vector<const GroupOperations*> all{&ScalarGroup()};
  if (LanesKernels()) all.push_back(IfmaGroup());
  return all;
}

String Random(size_t size) {
  String out(size);
  check::Fill(out.data(), size);
  return out;
}

template <class Pointer, class Strings>
std::vector<Pointer> Pointers(Strings& strings) {
  std::vector<Pointer> out;
  for (auto& string : strings) out.push_back(string.data());
  return out;
}

// `lanes` of the strings, from `start` on and round: every string comes to every lane, beside others.
std::vector<String> Window(const std::vector<String>& all, size_t start, size_t lanes) {
  std::vector<String> out;
  for (size_t i = 0; i < lanes; i++) out.push_back(all[(start + i) % all.size()]);
  return out;
}

String MultipleByLibsodium(const String& scalar) {
  uint8_t wide[64] = {0}, reduced[32];
  std::memcpy(wide, scalar.data(), 32);
  crypto_core_ed25519_scalar_reduce(reduced, wide);
  String out(32);
  if (sodium_is_zero(reduced, 32)) {
    out[0] = 1;  // libsodium refuses the neutral element
  } else if (crypto_scalarmult_ed25519_base_noclamp(out.data(), reduced) != 0) {
    out[0] ^= 0xff;
  }
  return out;
}

String CombinedByCore(const String& a, const String& b, bool negated, bool* valid) {
  EdwardsPoint p, q;
  String out(32);
  *valid = EdwardsDecode(&p, a.data());
  *valid = EdwardsDecode(&q, b.data()) && *valid;
  if (!*valid) return out;
  EdwardsCached first = EdwardsCache(p);
  if (negated) {
    first = {first.difference, first.sum, FieldMultiply(FieldSubtractReduced(kFieldZero, first.product), kFieldOne), first.twiceZ};
  }
  EdwardsAdd(&p, EdwardsCache(q));
  EdwardsDouble(&p);
  EdwardsAdd(&p, first);
  EdwardsDouble(&p);
  EdwardsEncode(out.data(), p);
  return out;
}

struct Signing {
  const char *seed, *publicKey, *message, *signature;
};

// RFC 8032 section 7.1: tests 1, 2, 3 and SHA(abc).
constexpr Signing kSigning[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

// The edges of clamping.
std::vector<String> Secrets() {
  std::vector<String> all{String(32, 0), String(32, 0xff)};
  for (size_t bit = 0; bit < 256; bit++) {
    all.push_back(String(32));
    all.back()[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    all.push_back(String(32, 0xff));
    all.back()[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  return all;
}

}  // namespace

CASE(LanesMultiplyBase, "a multiple of the base in every lane equals libsodium's: around powers of two and multiples of the order, equal bytes, 20,000 random scalars") {
  uint8_t one[32] = {1};
  std::vector<String> scalars{String(32)};
  const auto around = [&](String scalar) {
    scalars.push_back(scalar);
    sodium_add(scalar.data(), one, 32);
    scalars.push_back(scalar);
    sodium_sub(scalar.data(), one, 32);
    sodium_sub(scalar.data(), one, 32);
    scalars.push_back(scalar);
  };
  for (size_t bit = 0; bit < 256; bit++) {
    String scalar(32);
    scalar[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    around(scalar);
  }
  const String order = check::Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  String multiple(32);
  for (int times = 0; times < 15; times++) {
    sodium_add(multiple.data(), order.data(), 32);
    around(multiple);
  }
  for (int value = 0; value < 256; value++) scalars.push_back(String(32, static_cast<uint8_t>(value)));
  const size_t edges = scalars.size();
  for (int i = 0; i < 20000; i++) scalars.push_back(Random(32));
  std::vector<String> wanted;
  for (const String& scalar : scalars) wanted.push_back(MultipleByLibsodium(scalar));
  for (const GroupOperations* group : Instances()) {
    int different = 0;
    // The edges in every lane, the random ones in one.
    for (size_t start = 0; start < scalars.size(); start += start < edges ? 1 : group->lanes) {
      const std::vector<String> in = Window(scalars, start, group->lanes);
      std::vector<String> out(group->lanes, String(32));
      group->multiplyBase(Pointers<uint8_t*>(out).data(), Pointers<const uint8_t*>(in).data());
      for (size_t i = 0; i < group->lanes; i++) different += out[i] == wanted[(start + i) % scalars.size()] ? 0 : 1;
    }
    CHECK(different == 0);
  }
}

CASE(LanesPoints, "points are decoded, added, doubled, negated and encoded as by core in every lane, and what is no point spoils no neighbour") {
  std::vector<String> encodings;
  // Of small order: y = 0, both of order 8, with both signs; then no point; then points of the large group and with a part of small order.
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"}) {
    encodings.push_back(check::Hex(hex));
    encodings.push_back(encodings.back());
    encodings.back()[31] |= 0x80;
  }
  int none = 0;
  for (int i = 0; i < 600; i++) {
    encodings.push_back(Random(32));
    EdwardsPoint point;
    none += EdwardsDecode(&point, encodings.back().data()) ? 0 : 1;
  }
  CHECK(none > 200 && none < 400);
  for (const GroupOperations* group : Instances()) {
    int different = 0, valid = 0;
    for (size_t start = 0; start < encodings.size(); start++) {
      const std::vector<String> a = Window(encodings, start, group->lanes), b = Window(encodings, 5 * start + 1, group->lanes);
      std::vector<String> out(group->lanes, String(32));
      unsigned negated = 0;
      check::Fill(&negated, 1);
      const unsigned mask = group->combine(Pointers<uint8_t*>(out).data(), Pointers<const uint8_t*>(a).data(), Pointers<const uint8_t*>(b).data(), negated);
      for (size_t i = 0; i < group->lanes; i++) {
        bool points;
        const String wanted = CombinedByCore(a[i], b[i], (negated >> i & 1) != 0, &points);
        different += points == ((mask >> i & 1) != 0) && (!points || out[i] == wanted) ? 0 : 1;
        valid += points ? 1 : 0;
      }
    }
    CHECK(different == 0);
    CHECK(valid > 50);
  }
}

CASE(LanesPublicKeys, "public keys of 1 to 65 items equal libsodium's: the edges of clamping, 20,000 random ones; memory past the count stays as it is") {
  std::vector<String> secrets = Secrets();
  const size_t edges = secrets.size();
  for (int i = 0; i < 20000; i++) secrets.push_back(Random(32));
  std::vector<String> wanted(secrets.size(), String(32));
  for (size_t i = 0; i < secrets.size(); i++) crypto_scalarmult_base(wanted[i].data(), secrets[i].data());
  const GroupOperations kernels{kMoreThanTogether, nullptr, nullptr, X25519PublicLanes, nullptr};
  std::vector<const GroupOperations*> instances = Instances();
  instances.push_back(&kernels);
  for (const GroupOperations* group : instances) {
    int different = 0;
    for (size_t start = 0; start < secrets.size(); start += start < edges ? 1 : group->lanes) {
      const size_t count = start < edges ? start % group->lanes + 1 : group->lanes;
      const std::vector<String> in = Window(secrets, start, group->lanes);
      std::vector<String> out(group->lanes, String(32, 0xa5));
      group->publicKeys(Pointers<uint8_t*>(out).data(), Pointers<const uint8_t*>(in).data(), count);
      for (size_t i = 0; i < group->lanes; i++) different += out[i] == (i < count ? wanted[(start + i) % secrets.size()] : String(32, 0xa5)) ? 0 : 1;
    }
    CHECK(different == 0);
  }
}

CASE(LanesPublicKeyVectors, "public keys in every lane are those of RFC 7748 section 6.1") {
  const String secret[2] = {check::Hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
                            check::Hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")};
  const String wanted[2] = {check::Hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
                            check::Hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")};
  for (size_t count = 1; count <= kKernelLanes; count++) {
    std::vector<String> in, out(count, String(32));
    for (size_t i = 0; i < count; i++) in.push_back(secret[(i + count) % 2]);
    X25519PublicLanes(Pointers<uint8_t*>(out).data(), Pointers<const uint8_t*>(in).data(), count);
    for (size_t i = 0; i < count; i++) CHECK(out[i] == wanted[(i + count) % 2]);
  }
}

CASE(LanesSignatureVectors, "signatures in every lane are those of RFC 8032 section 7.1") {
  for (size_t count = 1; count <= kKernelLanes; count++) {
    std::vector<String> keys, messages, out(count, String(64));
    std::vector<Bytes> views;
    for (size_t i = 0; i < count; i++) {
      const Signing& vector = kSigning[(i + count) % 4];
      keys.push_back(check::Hex(std::string(vector.seed) + vector.publicKey));
      messages.push_back(check::Hex(vector.message));
    }
    for (String& message : messages) views.push_back({message.data(), message.size()});
    Ed25519SignLanes(Pointers<uint8_t*>(out).data(), views.data(), Pointers<const uint8_t*>(keys).data(), count);
    for (size_t i = 0; i < count; i++) CHECK(out[i] == check::Hex(kSigning[(i + count) % 4].signature));
  }
}

CASE(LanesSignatures, "signatures of 1 to 65 items equal libsodium's for 20,000 random keys and messages of 0 to 300 bytes; memory past the count stays as it is") {
  constexpr size_t kCount = 20000;
  std::vector<String> keys, messages, wanted;
  std::vector<Bytes> views;
  for (size_t i = 0; i < kCount; i++) {
    uint16_t length;
    check::Fill(&length, sizeof length);
    messages.push_back(Random(i < 301 ? i : length % 301));
    // Both halves are taken as they are, whether they belong together or not.
    keys.push_back(Random(64));
    wanted.push_back(String(64));
    crypto_sign_detached(wanted[i].data(), nullptr, messages[i].data(), messages[i].size(), keys[i].data());
  }
  const GroupOperations kernels{kMoreThanTogether, nullptr, nullptr, nullptr, Ed25519SignLanes};
  std::vector<const GroupOperations*> instances = Instances();
  instances.push_back(&kernels);
  for (const GroupOperations* group : instances) {
    int different = 0;
    for (size_t start = 0; start < kCount; start += group->lanes) {
      const size_t count = start / group->lanes % 2 == 0 ? group->lanes : start / group->lanes % group->lanes + 1;
      std::vector<String> key = Window(keys, start, group->lanes), message = Window(messages, start, group->lanes), out(group->lanes, String(64, 0xa5));
      std::vector<Bytes> view;
      for (String& one : message) view.push_back({one.data(), one.size()});
      group->sign(Pointers<uint8_t*>(out).data(), view.data(), Pointers<const uint8_t*>(key).data(), count);
      for (size_t i = 0; i < group->lanes; i++) different += out[i] == (i < count ? wanted[(start + i) % kCount] : String(64, 0xa5)) ? 0 : 1;
    }
    CHECK(different == 0);
  }
}

CASE(LanesInPlace, "an output may lie where its own lane's secret, key or message was, and addresses need no alignment") {
  uint8_t memory[8 * 65 + 1], wanted[8][64];
  uint8_t* own[8];
  Bytes messages[8];
  check::Fill(memory, sizeof memory);
  for (int i = 0; i < 8; i++) {
    own[i] = memory + 1 + 65 * i;
    messages[i] = {own[i] + 7, 40};
    Ed25519Sign(wanted[i], messages[i].data, messages[i].size, own[i]);
  }
  Ed25519SignLanes(own, messages, own, 8);
  for (int i = 0; i < 8; i++) CHECK(std::memcmp(own[i], wanted[i], 64) == 0);
  for (int i = 0; i < 8; i++) X25519Public(wanted[i], own[i]);
  X25519PublicLanes(own, own, 8);
  for (int i = 0; i < 8; i++) CHECK(std::memcmp(own[i], wanted[i], 32) == 0);
}

CASE(LanesGroupOff, "public keys and signatures are the same with the lanes off") {
  std::vector<String> keys, messages, on(11, String(64)), off(11, String(64));
  std::vector<Bytes> views;
  for (size_t i = 0; i < 11; i++) {
    keys.push_back(Random(64));
    messages.push_back(Random(20 * i));
  }
  for (String& message : messages) views.push_back({message.data(), message.size()});
  const auto key = Pointers<const uint8_t*>(keys);
  const Lanes before = LanesInUse();
  X25519PublicLanes(Pointers<uint8_t*>(on).data(), key.data(), 11);
  CHECK(LanesUse(Lanes::off));
  X25519PublicLanes(Pointers<uint8_t*>(off).data(), key.data(), 11);
  CHECK(on == off);
  Ed25519SignLanes(Pointers<uint8_t*>(off).data(), views.data(), key.data(), 11);
  CHECK(LanesUse(before));
  Ed25519SignLanes(Pointers<uint8_t*>(on).data(), views.data(), key.data(), 11);
  CHECK(on == off);
}
