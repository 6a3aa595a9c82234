#include "lanes/kernels.h"

#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "check.h"
#include "lanes/lanes.h"
#include "signature-cases.h"
#include "verify-operations.h"

using namespace cases;

namespace {

std::vector<const VerifyOperations*> Instances() {
  std::vector<const VerifyOperations*> all{&ScalarVerifyOperations()};
  if (LanesKernels()) all.push_back(IfmaVerifyOperations());
  return all;
}

// A signature, and what is said of it alone.
struct Judged {
  Signed one;
  bool valid;

  explicit Judged(const Signed& signature) : one(signature), valid(Ours(one)) {}
};

// How many of the answers for these signatures in one call are not those of one at a time.
int Different(const VerifyOperations& operations, std::vector<Judged>& all) {
  std::vector<Bytes> signature, message, publicKey;
  for (Judged& judged : all) {
    signature.push_back({judged.one.signature, 64});
    message.push_back({judged.one.message, judged.one.size});
    publicKey.push_back({judged.one.publicKey, 32});
  }
  std::vector<uint8_t> answers(all.size());
  static_assert(sizeof(bool) == 1, "answers are bytes");
  operations.verify(reinterpret_cast<bool*>(answers.data()), signature.data(), message.data(), publicKey.data(), all.size());
  int different = 0;
  for (size_t i = 0; i < all.size(); i++) different += (answers[i] != 0) == all[i].valid ? 0 : 1;
  return different;
}

// Each of these in turn in every lane of one set and of two, all other lanes valid.
int DifferentAmongValid(const VerifyOperations& operations, const std::vector<Judged>& odd, const std::vector<Judged>& valid) {
  int different = 0;
  for (const Judged& one : odd) {
    for (size_t lane = 0; lane < 2 * operations.lanes; lane++) {
      std::vector<Judged> group(valid.begin(), valid.begin() + static_cast<long>(lane % 2 == 0 ? 2 * operations.lanes : operations.lanes));
      group[lane % group.size()] = one;
      different += Different(operations, group);
    }
  }
  return different;
}

// Bytes in memory of exactly their size, so that a sanitizer sees what is read beyond.
struct Owned {
  std::vector<uint8_t> bytes;

  explicit Owned(size_t size) : bytes(size) {
    if (size > 0) check::Fill(bytes.data(), size);
  }
  Bytes View() { return {bytes.data(), bytes.size()}; }
};

}  // namespace

