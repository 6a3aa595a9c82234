#include "core/scalar25519.h"

#include <sodium.h>

#include <cstring>
#include <vector>

#include "check.h"
#include "group-operations.h"
#include "lanes/kernels.h"

using namespace handfast;

namespace {

using Scalar = std::vector<uint8_t>;

const Scalar kOrder = check::Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

bool ReducedAlike(const uint8_t wide[64]) {
  uint8_t ours[32], theirs[32], inPlace[64];
  ScalarReduce(ours, wide);
  crypto_core_ed25519_scalar_reduce(theirs, wide);
  std::memcpy(inPlace, wide, 64);
  ScalarReduce(inPlace, inPlace);
  return std::memcmp(ours, theirs, 32) == 0 && std::memcmp(inPlace, theirs, 32) == 0;
}

bool MultipliedAlike(const Scalar& a, const Scalar& b, const Scalar& c) {
  uint8_t ours[32], theirs[32], reduced[32], wide[64] = {0};
  ScalarMultiplyAdd(ours, a.data(), b.data(), c.data());
  crypto_core_ed25519_scalar_mul(theirs, a.data(), b.data());
  std::memcpy(wide, c.data(), 32);
  crypto_core_ed25519_scalar_reduce(reduced, wide);
  crypto_core_ed25519_scalar_add(theirs, theirs, reduced);
  return std::memcmp(ours, theirs, 32) == 0;
}

// Numbers of `size` bytes where a carry or a subtraction may go wrong: around multiples of the order shifted by any number of bytes, powers of two and their neighbours.
std::vector<Scalar> Edges(size_t size) {
  std::vector<Scalar> all;
  const Scalar one = [&] {
    Scalar number(size);
    number[0] = 1;
    return number;
  }();
  const auto around = [&](Scalar number) {
    all.push_back(number);
    sodium_add(number.data(), one.data(), size);
    all.push_back(number);
    sodium_sub(number.data(), one.data(), size);
    sodium_sub(number.data(), one.data(), size);
    all.push_back(number);
  };
  for (size_t bit = 0; bit < 8 * size; bit++) {
    Scalar number(size);
    number[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    around(number);
  }
  for (size_t shift = 0; shift + 32 <= size; shift++) {
    Scalar step(size), number(size);
    std::memcpy(step.data() + shift, kOrder.data(), 32);
    for (int times = 0; times < 16; times++) {
      around(number);
      sodium_add(number.data(), step.data(), size);
    }
  }
  for (int value = 0; value < 256; value += 5) all.push_back(Scalar(size, static_cast<uint8_t>(value)));
  return all;
}

}  // namespace

CASE(ScalarEdges, "a number of 512 bits is reduced as by libsodium around powers of two and multiples of the order, and in place") {
  int different = 0;
  for (const Scalar& wide : Edges(64)) different += ReducedAlike(wide.data()) ? 0 : 1;
  CHECK(different == 0);
}

CASE(ScalarRandom, "a number of 512 bits is reduced as by libsodium for 20,000 random ones, and products are the same") {
  int different = 0;
  for (int i = 0; i < 20000; i++) {
    Scalar wide(64), c(32);
    check::Fill(wide.data(), 64);
    check::Fill(c.data(), 32);
    different += ReducedAlike(wide.data()) ? 0 : 1;
    different += MultipliedAlike(Scalar(wide.begin(), wide.begin() + 32), Scalar(wide.begin() + 32, wide.end()), c) ? 0 : 1;
  }
  CHECK(different == 0);
}

CASE(ScalarProducts, "a * b + c is as by libsodium where all three are numbers of 256 bits at the edges") {
  int different = 0;
  const std::vector<Scalar> edges = Edges(32);
  for (size_t i = 0; i < edges.size(); i++) {
    for (size_t j = 0; j < edges.size(); j += 41) different += MultipliedAlike(edges[i], edges[(i + j) % edges.size()], edges[(7 * i + j) % edges.size()]) ? 0 : 1;
  }
  CHECK(different == 0);
}

CASE(LanesScalars, "a * b + c is as by core in every lane, for numbers of 512 and 256 bits at the edges and random ones") {
  std::vector<Scalar> wide = Edges(64), narrow = Edges(32);
  for (int i = 0; i < 2000; i++) {
    wide.push_back(Scalar(64));
    check::Fill(wide.back().data(), 64);
    narrow.push_back(Scalar(32));
    check::Fill(narrow.back().data(), 32);
  }
  const Scalar zero(64), one = [] {
    Scalar number(32);
    number[0] = 1;
    return number;
  }();
  std::vector<const GroupOperations*> instances{&ScalarGroup()};
  if (LanesKernels()) instances.push_back(IfmaGroup());
  for (const GroupOperations* group : instances) {
    int different = 0;
    for (size_t start = 0; start < wide.size(); start++) {
      std::vector<const uint8_t*> a, b, c;
      std::vector<Scalar> out(group->lanes, Scalar(32));
      std::vector<uint8_t*> results;
      for (size_t i = 0; i < group->lanes; i++) {
        // Every fourth time nothing but a is reduced.
        const bool alone = start % 4 == 0;
        a.push_back(wide[(start + i) % wide.size()].data());
        b.push_back(alone ? one.data() : narrow[(5 * start + 3 * i) % narrow.size()].data());
        c.push_back(alone ? zero.data() : wide[(7 * start + i) % wide.size()].data());
        results.push_back(out[i].data());
      }
      group->multiplyAdd(results.data(), a.data(), b.data(), c.data());
      for (size_t i = 0; i < group->lanes; i++) {
        uint8_t reduced[32], added[32], wanted[32];
        ScalarReduce(reduced, a[i]);
        ScalarReduce(added, c[i]);
        ScalarMultiplyAdd(wanted, reduced, b[i], added);
        different += std::memcmp(out[i].data(), wanted, 32) == 0 ? 0 : 1;
      }
    }
    CHECK(different == 0);
  }
}
