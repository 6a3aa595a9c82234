#include "core/blake2b.h"

#include <sodium.h>

#include <cstring>

#include "core/blake2b-constants.h"
#include "lanes/blake2b-avx512.h"
#include "lanes/lanes.h"

namespace handfast {
namespace {

inline uint64_t RotateRight(uint64_t word, int bits) { return word >> bits | word << (64 - bits); }

inline void Mix(uint64_t& a, uint64_t& b, uint64_t& c, uint64_t& d, uint64_t x, uint64_t y) {
  // The block's word is added to what is there early: b comes last.
  a = a + x + b;
  d = RotateRight(d ^ a, 32);
  c = c + d;
  b = RotateRight(b ^ c, 24);
  a = a + y + b;
  d = RotateRight(d ^ a, 16);
  c = c + d;
  b = RotateRight(b ^ c, 63);
}

// Written out by the compiler: which words are mixed is then part of the instructions, and four mixes that do not wait for each other lie side by side.
template <int round>
inline void Round(uint64_t v[16], const uint64_t word[16]) {
  constexpr const uint8_t* order = kBlake2bOrder[round % 10];
  Mix(v[0], v[4], v[8], v[12], word[order[0]], word[order[1]]);
  Mix(v[1], v[5], v[9], v[13], word[order[2]], word[order[3]]);
  Mix(v[2], v[6], v[10], v[14], word[order[4]], word[order[5]]);
  Mix(v[3], v[7], v[11], v[15], word[order[6]], word[order[7]]);
  Mix(v[0], v[5], v[10], v[15], word[order[8]], word[order[9]]);
  Mix(v[1], v[6], v[11], v[12], word[order[10]], word[order[11]]);
  Mix(v[2], v[7], v[8], v[13], word[order[12]], word[order[13]]);
  Mix(v[3], v[4], v[9], v[14], word[order[14]], word[order[15]]);
}

}  // namespace

Blake2bState::Blake2bState(size_t digestBytes, Bytes key, const uint8_t* salt, const uint8_t* personal) : digestBytes_(digestBytes) {
  for (int i = 0; i < 8; i++) chain_[i] = kBlake2bStart[i];
  // Of the parameter block: salt and personal stand from byte 32 on.
  chain_[0] ^= Blake2bParameters(digestBytes, key.size);
  for (size_t i = 0; i < 2; i++) {
    if (salt) chain_[4 + i] ^= LoadLittle64(salt + 8 * i);
    if (personal) chain_[6 + i] ^= LoadLittle64(personal + 8 * i);
  }
  if (key.size == 0) return;
  std::memcpy(block_, key.data, key.size);
  std::memset(block_ + key.size, 0, kBlock - key.size);
  waiting_ = kBlock;
}

Blake2bState::~Blake2bState() {
  sodium_memzero(chain_, sizeof chain_);
  sodium_memzero(block_, sizeof block_);
}

void Blake2bState::Add(Bytes part) {
  while (part.size > 0) {
    if (waiting_ == kBlock) {
      Compress(block_, kBlock, false);
      waiting_ = 0;
    }
    // Whole blocks behind which there is more need not be copied.
    if (waiting_ == 0 && part.size > kBlock) {
      Compress(part.data, kBlock, false);
      part = {part.data + kBlock, part.size - kBlock};
      continue;
    }
    const size_t room = kBlock - waiting_, taken = part.size < room ? part.size : room;
    std::memcpy(block_ + waiting_, part.data, taken);
    waiting_ += taken;
    part = {part.data + taken, part.size - taken};
  }
}

void Blake2bState::End(uint8_t* digest) {
  std::memset(block_ + waiting_, 0, kBlock - waiting_);
  Compress(block_, waiting_, true);
  uint8_t whole[64];
  for (size_t i = 0; i < 8; i++) StoreLittle64(whole + 8 * i, chain_[i]);
  std::memcpy(digest, whole, digestBytes_);
  sodium_memzero(whole, sizeof whole);
}

void Blake2bState::Compress(const uint8_t block[kBlock], size_t bytes, bool last) {
  counted_ += bytes;
  if (LanesInUse() == Lanes::avx512) return Blake2bCompressAvx512(chain_, block, counted_, last);
  uint64_t word[16], v[16];
  for (size_t i = 0; i < 16; i++) word[i] = LoadLittle64(block + 8 * i);
  for (int i = 0; i < 8; i++) v[i] = chain_[i];
  for (int i = 0; i < 8; i++) v[8 + i] = kBlake2bStart[i];
  v[12] ^= counted_;
  if (last) v[14] = ~v[14];
  Round<0>(v, word);
  Round<1>(v, word);
  Round<2>(v, word);
  Round<3>(v, word);
  Round<4>(v, word);
  Round<5>(v, word);
  Round<6>(v, word);
  Round<7>(v, word);
  Round<8>(v, word);
  Round<9>(v, word);
  Round<10>(v, word);
  Round<11>(v, word);
  for (int i = 0; i < 8; i++) chain_[i] ^= v[i] ^ v[8 + i];
}

}  // namespace handfast
