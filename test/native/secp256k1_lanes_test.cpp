#include <cstdio>
#include <cstring>
#include <vector>

#include "check.h"
#include "core/order-secp256k1.h"
#include "core/secp256k1.h"
#include "lanes/kernels.h"
#include "lanes/lanes.h"
#include "secp256k1-operations.h"

using namespace handfast;

namespace {

constexpr uint64_t kPrime[4] = {0xfffffffefffffc2f, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};

std::vector<const Secp256k1Operations*> Instances() {
  std::vector<const Secp256k1Operations*> all{&ScalarSecp256k1Operations()};
  if (LanesKernels()) all.push_back(IfmaSecp256k1Operations());
  return all;
}

uint32_t Below(uint32_t limit) {
  uint32_t value;
  check::Fill(&value, sizeof value);
  return value % limit;
}

struct Signed {
  std::vector<uint8_t> signature, digest, publicKey;
  bool valid;

  Signed() : signature(72), digest(32), publicKey(33), valid(true) {
    uint8_t secret[32] = {};
    // Small keys have sums that meet multiples of the base point.
    if (Below(3) == 0) secret[31] = static_cast<uint8_t>(1 + Below(9));
    else check::Fill(secret, sizeof secret);
    check::Fill(digest.data(), 32);
    if (Below(5) == 0) std::memset(digest.data(), Below(2) == 0 ? 0 : 0xff, 32);
    size_t size = 0;
    CHECK(Secp256k1Public(publicKey.data(), secret) == Fault::none);
    CHECK(Secp256k1Sign(signature.data(), &size, digest.data(), secret) == Fault::none);
    signature.resize(size);
    Judge();
    CHECK(valid);
  }

  void Judge() { valid = Secp256k1Verify({signature.data(), signature.size()}, {digest.data(), digest.size()}, {publicKey.data(), publicKey.size()}, false); }

  void Spoil() {
    std::vector<uint8_t>& which = Below(3) == 0 ? signature : Below(2) == 0 ? digest : publicKey;
    if (Below(8) == 0) which.resize(Below(static_cast<uint32_t>(which.size())));
    else which[Below(static_cast<uint32_t>(which.size()))] ^= static_cast<uint8_t>(1 << Below(8));
    Judge();
  }
};

int Different(const Secp256k1Operations& operations, std::vector<Signed>& all) {
  std::vector<Bytes> signature, digest, publicKey;
  for (Signed& one : all) {
    signature.push_back({one.signature.data(), one.signature.size()});
    digest.push_back({one.digest.data(), one.digest.size()});
    publicKey.push_back({one.publicKey.data(), one.publicKey.size()});
  }
  for (std::vector<Bytes>* list : {&signature, &digest, &publicKey}) {
    while (list->size() % operations.lanes != 0) list->push_back(list->front());
  }
  bool answers[64] = {};
  operations.verify(answers, signature.data(), digest.data(), publicKey.data(), all.size());
  int different = 0;
  for (size_t i = 0; i < all.size(); i++) different += answers[i] == all[i].valid ? 0 : 1;
  return different;
}

}  // namespace

CASE(Secp256k1Field, "secp256k1 in lanes: elements around p and at the ends of the limbs are what they are modulo p") {
  for (const Secp256k1Operations* operations : Instances()) {
    for (uint64_t k = 0; k < 5; k++) {
      uint64_t above[4], one[4] = {1, 0, 0, 0}, below[4] = {kPrime[0] - k, kPrime[1], kPrime[2], kPrime[3]}, out[4], small[4] = {k, 0, 0, 0};
      for (int i = 0; i < 4; i++) above[i] = kPrime[i];
      above[0] += k;
      operations->product(out, above, one);
      CHECK(std::memcmp(out, small, 32) == 0);
      // -k squared, and what it lacks to nothing.
      const uint64_t squared[4] = {k * k, 0, 0, 0}, none[4] = {};
      operations->product(out, below, below);
      CHECK(std::memcmp(out, squared, 32) == 0);
      operations->sum(out, below, small);
      CHECK(std::memcmp(out, none, 32) == 0);
    }
    // (2^256 - 1)^2 is (2^32 + 976)^2 modulo p.
    uint64_t out[4];
    const uint64_t ones[4] = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}}, left[4] = {0x1000003d0 * uint64_t{0x1000003d0}, 1, 0, 0};
    operations->product(out, ones, ones);
    CHECK(std::memcmp(out, left, 32) == 0);
    const uint64_t four[4] = {4, 0, 0, 0}, minus[4] = {kPrime[0] - 1, kPrime[1], kPrime[2], kPrime[3]};
    CHECK(operations->square(four) && !operations->square(minus));
  }
}

