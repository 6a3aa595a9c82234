#include "core/sequence.h"

#include <cstring>
#include <vector>

#include "check.h"
#include "core/hash.h"

using namespace handfast;

namespace {

// Inputs: bytes, a spent key of 32. Steps: hash of a constant, the bytes and the key; a derivation from it; the bytes sealed under that; a cipher with it.
const std::vector<uint8_t> kProgram{
    2, 0, 0, 2, 32,                                // inputs 0, 1
    2, 3, 'a', 'b', 'c', 8, 1, 2, 3, 4, 5, 6, 7, 8,  // constants 2, 3
    4,                                             // steps 4 to 7
    0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 1,         //   blake2b of 2, 0, 1
    1, 9, 0, 0, 0, 0, 0, 0, 0, 2, 4, 3,            //   kdf of 4, context 3
    2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 5, 0, 4,         //   seal of 0 under 5, associated data 4
    4, 0, 4, 1, 0, 0, 1, 0, 0, 1, 5,               //   cipher with 5
    3, 6, 0, 5, 1, 7, 3};                          // results: bytes of 6, key 5, cipher 7

// The bytes opened again: inputs sealed, key, associated data; a key is made before.
const std::vector<uint8_t> kOpening{3, 0, 0, 1, 32, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0, 2, 1, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 2, 2, 4, 1, 5, 0};

Bytes Of(const std::vector<uint8_t>& bytes) { return {const_cast<uint8_t*>(bytes.data()), bytes.size()}; }

}  // namespace

CASE(SequenceMakes, "a sequence makes what its steps make one by one, and what it seals another opens") {
  Sequence sequence, opening;
  CHECK(sequence.Read(Of(kProgram)));
  CHECK(opening.Read(Of(kOpening)));
  Arena secrets(64), ciphers(sizeof(FrameCipher));
  uint8_t text[100], key[32], room[256], again[128];
  check::Fill(text, sizeof text);
  check::Fill(key, sizeof key);
  const Bytes inputs[2] = {{text, sizeof text}, {key, sizeof key}};
  Sequence::Result results[Sequence::kMostResults];
  CHECK(sequence.Run(inputs, {room, sizeof room}, secrets, ciphers, results) == Fault::none);
  CHECK(secrets.Live() == 1 && ciphers.Live() == 1);

  uint8_t label[3] = {'a', 'b', 'c'}, digest[64], derived[32], sealed[116];
  const uint8_t context[8] = {1, 2, 3, 4, 5, 6, 7, 8}, nonce[12] = {0};
  const Bytes parts[3] = {{label, 3}, inputs[0], inputs[1]};
  Blake2b({digest, 64}, parts, 3, {}, nullptr, nullptr);
  Kdf(derived, digest, 9, context);
  CHECK(AeadSeal(AeadName::chacha20_poly1305, sealed, derived, nonce, inputs[0], {digest, 64}) == Fault::none);
  CHECK(results[0].bytes.size == sizeof sealed && std::memcmp(results[0].bytes.data, sealed, sizeof sealed) == 0);
  CHECK(std::memcmp(secrets.At(results[1].handle).data, derived, sizeof derived) == 0);

  const Bytes toOpen[3] = {{sealed, sizeof sealed}, {derived, 32}, {digest, 64}};
  Sequence::Result opened[Sequence::kMostResults];
  CHECK(opening.Run(toOpen, {again, sizeof again}, secrets, ciphers, opened) == Fault::none);
  CHECK(opened[1].bytes.size == sizeof text && std::memcmp(opened[1].bytes.data, text, sizeof text) == 0);
  CHECK(secrets.Release(opened[0].handle) && secrets.Release(results[1].handle) && ciphers.Release(results[2].handle));
}

CASE(SequenceFails, "a run that does not open, or has too little room, leaves no key, no cipher and no byte of what it made") {
  Sequence sequence, opening;
  CHECK(sequence.Read(Of(kProgram)) && opening.Read(Of(kOpening)));
  Arena secrets(64), ciphers(sizeof(FrameCipher));
  uint8_t text[100], key[32], room[256] = {0};
  check::Fill(text, sizeof text);
  check::Fill(key, sizeof key);
  Sequence::Result results[Sequence::kMostResults];
  const Bytes wrong[3] = {{text, sizeof text}, {key, 32}, {text, 64}};
  CHECK(opening.Run(wrong, {room, sizeof room}, secrets, ciphers, results) == Fault::bad_tag);
  const Bytes tooShort[3] = {{text, 15}, {key, 32}, {text, 64}};
  CHECK(opening.Run(tooShort, {room, sizeof room}, secrets, ciphers, results) == Fault::bad_tag);
  const Bytes inputs[2] = {{text, sizeof text}, {key, sizeof key}};
  CHECK(sequence.Run(inputs, {room, 115}, secrets, ciphers, results) == Fault::bad_argument);
  CHECK(secrets.Live() == 0 && ciphers.Live() == 0);
  for (const uint8_t byte : room) CHECK(byte == 0);
}

CASE(SequenceRead, "a program that is cut short anywhere, goes on, or names what is not there is refused") {
  for (const std::vector<uint8_t>& program : {kProgram, kOpening}) {
    for (size_t size = 0; size < program.size(); size++) {
      Sequence sequence;
      CHECK(!sequence.Read({const_cast<uint8_t*>(program.data()), size}));
      CHECK(sequence.inputs() == 0 && sequence.results() == 0);
    }
    std::vector<uint8_t> longer = program;
    longer.push_back(0);
    Sequence sequence;
    CHECK(!sequence.Read(Of(longer)));
  }
  const auto refused = [](size_t at, uint8_t value) {
    std::vector<uint8_t> program = kProgram;
    program[at] = value;
    Sequence sequence;
    return !sequence.Read(Of(program));
  };
  CHECK(refused(3, 3));    // an input that is a cipher
  CHECK(refused(4, 65));   // a key that is too long
  CHECK(refused(20, 5));   // no such step
  CHECK(refused(30, 4));   // itself
  CHECK(refused(31, 6));   // made later
  CHECK(refused(43, 0));   // a derivation from bytes of any length
  CHECK(refused(44, 2));   // a context of 3 bytes
  CHECK(refused(55, 4));   // sealed under a digest
  CHECK(refused(60, 3));   // 3 bytes of length
}
