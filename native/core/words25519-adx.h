// Arithmetic modulo p = 2^255 - 19 in constant time for x86-64 processors with BMI2 and ADX (Intel from 2014, AMD from 2017): multiplication that leaves the flags alone, and two carry
// chains at once, which compilers do not make of portable code. A product takes 20 multiplications here and 25 in field25519.h.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define HANDFAST_ADX 1

#include <cstdint>

#include "core/bytes.h"
#include "core/field25519.h"

namespace handfast {

// Four words of 64 bits and any value below 2^256: what leaves the top comes back 38 times, as 2^256 = 38 modulo p = 2^255 - 19. The rows of the schoolbook product are added as in Ozturk, Guilford,
// Gopal, Feghali, "New Instructions Supporting Large Integer Arithmetic on Intel Architecture Processors" (2012): low halves by adcx, high halves by adox, each with a carry of its own.

struct Words {
  uint64_t word[4];
};

// r8 to r15 hold a product of 512 bits; leaves r8 to r11 at `out`. First the upper half 38 times, then what that pushed out (at most 38), then its carry: after that r8 is so small that
// 38 more cannot carry.
#define HANDFAST_REDUCE_AND_STORE(out)  \
  "mov $38, %%edx\n\t"                  \
  "xor %%ecx, %%ecx\n\t"                \
  "mulx %%r12, %%rax, %%rbx\n\t"        \
  "adcx %%rax, %%r8\n\t"                \
  "adox %%rbx, %%r9\n\t"                \
  "mulx %%r13, %%rax, %%rbx\n\t"        \
  "adcx %%rax, %%r9\n\t"                \
  "adox %%rbx, %%r10\n\t"               \
  "mulx %%r14, %%rax, %%rbx\n\t"        \
  "adcx %%rax, %%r10\n\t"               \
  "adox %%rbx, %%r11\n\t"               \
  "mulx %%r15, %%rax, %%r12\n\t"        \
  "adcx %%rax, %%r11\n\t"               \
  "adox %%rcx, %%r12\n\t"               \
  "adcx %%rcx, %%r12\n\t"               \
  "imul %%rdx, %%r12\n\t"               \
  "add %%r12, %%r8\n\t"                 \
  "adc $0, %%r9\n\t"                    \
  "adc $0, %%r10\n\t"                   \
  "adc $0, %%r11\n\t"                   \
  "sbb %%rax, %%rax\n\t"                \
  "and $38, %%eax\n\t"                  \
  "add %%rax, %%r8\n\t"                 \
  "mov %%r8, (%[" out "])\n\t"          \
  "mov %%r9, 8(%[" out "])\n\t"         \
  "mov %%r10, 16(%[" out "])\n\t"       \
  "mov %%r11, 24(%[" out "])\n\t"

// Adds a[offset] b to the product, at the registers r0 to r3; r4 is new.
#define HANDFAST_ROW(offset, r0, r1, r2, r3, r4) \
  "mov " offset "(%[a]), %%rdx\n\t"              \
  "xor %%ecx, %%ecx\n\t"                         \
  "mulx (%[b]), %%rax, %%rbx\n\t"                \
  "adcx %%rax, %%" r0 "\n\t"                     \
  "adox %%rbx, %%" r1 "\n\t"                     \
  "mulx 8(%[b]), %%rax, %%rbx\n\t"               \
  "adcx %%rax, %%" r1 "\n\t"                     \
  "adox %%rbx, %%" r2 "\n\t"                     \
  "mulx 16(%[b]), %%rax, %%rbx\n\t"              \
  "adcx %%rax, %%" r2 "\n\t"                     \
  "adox %%rbx, %%" r3 "\n\t"                     \
  "mulx 24(%[b]), %%rax, %%" r4 "\n\t"           \
  "adcx %%rax, %%" r3 "\n\t"                     \
  "adox %%rcx, %%" r4 "\n\t"                     \
  "adcx %%rcx, %%" r4 "\n\t"

#define HANDFAST_CLOBBERS "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory"

// a *= b. Two pointers: with a third, what is left of the registers would not do where frame pointers are kept.
inline void WordsMultiply(Words* a, const Words* b) {
  __asm__ volatile(
      "mov (%[a]), %%rdx\n\t"
      "mulx (%[b]), %%r8, %%r9\n\t"
      "mulx 8(%[b]), %%rax, %%r10\n\t"
      "add %%rax, %%r9\n\t"
      "mulx 16(%[b]), %%rax, %%r11\n\t"
      "adc %%rax, %%r10\n\t"
      "mulx 24(%[b]), %%rax, %%r12\n\t"
      "adc %%rax, %%r11\n\t"
      "adc $0, %%r12\n\t"
      // clang-format off
      HANDFAST_ROW("8", "r9", "r10", "r11", "r12", "r13")
      HANDFAST_ROW("16", "r10", "r11", "r12", "r13", "r14")
      HANDFAST_ROW("24", "r11", "r12", "r13", "r14", "r15")
      HANDFAST_REDUCE_AND_STORE("a")
      // clang-format on
      :
      : [a] "r"(a), [b] "r"(b)
      : HANDFAST_CLOBBERS);
}

inline void WordsSquare(Words* out, const Words* a) {
  __asm__ volatile(
      // What stands beside the diagonal, once.
      "mov (%[a]), %%rdx\n\t"
      "mulx 8(%[a]), %%r9, %%r10\n\t"
      "mulx 16(%[a]), %%rax, %%r11\n\t"
      "mulx 24(%[a]), %%rbx, %%r12\n\t"
      "add %%rax, %%r10\n\t"
      "adc %%rbx, %%r11\n\t"
      "adc $0, %%r12\n\t"
      "mov 8(%[a]), %%rdx\n\t"
      "mulx 16(%[a]), %%rax, %%rbx\n\t"
      "mulx 24(%[a]), %%rcx, %%r13\n\t"
      "mov 16(%[a]), %%rdx\n\t"
      "mulx 24(%[a]), %%rdx, %%r14\n\t"
      "add %%rax, %%r11\n\t"
      "adc %%rbx, %%r12\n\t"
      "adc %%rdx, %%r13\n\t"
      "adc $0, %%r14\n\t"
      "add %%rcx, %%r12\n\t"
      "adc $0, %%r13\n\t"
      "adc $0, %%r14\n\t"
      // Twice that.
      "mov $0, %%r15d\n\t"
      "add %%r9, %%r9\n\t"
      "adc %%r10, %%r10\n\t"
      "adc %%r11, %%r11\n\t"
      "adc %%r12, %%r12\n\t"
      "adc %%r13, %%r13\n\t"
      "adc %%r14, %%r14\n\t"
      "adc %%r15, %%r15\n\t"
      // And the diagonal.
      "mov (%[a]), %%rdx\n\t"
      "mulx %%rdx, %%r8, %%rbx\n\t"
      "add %%rbx, %%r9\n\t"
      "mov 8(%[a]), %%rdx\n\t"
      "mulx %%rdx, %%rax, %%rbx\n\t"
      "adc %%rax, %%r10\n\t"
      "adc %%rbx, %%r11\n\t"
      "mov 16(%[a]), %%rdx\n\t"
      "mulx %%rdx, %%rax, %%rbx\n\t"
      "adc %%rax, %%r12\n\t"
      "adc %%rbx, %%r13\n\t"
      "mov 24(%[a]), %%rdx\n\t"
      "mulx %%rdx, %%rax, %%rbx\n\t"
      "adc %%rax, %%r14\n\t"
      "adc %%rbx, %%r15\n\t"
      HANDFAST_REDUCE_AND_STORE("out")
      :
      : [out] "r"(out), [a] "r"(a)
      : HANDFAST_CLOBBERS);
}

// The carry comes back 38 times, and so does the carry of that, after which nothing can carry.
inline void WordsAdd(Words* out, const Words* a, const Words* b) {
  uint64_t w0 = a->word[0], w1 = a->word[1], w2 = a->word[2], w3 = a->word[3], carry;
  __asm__("add (%[b]), %[w0]\n\t"
          "adc 8(%[b]), %[w1]\n\t"
          "adc 16(%[b]), %[w2]\n\t"
          "adc 24(%[b]), %[w3]\n\t"
          "sbb %[carry], %[carry]\n\t"
          "and $38, %[carry]\n\t"
          "add %[carry], %[w0]\n\t"
          "adc $0, %[w1]\n\t"
          "adc $0, %[w2]\n\t"
          "adc $0, %[w3]\n\t"
          "sbb %[carry], %[carry]\n\t"
          "and $38, %[carry]\n\t"
          "add %[carry], %[w0]\n\t"
          : [w0] "+&r"(w0), [w1] "+&r"(w1), [w2] "+&r"(w2), [w3] "+&r"(w3), [carry] "=&r"(carry)
          : [b] "r"(b), "m"(*b)
          : "cc");
  *out = {{w0, w1, w2, w3}};
}

inline void WordsSubtract(Words* out, const Words* a, const Words* b) {
  uint64_t w0 = a->word[0], w1 = a->word[1], w2 = a->word[2], w3 = a->word[3], carry;
  __asm__("sub (%[b]), %[w0]\n\t"
          "sbb 8(%[b]), %[w1]\n\t"
          "sbb 16(%[b]), %[w2]\n\t"
          "sbb 24(%[b]), %[w3]\n\t"
          "sbb %[carry], %[carry]\n\t"
          "and $38, %[carry]\n\t"
          "sub %[carry], %[w0]\n\t"
          "sbb $0, %[w1]\n\t"
          "sbb $0, %[w2]\n\t"
          "sbb $0, %[w3]\n\t"
          "sbb %[carry], %[carry]\n\t"
          "and $38, %[carry]\n\t"
          "sub %[carry], %[w0]\n\t"
          : [w0] "+&r"(w0), [w1] "+&r"(w1), [w2] "+&r"(w2), [w3] "+&r"(w3), [carry] "=&r"(carry)
          : [b] "r"(b), "m"(*b)
          : "cc");
  *out = {{w0, w1, w2, w3}};
}

// 121665 a + b: (486662 - 2) / 4 of the curve.
inline void WordsMultiplyAdd121665(Words* out, const Words* a, const Words* b) {
  uint64_t w0, w1, w2, w3, carry;
  __asm__("mulx (%[a]), %[w0], %[w1]\n\t"
          "mulx 8(%[a]), %%rax, %[w2]\n\t"
          "add %%rax, %[w1]\n\t"
          "mulx 16(%[a]), %%rax, %[w3]\n\t"
          "adc %%rax, %[w2]\n\t"
          "mulx 24(%[a]), %%rax, %[carry]\n\t"
          "adc %%rax, %[w3]\n\t"
          "adc $0, %[carry]\n\t"
          "add (%[b]), %[w0]\n\t"
          "adc 8(%[b]), %[w1]\n\t"
          "adc 16(%[b]), %[w2]\n\t"
          "adc 24(%[b]), %[w3]\n\t"
          "adc $0, %[carry]\n\t"
          "imul $38, %[carry], %[carry]\n\t"
          "add %[carry], %[w0]\n\t"
          "adc $0, %[w1]\n\t"
          "adc $0, %[w2]\n\t"
          "adc $0, %[w3]\n\t"
          "sbb %[carry], %[carry]\n\t"
          "and $38, %[carry]\n\t"
          "add %[carry], %[w0]\n\t"
          : [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2), [w3] "=&r"(w3), [carry] "=&r"(carry)
          : [a] "r"(a), [b] "r"(b), "d"(uint64_t{121665}), "m"(*a), "m"(*b)
          : "rax", "cc");
  *out = {{w0, w1, w2, w3}};
}

// b where choice is 1, a where it is 0, without a branch.
inline void WordsSelect(Words* out, const Words* a, const Words* b, uint64_t choice) {
  uint64_t w0 = a->word[0], w1 = a->word[1], w2 = a->word[2], w3 = a->word[3];
  __asm__("test %[choice], %[choice]\n\t"
          "cmovnz (%[b]), %[w0]\n\t"
          "cmovnz 8(%[b]), %[w1]\n\t"
          "cmovnz 16(%[b]), %[w2]\n\t"
          "cmovnz 24(%[b]), %[w3]\n\t"
          : [w0] "+&r"(w0), [w1] "+&r"(w1), [w2] "+&r"(w2), [w3] "+&r"(w3)
          : [b] "r"(b), [choice] "r"(choice), "m"(*b)
          : "cc");
  *out = {{w0, w1, w2, w3}};
}

inline Field WordsToField(const Words& a) {
  uint8_t bytes[32];
  for (int i = 0; i < 4; i++) StoreLittle64(bytes + 8 * i, a.word[i]);
  Field field = FieldFromBytes(bytes);
  field.limb[0] += 19 * (a.word[3] >> 63);
  return field;
}

#undef HANDFAST_REDUCE_AND_STORE
#undef HANDFAST_ROW
#undef HANDFAST_CLOBBERS

}  // namespace handfast

#endif