CASE(Secp256k1Order, "numbers modulo the order of secp256k1: inverses undo, and signed digits add up") {
  OrderNumber numbers[kMostInverted], inverses[kMostInverted];
  for (OrderNumber& number : numbers) {
    uint8_t bytes[32];
    check::Fill(bytes, sizeof bytes);
    if (Below(4) == 0) std::memset(bytes, 0, 31), bytes[31] |= 1;
    OrderFromBytes(&number, bytes);
  }
  std::memcpy(inverses, numbers, sizeof numbers);
  OrderInvertTogether(inverses, kMostInverted);
  const OrderNumber one{{1, 0, 0, 0}};
  for (size_t i = 0; i < kMostInverted; i++) {
    const OrderNumber product = OrderMultiply(numbers[i], inverses[i]);
    CHECK(std::memcmp(&product, &one, sizeof one) == 0);
    for (const unsigned bits : {4u, 8u}) {
      int16_t digit[65];
      OrderDigits(digit, numbers[i], bits);
      // From the top: 2^bits times what there is, and the digit; modulo 2^256.
      uint64_t sum[4] = {};
      for (size_t k = 256 / bits + 1; k-- > 0;) {
        CHECK(digit[k] >= -(1 << (bits - 1)) && digit[k] <= 1 << (bits - 1));
        for (int w = 3; w >= 0; w--) sum[w] = sum[w] << bits | (w > 0 ? sum[w - 1] >> (64 - bits) : 0);
        __int128 carry = digit[k];
        for (uint64_t& word : sum) {
          carry += word;
          word = static_cast<uint64_t>(carry);
          carry >>= 64;
        }
      }
      CHECK(std::memcmp(sum, numbers[i].word, 32) == 0);
    }
  }
  // n is 0, n + 5 is 5, and only what is below p - n has another number of the field.
  auto order = check::Hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364146");
  OrderNumber five;
  CHECK(!OrderFromBytes(&five, order.data()));
  CHECK(five.word[0] == 5);
  uint64_t raised[4];
  CHECK(OrderRaised(raised, five) && raised[0] == 0xbfd25e8cd0364146);
  CHECK(!OrderRaised(raised, OrderNumber{{0x402da1722fc9baee, 0x4551231950b75fc4, 1, 0}}));
  CHECK(OrderRaised(raised, OrderNumber{{0x402da1722fc9baed, 0x4551231950b75fc4, 1, 0}}) && raised[0] == kPrime[0] - 1);
}

CASE(Secp256k1Lanes, "secp256k1 in lanes: each answer is that of libsecp256k1 alone, in every lane, whatever the others hold") {
  if (!Secp256k1Available()) {
    std::printf("  built without libsecp256k1: not tested\n");
    return;
  }
  for (const Secp256k1Operations* operations : Instances()) {
    int different = 0;
    size_t right = 0, wrong = 0;
    for (int round = 0; round < 40; round++) {
      std::vector<Signed> all(1 + Below(operations->lanes == 1 ? 9 : 64));
      for (Signed& one : all) {
        if (Below(3) == 0) one.Spoil();
        one.valid ? right++ : wrong++;
      }
      different += Different(*operations, all);
    }
    CHECK(different == 0);
    CHECK(right > 20 && wrong > 10);
    // One that is not valid in each lane.
    for (size_t lane = 0; lane < operations->lanes; lane++) {
      std::vector<Signed> all(operations->lanes);
      all[lane].digest[0] ^= 1;
      all[lane].Judge();
      CHECK(!all[lane].valid && Different(*operations, all) == 0);
    }
  }
}

CASE(Secp256k1Keys, "secp256k1 in lanes: uncompressed keys are verified too, and keys beyond p are none") {
  if (!Secp256k1Available()) return;
  std::vector<Signed> all(9);
  // Of a key of 1 the point is known: the base point.
  auto uncompressed = check::Hex("0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");
  uint8_t secret[32] = {};
  secret[31] = 1;
  size_t size = 0;
  all[3].signature.resize(72);
  CHECK(Secp256k1Sign(all[3].signature.data(), &size, all[3].digest.data(), secret) == Fault::none);
  all[3].signature.resize(size);
  all[3].publicKey = uncompressed;
  // r, s and digest are the x of the base point and the key together, so that the equation holds for the key whose x is 1; p + 1 is another way to write that, and no key.
  const std::string r = "57d783579d03d9ab67a8aa7ad9b75a66ebca4ebce1b5be71442db1307f9146a8";
  for (const size_t i : {4u, 5u}) {
    all[i].signature = check::Hex("30440220" + r + "0220" + r);
    all[i].digest = check::Hex(r);
  }
  all[4].publicKey = check::Hex("020000000000000000000000000000000000000000000000000000000000000001");
  all[5].publicKey = check::Hex("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30");
  for (Signed& one : all) one.Judge();
  CHECK(all[3].valid && all[4].valid && !all[5].valid);
  Bytes signature[9], digest[9], publicKey[9];
  bool valid[9];
  for (size_t i = 0; i < 9; i++) {
    signature[i] = {all[i].signature.data(), all[i].signature.size()};
    digest[i] = {all[i].digest.data(), 32};
    publicKey[i] = {all[i].publicKey.data(), all[i].publicKey.size()};
  }
  Secp256k1VerifyLanes(valid, signature, digest, publicKey, 9);
  for (size_t i = 0; i < 9; i++) CHECK(valid[i] == all[i].valid);
}
