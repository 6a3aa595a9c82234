#include "lanes/base-table.h"

#include "core/bytes.h"
#include "core/edwards25519.h"

namespace handfast {
namespace {

struct Table {
  alignas(64) uint64_t word[kBaseWindows * kBaseWindowWords];

  Table() {
    // (L + 1) / 2, where L is the order of the base.
    static constexpr uint8_t kHalf[32] = {0xf7, 0xe9, 0x7a, 0x2e, 0x8d, 0x31, 0x09, 0x2c, 0x6b, 0xce, 0x7b, 0x51, 0xef, 0x7c, 0x6f, 0x0a,
                                          0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08};
    EdwardsPoint first;
    EdwardsMultiplyBase(&first, kHalf);
    for (int window = 0; window < kBaseWindows; window++) {
      EdwardsPoint twice = first, odd[kBaseEntries] = {first};
      EdwardsDouble(&twice);
      const EdwardsCached step = EdwardsCache(twice);
      for (int entry = 1; entry < kBaseEntries; entry++) {
        odd[entry] = odd[entry - 1];
        EdwardsAdd(&odd[entry], step);
      }
      EdwardsNiels niels[kBaseEntries];
      EdwardsToNiels(niels, odd, kBaseEntries);
      for (int entry = 0; entry < kBaseEntries; entry++) {
        uint64_t* at = word + window * kBaseWindowWords + entry;
        const Field parts[3] = {niels[entry].sum, niels[entry].difference, niels[entry].product};
        for (const Field& part : parts) {
          uint8_t bytes[40] = {0};
          FieldToBytes(bytes, part);
          // Limbs of 52 bits: six and a half bytes.
          for (int limb = 0; limb < 5; limb++, at += kBaseEntries) *at = (LoadLittle64(bytes + 13 * limb / 2) >> 4 * (limb % 2)) & ((uint64_t{1} << 52) - 1);
        }
      }
      for (int bit = 0; bit < kBaseDigitBits; bit++) EdwardsDouble(&first);
    }
  }
};

}  // namespace

const uint64_t* BaseTable() {
  static const Table table;
  return table.word;
}

}  // namespace handfast
