#include <cstring>
#include <vector>

#include "check.h"
#include "core/field25519.h"
#include "field-operations.h"
#include "lanes/lanes.h"

using namespace handfast;

namespace {

// The most that limbs of sums may hold.
constexpr uint64_t kSum = (uint64_t{1} << 63) - 1;
constexpr uint64_t kSmall = 121666;

struct Limbs {
  uint64_t of[10];
};

// Numbers below p with nothing but addition, which shares nothing with what it checks.
struct Number {
  uint64_t word[4];

  bool operator==(const Number& other) const { return std::memcmp(word, other.word, sizeof word) == 0; }
};

constexpr Number kPrime = {{~uint64_t{0} - 18, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0} >> 1}};

Number Minus(const Number& a, const Number& b, bool* below) {
  Number out;
  unsigned __int128 borrow = 0;
  for (int i = 0; i < 4; i++) {
    const unsigned __int128 difference = static_cast<unsigned __int128>(a.word[i]) - b.word[i] - borrow;
    out.word[i] = static_cast<uint64_t>(difference);
    borrow = difference >> 127;
  }
  *below = borrow != 0;
  return out;
}

Number Plus(const Number& a, const Number& b) {
  Number out;
  unsigned __int128 carry = 0;
  for (int i = 0; i < 4; i++) {
    carry += static_cast<unsigned __int128>(a.word[i]) + b.word[i];
    out.word[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  bool below;
  const Number less = Minus(out, kPrime, &below);
  return below ? out : less;
}

Number Negative(const Number& a) {
  bool below;
  return Plus(Minus(kPrime, a, &below), Number{{0, 0, 0, 0}});
}

Number Times(const Number& a, const Number& b) {
  Number out = {{0, 0, 0, 0}};
  for (int bit = 254; bit >= 0; bit--) {
    out = Plus(out, out);
    if (b.word[bit / 64] >> bit % 64 & 1) out = Plus(out, a);
  }
  return out;
}

Number ValueOf(const FieldLayout& layout, const Limbs& a) {
  Number out = {{0, 0, 0, 0}};
  for (size_t i = layout.limbs; i-- > 0;) {
    for (int bit = 0; bit < layout.bits[i]; bit++) out = Plus(out, out);
    out = Plus(out, Number{{a.of[i], 0, 0, 0}});
  }
  return out;
}

std::vector<const FieldOperations*> Instances() {
  std::vector<const FieldOperations*> all{&ScalarOperations()};
  if (LanesThere() >= Lanes::avx2 && Avx2Operations()) all.push_back(Avx2Operations());
  else std::printf("  no AVX2 here: not tested\n");
  if (LanesThere() >= Lanes::avx512 && IfmaOperations()) all.push_back(IfmaOperations());
  else std::printf("  no IFMA here: not tested\n");
  return all;
}

struct Value {
  Limbs limbs;
  Number number;
};

// Around 0, p, 2p and 2^255 in every way limbs can hold it, limbs at the limits given, and random ones.
std::vector<Value> Values(const FieldLayout& layout, const uint64_t most[10]) {
  std::vector<Value> all;
  const auto add = [&](const Limbs& limbs) { all.push_back({limbs, ValueOf(layout, limbs)}); };
  const auto full = [&](size_t i) { return (uint64_t{1} << layout.bits[i]) - 1; };
  const size_t last = layout.limbs - 1;
  for (uint64_t first : {uint64_t{0}, uint64_t{1}, uint64_t{18}, uint64_t{19}, uint64_t{20}, full(0) - 19, full(0) - 18, full(0) - 17, full(0), most[0]}) {
    for (int middle = 0; middle < 3; middle++) {
      for (uint64_t top : {uint64_t{0}, uint64_t{1}, full(last), full(last) + 1, most[last]}) {
        Limbs limbs = {{first}};
        for (size_t i = 1; i < last; i++) limbs.of[i] = middle == 0 ? 0 : middle == 1 ? full(i) : most[i];
        limbs.of[last] = top;
        add(limbs);
      }
    }
  }
  for (int i = 0; i < 40; i++) {
    Limbs random;
    check::Fill(&random, sizeof random);
    for (size_t j = 0; j <= last; j++) random.of[j] = i % 3 == 0 && (i >> j % 5 & 1) ? most[j] : random.of[j] % (most[j] + 1);
    add(random);
  }
  return all;
}

std::vector<Value> Carried(const FieldLayout& layout) { return Values(layout, layout.mostCarried); }

std::vector<Value> UpTo(const FieldLayout& layout, uint64_t most) {
  uint64_t limits[10];
  for (uint64_t& limit : limits) limit = most;
  return Values(layout, limits);
}

// Values from `start` on in the lanes, so that each comes to each lane beside others. `rubbish` lies above the bits that count.
struct Loaded {
  std::vector<uint64_t> limbs;
  std::vector<const Value*> values;

  Loaded(const FieldLayout& layout, const std::vector<Value>& all, size_t start, uint64_t rubbish) : limbs(layout.limbs * layout.lanes) {
    for (size_t lane = 0; lane < layout.lanes; lane++) {
      values.push_back(&all[(start + lane) % all.size()]);
      for (size_t i = 0; i < layout.limbs; i++) limbs[i * layout.lanes + lane] = values[lane]->limbs.of[i] | (layout.rubbish && i + 1 < layout.limbs ? rubbish << layout.bits[i] : 0);
    }
  }
};

// What an operation left in a lane; false if it is not carried as promised.
bool Result(const FieldLayout& layout, const std::vector<uint64_t>& out, size_t lane, Number* number) {
  Limbs own;
  bool carried = true;
  for (size_t i = 0; i < layout.limbs; i++) {
    own.of[i] = out[i * layout.lanes + lane];
    carried = carried && own.of[i] <= layout.mostCarried[i];
  }
  *number = ValueOf(layout, own);
  return carried;
}

// Lanes whose result is not what it should be.
template <class Expected>
int Wrong(const FieldOperations& operations, FieldOperation operation, const Loaded& a, const Loaded& b, Expected&& expected) {
  std::vector<uint64_t> out(operations.layout.limbs * operations.layout.lanes);
  operations.apply(operation, out.data(), a.limbs.data(), b.limbs.data());
  int wrong = 0;
  for (size_t lane = 0; lane < operations.layout.lanes; lane++) {
    Number result;
    wrong += Result(operations.layout, out, lane, &result) && result == expected(a.values[lane]->number, b.values[lane]->number) ? 0 : 1;
  }
  return wrong;
}

}  // namespace

CASE(LanesProducts, "lanes: products and squares are those of big integers, at every limit, in every lane, with rubbish above the limbs") {
  for (const FieldOperations* operations : Instances()) {
    const FieldLayout& layout = operations->layout;
    const std::vector<Value> values = Carried(layout);
    int wrong = 0;
    for (size_t i = 0; i < values.size(); i++) {
      const Loaded a(layout, values, i, i % 2 == 0 ? 0 : 0xfff);
      const auto square = [](const Number& x, const Number&) { return Times(x, x); };
      wrong += Wrong(*operations, FieldOperation::square, a, a, square) + Wrong(*operations, FieldOperation::biasedSquare, a, a, square);
      for (size_t j = i % 3; j < values.size(); j += 3) {
        const Loaded b(layout, values, j, j % 2 == 0 ? 0 : 0xabc);
        wrong += Wrong(*operations, j % 4 == 0 ? FieldOperation::biasedProduct : FieldOperation::product, a, b, Times);
      }
    }
    CHECK(wrong == 0);
  }
}

CASE(LanesSums, "lanes: sums, differences and small multiples are those of big integers, with limbs up to the limits of what is carried") {
  for (const FieldOperations* operations : Instances()) {
    const FieldLayout& layout = operations->layout;
    const std::vector<Value> fields = Carried(layout), sums = UpTo(layout, kSum / 2), subtrahends = UpTo(layout, layout.mostSubtracted), minuends = UpTo(layout, layout.mostMinuend);
    int wrong = 0;
    for (size_t i = 0; i < fields.size(); i++) {
      for (size_t j = i % 7; j < fields.size(); j += 7) {
        wrong += Wrong(*operations, FieldOperation::sum, Loaded(layout, sums, i, 0), Loaded(layout, sums, j, 0), Plus);
        wrong += Wrong(*operations, FieldOperation::difference, Loaded(layout, minuends, i, 0), Loaded(layout, subtrahends, j, 0),
                       [](const Number& x, const Number& y) { return Plus(x, Negative(y)); });
        wrong += Wrong(*operations, FieldOperation::smallProduct, Loaded(layout, fields, i, i % 2 == 0 ? 0 : 0xfff), Loaded(layout, sums, j, 0),
                       [](const Number& x, const Number& y) { return Plus(Times(x, Number{{kSmall, 0, 0, 0}}), y); });
      }
      wrong += Wrong(*operations, FieldOperation::negate, Loaded(layout, fields, i, i % 2 == 0 ? 0 : 0xfff), Loaded(layout, fields, i, 0), [](const Number& x, const Number&) { return Negative(x); });
    }
    CHECK(wrong == 0);
  }
}

CASE(LanesPowers, "lanes: inverses, alone and together with zeros among them, and the power of square roots") {
  const Number zero = {{0, 0, 0, 0}}, one = {{1, 0, 0, 0}};
  for (const FieldOperations* operations : Instances()) {
    const FieldLayout& layout = operations->layout;
    const size_t lanes = layout.lanes;
    const std::vector<Value> values = Carried(layout);
    int wrong = 0;
    std::vector<uint64_t> out(layout.limbs * lanes);
    const auto resultOf = [&](size_t lane) {
      Number result;
      wrong += Result(layout, out, lane, &result) ? 0 : 1;
      return result;
    };
    for (size_t i = 0; i < values.size(); i++) {
      const Loaded a(layout, values, i, i % 2 == 0 ? 0 : 0xfff), b(layout, values, 3 * i + 1, 0);
      operations->apply(FieldOperation::invert, out.data(), a.limbs.data(), b.limbs.data());
      for (size_t lane = 0; lane < lanes; lane++) {
        const Number& x = a.values[lane]->number;
        wrong += (x == zero ? resultOf(lane) == zero : Times(resultOf(lane), x) == one) ? 0 : 1;
      }
      // The product of both inverses.
      operations->apply(FieldOperation::invertTogether, out.data(), a.limbs.data(), b.limbs.data());
      for (size_t lane = 0; lane < lanes; lane++) {
        const Number product = Times(a.values[lane]->number, b.values[lane]->number);
        wrong += (product == zero ? resultOf(lane) == zero : Times(resultOf(lane), product) == one) ? 0 : 1;
      }
      if (i % 8 != 0) continue;
      operations->apply(FieldOperation::rootPower, out.data(), a.limbs.data(), b.limbs.data());
      for (size_t lane = 0; lane < lanes; lane++) {
        // x^((p-5)/8) to the eighth, times x^4, is x^(p-1).
        Number power = resultOf(lane);
        const Number& x = a.values[lane]->number;
        for (int times = 0; times < 3; times++) power = Times(power, power);
        const Number xx = Times(x, x);
        power = Times(power, Times(xx, xx));
        wrong += power == (x == zero ? zero : one) ? 0 : 1;
      }
    }
    CHECK(wrong == 0);
  }
}

CASE(LanesEncodings, "lanes: encodings, canonical values, zero, sign and equality, in every lane") {
  for (const FieldOperations* operations : Instances()) {
    const FieldLayout& layout = operations->layout;
    const size_t lanes = layout.lanes;
    const std::vector<Value> values = Carried(layout);
    int wrong = 0;
    for (size_t i = 0; i < values.size(); i++) {
      const Loaded a(layout, values, i, i % 2 == 0 ? 0 : 0xfff);
      uint8_t bytes[8][33];
      uint8_t* out[8];
      const uint8_t* in[8];
      for (size_t lane = 0; lane < 8; lane++) {
        out[lane] = bytes[lane] + 1;
        in[lane] = bytes[lane] + 1;
      }
      operations->toBytes(out, a.limbs.data());
      for (size_t lane = 0; lane < lanes; lane++) wrong += std::memcmp(out[lane], a.values[lane]->number.word, 32) == 0 ? 0 : 1;
      // The numbers from p to 2^255 - 1 can be written twice, and the top bit does not count.
      for (size_t lane = 0; lane < lanes; lane++) {
        if (lane % 2 == 0) bytes[lane][32] |= 0x80;
      }
      std::vector<uint64_t> read(layout.limbs * lanes), mask(layout.limbs * lanes);
      operations->fromBytes(read.data(), in);
      operations->apply(FieldOperation::equal, mask.data(), read.data(), a.limbs.data());
      wrong += mask[0] == (uint64_t{1} << lanes) - 1 ? 0 : 1;
      uint64_t zeros = 0, odd = 0, same = 0;
      const Loaded b(layout, values, i * 5 + 2, 0);
      for (size_t lane = 0; lane < lanes; lane++) {
        zeros |= static_cast<uint64_t>(a.values[lane]->number == Number{{0, 0, 0, 0}}) << lane;
        odd |= (a.values[lane]->number.word[0] & 1) << lane;
        same |= static_cast<uint64_t>(a.values[lane]->number == b.values[lane]->number) << lane;
      }
      operations->apply(FieldOperation::isZero, mask.data(), a.limbs.data(), a.limbs.data());
      wrong += mask[0] == zeros ? 0 : 1;
      operations->apply(FieldOperation::isOdd, mask.data(), a.limbs.data(), a.limbs.data());
      wrong += mask[0] == odd ? 0 : 1;
      operations->apply(FieldOperation::equal, mask.data(), a.limbs.data(), b.limbs.data());
      wrong += mask[0] == same ? 0 : 1;
      wrong += Wrong(*operations, FieldOperation::canonical, a, a, [](const Number& x, const Number&) { return x; });
    }
    for (const uint8_t first : {0xec, 0xed, 0xee, 0xff}) {
      uint8_t bytes[32];
      std::memset(bytes, 0xff, sizeof bytes);
      bytes[0] = first;
      const uint8_t* in[8] = {bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes};
      std::vector<uint64_t> read(layout.limbs * lanes);
      operations->fromBytes(read.data(), in);
      uint8_t expected[32], result[8][32];
      uint8_t* out[8];
      for (size_t lane = 0; lane < 8; lane++) out[lane] = result[lane];
      operations->toBytes(out, read.data());
      FieldToBytes(expected, FieldFromBytes(bytes));
      for (size_t lane = 0; lane < lanes; lane++) wrong += std::memcmp(expected, result[lane], 32) == 0 ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}
