// What every function of the lanes' templates is: inlined always, since their arguments are registers.
#pragma once

#if defined(__GNUC__)
#define LANES_INLINE __attribute__((always_inline)) inline
#define LANES_NOINLINE __attribute__((noinline))
#else
#define LANES_INLINE inline
#define LANES_NOINLINE
#endif
