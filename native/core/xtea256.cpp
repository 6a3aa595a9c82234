#include "core/xtea256.h"

#include <sodium.h>

#include <cstring>

#include "lanes/lanes.h"
#include "lanes/xtea256-avx2.h"
#include "lanes/xtea256-avx512.h"

namespace handfast {
namespace {

inline uint32_t LoadLittle32(const uint8_t* in) {
  return static_cast<uint32_t>(in[0]) | static_cast<uint32_t>(in[1]) << 8 | static_cast<uint32_t>(in[2]) << 16 | static_cast<uint32_t>(in[3]) << 24;
}

inline void StoreLittle32(uint8_t* out, uint32_t value) {
  for (int i = 0; i < 4; i++) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

inline uint32_t Mixed(uint32_t v, uint32_t key) { return (((v << 4) ^ (v >> 5)) + v) ^ key; }

// What the rounds add depends on the key alone.
struct RoundKeys {
  uint32_t words[2 * kXteaMostRounds];
  size_t rounds;

  RoundKeys(const uint8_t key[32], size_t count) : rounds(count) {
    uint32_t sum = 0;
    for (size_t i = 0; i < rounds; i++) {
      words[2 * i] = sum + LoadLittle32(key + 4 * (sum & 7));
      sum += 0x9e3779b9;
      words[2 * i + 1] = sum + LoadLittle32(key + 4 * (sum >> 11 & 7));
    }
  }
  ~RoundKeys() { sodium_memzero(words, 2 * rounds * sizeof words[0]); }
  RoundKeys(const RoundKeys&) = delete;
  RoundKeys& operator=(const RoundKeys&) = delete;
};

// So many blocks side by side, in loops without branches that compilers turn into what vector instructions there are.
constexpr size_t kLanes = 16;

struct Words {
  uint32_t v0[kLanes], v1[kLanes];

  Words(const uint8_t* data, size_t blocks) {
    for (size_t i = 0; i < kLanes; i++) {
      v0[i] = i < blocks ? LoadLittle32(data + i * kXteaBlock) : 0;
      v1[i] = i < blocks ? LoadLittle32(data + i * kXteaBlock + 4) : 0;
    }
  }
  void Store(uint8_t* out, size_t blocks) const {
    for (size_t i = 0; i < blocks; i++) {
      StoreLittle32(out + i * kXteaBlock, v0[i]);
      StoreLittle32(out + i * kXteaBlock + 4, v1[i]);
    }
  }
};

void EncryptPlain(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds) {
  for (size_t at = 0; at < blocks; at += kLanes) {
    const size_t some = blocks - at < kLanes ? blocks - at : kLanes;
    Words words(data + at * kXteaBlock, some);
    for (size_t round = 0; round < rounds; round++) {
      for (size_t i = 0; i < kLanes; i++) words.v0[i] += Mixed(words.v1[i], roundKeys[2 * round]);
      for (size_t i = 0; i < kLanes; i++) words.v1[i] += Mixed(words.v0[i], roundKeys[2 * round + 1]);
    }
    words.Store(out + at * kXteaBlock, some);
  }
}

void DecryptPlain(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds) {
  for (size_t at = 0; at < blocks; at += kLanes) {
    const size_t some = blocks - at < kLanes ? blocks - at : kLanes;
    Words words(data + at * kXteaBlock, some);
    for (size_t round = rounds; round-- > 0;) {
      for (size_t i = 0; i < kLanes; i++) words.v1[i] -= Mixed(words.v0[i], roundKeys[2 * round + 1]);
      for (size_t i = 0; i < kLanes; i++) words.v0[i] -= Mixed(words.v1[i], roundKeys[2 * round]);
    }
    words.Store(out + at * kXteaBlock, some);
  }
}

using Blocks = void (*)(uint8_t*, const uint8_t*, size_t, const uint32_t*, size_t);

Blocks Encrypting() {
#ifdef HANDFAST_LANES
  if (LanesInUse() == Lanes::avx512) return XteaEncryptAvx512;
  if (LanesInUse() == Lanes::avx2) return XteaEncryptAvx2;
#endif
  return EncryptPlain;
}

Blocks Decrypting() {
#ifdef HANDFAST_LANES
  if (LanesInUse() == Lanes::avx512) return XteaDecryptAvx512;
  if (LanesInUse() == Lanes::avx2) return XteaDecryptAvx2;
#endif
  return DecryptPlain;
}

}  // namespace

void Xtea256Encrypt(uint8_t* out, const uint8_t* data, size_t size, const uint8_t key[32], size_t rounds) {
  const RoundKeys keys(key, rounds);
  Encrypting()(out, data, size / kXteaBlock, keys.words, rounds);
}

void Xtea256Decrypt(uint8_t* out, const uint8_t* data, size_t size, const uint8_t key[32], size_t rounds) {
  const RoundKeys keys(key, rounds);
  Decrypting()(out, data, size / kXteaBlock, keys.words, rounds);
}

}  // namespace handfast
