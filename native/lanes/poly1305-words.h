// Poly1305 of RFC 8439 of one message on the words of the processor: numbers modulo 2^130 - 5 in limbs of 44, 44 and 42 bits. For messages too short to fill lanes; in constant time.
#pragma once

#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/bytes.h"
#include "core/opaque.h"

namespace handfast {

class Poly1305Words {
 public:
  explicit Poly1305Words(const uint8_t key[32]) {
    const uint64_t low = LoadLittle64(key), high = LoadLittle64(key + 8);
    r_[0] = low & 0xffc0fffffff;
    r_[1] = (low >> 44 | high << 20) & 0xfffffc0ffff;
    r_[2] = high >> 24 & 0x00ffffffc0f;
    pad_[0] = LoadLittle64(key + 16);
    pad_[1] = LoadLittle64(key + 24);
  }
  ~Poly1305Words() { sodium_memzero(this, sizeof *this); }
  Poly1305Words(const Poly1305Words&) = delete;
  Poly1305Words& operator=(const Poly1305Words&) = delete;

  // With zeros behind it up to a whole number of blocks, as the AEAD has both of its parts.
  void AddPadded(Bytes part) {
    for (; part.size >= 16; part = {part.data + 16, part.size - 16}) AddBlock(LoadLittle64(part.data), LoadLittle64(part.data + 8));
    if (part.size == 0) return;
    uint8_t block[16] = {0};
    std::memcpy(block, part.data, part.size);
    AddBlock(LoadLittle64(block), LoadLittle64(block + 8));
  }

  void AddBlock(uint64_t low, uint64_t high) {
    const uint64_t a0 = h_[0] + (low & kMask44), a1 = h_[1] + ((low >> 44 | high << 20) & kMask44), a2 = h_[2] + (high >> 24 | uint64_t{1} << 40);
    // What comes to lie at 2^132 counts 20 times.
    const uint64_t s1 = 20 * r_[1], s2 = 20 * r_[2];
    Wide d0 = Wide{a0} * r_[0] + Wide{a1} * s2 + Wide{a2} * s1;
    Wide d1 = Wide{a0} * r_[1] + Wide{a1} * r_[0] + Wide{a2} * s2;
    Wide d2 = Wide{a0} * r_[2] + Wide{a1} * r_[1] + Wide{a2} * r_[0];
    d1 += static_cast<uint64_t>(d0 >> 44);
    d2 += static_cast<uint64_t>(d1 >> 44);
    h_[0] = (static_cast<uint64_t>(d0) & kMask44) + 5 * static_cast<uint64_t>(d2 >> 42);
    h_[1] = (static_cast<uint64_t>(d1) & kMask44) + (h_[0] >> 44);
    h_[0] &= kMask44;
    h_[2] = static_cast<uint64_t>(d2) & kMask42;
  }

  void End(uint8_t tag[16]) {
    // Twice around: then limbs are within their bits.
    for (int i = 0; i < 2; i++) {
      h_[1] += h_[0] >> 44;
      h_[0] &= kMask44;
      h_[2] += h_[1] >> 44;
      h_[1] &= kMask44;
      h_[0] += 5 * (h_[2] >> 42);
      h_[2] &= kMask42;
    }
    h_[1] += h_[0] >> 44;
    h_[0] &= kMask44;
    // h + 5 - 2^130 is what is left where h is not below 2^130 - 5.
    const uint64_t g0 = h_[0] + 5, g1 = h_[1] + (g0 >> 44), g2 = h_[2] + (g1 >> 44);
    const uint64_t reduced = Opaque(0 - (g2 >> 42));
    h_[0] ^= (h_[0] ^ (g0 & kMask44)) & reduced;
    h_[1] ^= (h_[1] ^ (g1 & kMask44)) & reduced;
    h_[2] ^= (h_[2] ^ (g2 & kMask42)) & reduced;
    const Wide low = Wide{h_[0] | h_[1] << 44} + pad_[0];
    StoreLittle64(tag, static_cast<uint64_t>(low));
    StoreLittle64(tag + 8, (h_[1] >> 20 | h_[2] << 24) + pad_[1] + static_cast<uint64_t>(low >> 64));
  }

 private:
  using Wide = unsigned __int128;
  static constexpr uint64_t kMask44 = (uint64_t{1} << 44) - 1, kMask42 = (uint64_t{1} << 42) - 1;

  uint64_t r_[3], pad_[2], h_[3] = {0, 0, 0};
};

}  // namespace handfast
