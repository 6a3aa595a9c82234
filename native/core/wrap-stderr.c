/* Stands in for the C library's `stderr` inside archives that were not compiled as position-independent code: they take its address directly, which a shared object
 * cannot resolve; a hidden symbol of our own can be. Only the default error callbacks of libsecp256k1 would ever print to it, and those are replaced by ours. */
#include <stdio.h>

__attribute__((visibility("hidden"))) FILE *__wrap_stderr = NULL;