CASE(LanesHash, "SHA-512 in lanes is libsodium's for every length up to 400 bytes and every cut into parts, lanes of different lengths side by side") {
  for (const VerifyOperations* operations : Instances()) {
    int wrong = 0;
    for (size_t size = 0; size < 400; size++) {
      std::vector<std::vector<Owned>> owned;
      Bytes parts[8][3];
      for (size_t lane = 0; lane < operations->lanes; lane++) {
        // Lane 0 has this size, the others any.
        const size_t whole = lane == 0 ? size : Random() % 1000, first = Random() % (whole + 1), second = Random() % (whole - first + 1);
        owned.push_back({Owned(first), Owned(second), Owned(whole - first - second)});
        for (size_t i = 0; i < 3; i++) parts[lane][i] = owned[lane][i].View();
      }
      uint8_t ours[8][64];
      operations->hash(ours, parts);
      for (size_t lane = 0; lane < operations->lanes; lane++) {
        uint8_t theirs[64];
        std::vector<uint8_t> joined;
        for (const Owned& part : owned[lane]) joined.insert(joined.end(), part.bytes.begin(), part.bytes.end());
        crypto_hash_sha512(theirs, joined.data(), joined.size());
        wrong += std::memcmp(ours[lane], theirs, 64) == 0 ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
  }
}

CASE(LanesRelations, "relations of all lanes are relations, and as short as those made one at a time") {
  std::vector<Scalar> challenges = EdgeChallenges();
  while (challenges.size() % 8 != 0 || challenges.size() < 8000) challenges.push_back(RandomScalar());
  for (const VerifyOperations* operations : Instances()) {
    int wrong = 0, longer = 0;
    for (size_t at = 0; at < challenges.size(); at += operations->lanes) {
      uint8_t k[8][32];
      ShortRelation relation[8];
      // Far apart, so that lanes that need many steps and few are together.
      const auto place = [&](size_t lane) { return (at + lane * 1009) % challenges.size(); };
      for (size_t lane = 0; lane < operations->lanes; lane++) std::memcpy(k[lane], challenges[place(lane)].data(), 32);
      operations->relations(relation, k);
      for (size_t lane = 0; lane < operations->lanes; lane++) {
        const Scalar& own = challenges[place(lane)];
        int bits, alone;
        wrong += IsRelation(relation[lane], own, &bits) ? 0 : 1;
        IsRelation(ShortRelationOf(own.data()), own, &alone);
        longer += bits > 131 && bits > alone + 2 ? 1 : 0;
      }
    }
    CHECK(wrong == 0);
    CHECK(longer == 0);
  }
}

CASE(LanesEquation, "in lanes too the equation holds exactly without cofactor, whatever torsion key and R have and whatever the challenge is") {
  std::vector<Scalar> challenges = EdgeChallenges();
  while (challenges.size() % 8 != 0 || challenges.size() < 1600) challenges.push_back(RandomScalar());
  for (const VerifyOperations* operations : Instances()) {
    int wrong = 0, held = 0;
    unsigned pair = 0;
    for (size_t at = 0; at < challenges.size(); at += operations->lanes) {
      uint8_t r[8][32], a[8][32], k[8][32];
      Scalar s[8];
      const uint8_t *pointerR[8], *pointerA[8], *pointerS[8];
      unsigned expected = 0;
      for (size_t lane = 0; lane < operations->lanes; lane++, pair++) {
        // All pairs of torsion; for two of three the one that fits, and one of five with an s that does not.
        const Scalar &own = challenges[(at + lane * 1009) % challenges.size()], secret = RandomScalar(), nonce = RandomScalar();
        const unsigned torsionOfA = pair / 3 % 8, torsionOfR = pair % 3 == 0 ? pair / 24 % 8 : (0u - own[0] * torsionOfA) % 8;
        std::memcpy(k[lane], own.data(), 32);
        Mixed(a[lane], secret, torsionOfA);
        Mixed(r[lane], nonce, torsionOfR);
        const bool wrongS = pair % 5 == 0;
        s[lane] = Plus(Plus(nonce, Times(own, secret)), Small(wrongS ? 1 : 0));
        if (!wrongS && (torsionOfR + own[0] * torsionOfA) % 8 == 0) expected |= 1u << lane;
        pointerR[lane] = r[lane];
        pointerA[lane] = a[lane];
        pointerS[lane] = s[lane].data();
      }
      wrong += operations->equations(pointerR, pointerA, pointerS, k) == expected ? 0 : 1;
      held += expected != 0 ? 1 : 0;
    }
    CHECK(wrong == 0);
    CHECK(held > 100);
  }
}

CASE(LanesVerdicts, "lanes say of random, mutated and hand-made signatures what is said of each alone (HANDFAST_VERIFICATIONS: how many, 5,000 by default)") {
  const char* given = std::getenv("HANDFAST_VERIFICATIONS");
  const long count = given ? std::atol(given) : 5000;
  std::vector<Judged> all;
  long valid = 0;
  while (static_cast<long>(all.size()) < count || all.size() % 8 != 0) {
    all.emplace_back(Random() % 2 == 0 ? Mutated() : MadeByHand());
    valid += all.back().valid ? 1 : 0;
    CHECK(all.back().valid == Theirs(all.back().one));
  }
  CHECK(valid > count / 8 && valid < count * 7 / 8);
  for (const VerifyOperations* operations : Instances()) CHECK(Different(*operations, all) == 0);
}

CASE(LanesAmongValid, "a signature of any kind gets its own answer in every lane, and valid neighbours keep theirs") {
  std::vector<Judged> valid, odd;
  for (int i = 0; i < 16; i++) valid.emplace_back(Valid());
  for (int i = 0; i < 120; i++) odd.emplace_back(i % 2 == 0 ? Mutated() : MadeByHand());
  // Every encoding at the edges as key and as R: y from p - 40 to 2^255 - 1, y below 40, both signs, and the points of small order.
  std::vector<std::vector<uint8_t>> edges;
  for (int i = 0; i < 40; i++) {
    for (uint8_t sign : {0x00, 0x80}) {
      std::vector<uint8_t> low(32, 0), high(32, 0xff);
      low[0] = static_cast<uint8_t>(i);
      low[31] = sign;
      high[0] = static_cast<uint8_t>(0xff - i);
      high[31] = 0x7f | sign;
      edges.push_back(low);
      edges.push_back(high);
    }
  }
  for (unsigned i = 0; i < 8; i++) {
    edges.emplace_back(32);
    Torsion(edges.back().data(), i);
  }
  for (const auto& encoded : edges) {
    Signed ofKey = valid[0].one, ofR = valid[0].one;
    std::memcpy(ofKey.publicKey, encoded.data(), 32);
    std::memcpy(ofR.signature, encoded.data(), 32);
    odd.emplace_back(ofKey);
    odd.emplace_back(ofR);
  }
  for (const VerifyOperations* operations : Instances()) CHECK(DifferentAmongValid(*operations, odd, valid) == 0);
}

CASE(LanesEveryBit, "a signature with any one bit turned, or a key, is refused in lanes") {
  const Signed valid = Valid();
  for (const VerifyOperations* operations : Instances()) {
    int accepted = 0;
    for (int bit = 0; bit < 768; bit += static_cast<int>(operations->lanes)) {
      std::vector<Signed> turned(operations->lanes, valid);
      std::vector<Bytes> signature, message, publicKey;
      for (size_t lane = 0; lane < operations->lanes; lane++) {
        const size_t own = static_cast<size_t>(bit) + lane;
        uint8_t& byte = own < 512 ? turned[lane].signature[own / 8] : turned[lane].publicKey[own / 8 - 64];
        byte = static_cast<uint8_t>(byte ^ 1 << own % 8);
        signature.push_back({turned[lane].signature, 64});
        message.push_back({turned[lane].message, turned[lane].size});
        publicKey.push_back({turned[lane].publicKey, 32});
      }
      bool answers[8];
      operations->verify(answers, signature.data(), message.data(), publicKey.data(), operations->lanes);
      for (size_t lane = 0; lane < operations->lanes; lane++) accepted += answers[lane] ? 1 : 0;
    }
    CHECK(accepted == 0);
  }
}

CASE(LanesCounts, "one to twenty and sixty to seventy signatures in one call, of any length and alignment, also with the lanes off; what lies behind the answers is left alone") {
  const Lanes before = LanesInUse();
  for (const Lanes lanes : {before, Lanes::off}) {
    CHECK(LanesUse(lanes));
    for (size_t count = 1; count <= 70; count = count == 20 ? 60 : count + 1) {
      for (int round = 0; round < 5; round++) {
        std::vector<Owned> memory;
        std::vector<Bytes> signature, message, publicKey;
        bool expected[70], valid[72];
        for (size_t i = 0; i < count; i++) {
          const size_t offset = Random() % 8, size = Random() % 600;
          memory.emplace_back(offset + size + 96);
          uint8_t secretKey[64], *at = memory.back().bytes.data() + offset;
          crypto_sign_keypair(at, secretKey);
          crypto_sign_detached(at + 32, nullptr, at + 96, size, secretKey);
          publicKey.push_back({at, 32});
          signature.push_back({at + 32, 64});
          message.push_back({at + 96, size});
          expected[i] = Random() % 4 != 0;
          if (expected[i]) continue;
          switch (Random() % 4) {
            case 0: at[32 + Random() % 64] ^= 4; break;
            case 1: signature.back().size = Random() % 64; break;
            case 2: publicKey.back().size = Random() % 32; break;
            default: signature.back() = publicKey.back() = {}; break;
          }
        }
        std::memset(valid, 1, sizeof valid);
        Ed25519VerifyLanes(valid, signature.data(), message.data(), publicKey.data(), count);
        CHECK(std::memcmp(valid, expected, count) == 0);
        for (size_t i = count; i < sizeof valid; i++) CHECK(valid[i]);
      }
    }
  }
  CHECK(LanesUse(before));
}
