// Which vector instructions the kernels of this folder may use: found out once from the processor, and lowered by whoever asks for it. Results are the same with all of them.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define HANDFAST_LANES 1
#endif

namespace handfast {

enum class Lanes { off = 0, avx2 = 1, avx512 = 2 };

// What this processor and its system can do.
Lanes LanesThere();
Lanes LanesInUse();
// False: not there, nothing changed. For the whole process.
bool LanesUse(Lanes lanes);

inline const char* NameOf(Lanes lanes) { return lanes == Lanes::avx512 ? "avx512-ifma" : lanes == Lanes::avx2 ? "avx2" : "off"; }

}  // namespace handfast
