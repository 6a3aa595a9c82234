// A direction of a session: chunks as the network cuts and spoils them, in slabs of exactly their size. What opens was sealed, in order, and lies where the table says.
#include "core/frames.h"

#include "input.h"

using namespace handfast;
using fuzz::Memory;

FUZZ(input) {
  fuzz::AnyLanes(input);
  const bool aes = input.ConsumeBool() && GcmEngineInUse() != Engine::none;
  const AeadName suite = aes ? AeadName::aes_256_gcm : AeadName::chacha20_poly1305;
  const Framing framing{static_cast<uint8_t>(input.ConsumeBool() ? 2 : 4), input.ConsumeBool(), input.ConsumeIntegralInRange<uint64_t>(0, 9)};
  const uint64_t counter = input.ConsumeBool() ? 0 : UINT64_MAX - input.ConsumeIntegralInRange<uint64_t>(0, 20);
  Memory key = fuzz::Exactly(input, 32);
  FrameCipher sealer(suite, key.data(), framing, counter), opener(suite, key.data(), framing, counter);

  // Entries of the input's choice first: refused whole, or sealed whole.
  Memory slab = fuzz::UpTo(input, 2000);
  std::vector<uint32_t> entries;
  for (size_t count = input.ConsumeIntegralInRange<size_t>(0, 70); count > 0; count--)
    entries.push_back(input.ConsumeIntegral<uint16_t>()), entries.push_back(input.ConsumeIntegralInRange<uint32_t>(0, 300));
  FrameCipher other(suite, key.data(), framing, counter);
  const Memory untouched = slab;
  if (other.SealMany(fuzz::Of(slab), entries.data(), entries.size() / 2) != Fault::none) HOLDS(slab == untouched && other.counter() == counter);

  // Honest frames, then what the network makes of them.
  std::vector<uint32_t> places;
  size_t end = 0;
  for (size_t count = input.ConsumeIntegralInRange<size_t>(0, 40); count > 0; count--) {
    const uint32_t size = input.ConsumeIntegralInRange<uint32_t>(1, 90);
    places.push_back(static_cast<uint32_t>(end + framing.lengthBytes)), places.push_back(size);
    end += framing.lengthBytes + size + kTagBytes;
  }
  Memory chunk = fuzz::Exactly(input, end);
  const Memory messages = chunk;
  const bool sealed = sealer.SealMany(fuzz::Of(chunk), places.data(), places.size() / 2) == Fault::none;
  if (!sealed) HOLDS(chunk == messages);
  const Memory honest = chunk;
  fuzz::Spoil(input, chunk);
  const bool same = sealed && chunk == honest;
  if (input.ConsumeIntegralInRange<int>(0, 3) == 0) fuzz::Resize(input, chunk, end + 40);

  Outcome outcome{};
  size_t from = 0, opened = 0;
  const uint32_t most = input.ConsumeIntegralInRange<uint32_t>(0, 200);
  for (int calls = 0; calls < 50; calls++) {
    const size_t until = input.ConsumeIntegralInRange<size_t>(from, chunk.size());
    const size_t capacity = input.ConsumeIntegralInRange<size_t>(0, 70);
    std::vector<uint32_t> found(2 * capacity);
    const size_t got = opener.OpenMany(fuzz::Of(chunk), from, until, found.data(), capacity, most, &outcome);
    HOLDS(got <= capacity && outcome.consumed >= from && outcome.consumed <= until);
    HOLDS(static_cast<uint32_t>(outcome.stop) <= 5);
    for (size_t i = 0; i < got; i++) {
      HOLDS(found[2 * i] + found[2 * i + 1] + kTagBytes <= until);
      // Whatever opened is the next one that was sealed, to the byte.
      const size_t at = 2 * (opened + i);
      HOLDS(sealed && at + 1 < places.size() && found[2 * i + 1] == places[at + 1]);
      HOLDS(std::memcmp(&chunk[found[2 * i]], &messages[places[at]], places[at + 1]) == 0);
    }
    opened += got;
    from = outcome.consumed;
    if (outcome.stop != Stop::short_ && outcome.stop != Stop::full) break;
  }
  HOLDS(opener.counter() == counter + opened);
  if (same && outcome.stop == Stop::bad_tag) fuzz::Fail("an honest frame opens", __FILE__, __LINE__);
}
