// Programs out of nothing, run over inputs out of nothing: read or refused, run or failed, and every key and cipher that a run made is known by its handle.
#include "core/sequence.h"

#include "input.h"

using namespace handfast;
using fuzz::Memory;

FUZZ(input) {
  Memory program = fuzz::UpTo(input, 400), room = Memory(input.ConsumeIntegralInRange<size_t>(0, 700));
  Sequence sequence;
  if (!sequence.Read(fuzz::Of(program))) {
    HOLDS(sequence.inputs() == 0 && sequence.results() == 0);
    return;
  }
  HOLDS(sequence.results() <= Sequence::kMostResults);
  std::vector<Memory> held;
  std::vector<Bytes> inputs;
  for (size_t i = 0; i < sequence.inputs(); i++) held.push_back(sequence.IsKey(i) ? fuzz::Exactly(input, sequence.KeyBytes(i)) : fuzz::UpTo(input, 200));
  for (Memory& memory : held) inputs.push_back(fuzz::Of(memory));
  Arena secrets(64), ciphers((sizeof(FrameCipher) + 63) / 64 * 64);
  Sequence::Result results[Sequence::kMostResults];
  const Fault fault = sequence.Run(inputs.data(), fuzz::Of(room), secrets, ciphers, results);
  if (fault != Fault::none) {
    HOLDS(secrets.Live() == 0 && ciphers.Live() == 0);
    return;
  }
  for (size_t i = 0; i < sequence.results(); i++) {
    const Sequence::Result& result = results[i];
    if (result.kind == Sequence::Kind::bytes) {
      HOLDS(result.bytes.data >= room.data() && result.bytes.data + result.bytes.size <= room.data() + room.size());
      continue;
    }
    Arena& arena = result.kind == Sequence::Kind::cipher ? ciphers : secrets;
    HOLDS(arena.At(result.handle).data != nullptr);
    if (result.kind == Sequence::Kind::cipher) reinterpret_cast<FrameCipher*>(arena.At(result.handle).data)->~FrameCipher();
    HOLDS(arena.Release(result.handle));
  }
  HOLDS(secrets.Live() == 0 && ciphers.Live() == 0);
}
