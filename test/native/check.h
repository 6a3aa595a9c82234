// As little of a test framework as will do: cases register themselves, checks count and print, main says how it ended.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace check {

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}

inline int& Failures() {
  static int failures = 0;
  return failures;
}

struct Register {
  Register(const char* name, void (*run)()) { Cases().push_back({name, run}); }
};

inline void That(bool held, const char* what, const char* file, int line) {
  if (held) return;
  std::printf("  %s:%d: %s\n", file, line, what);
  Failures()++;
}

inline std::vector<uint8_t> Hex(const std::string& text) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

// Random bytes of a printed seed, so that a failure can be had again: HANDFAST_SEED=n.
uint64_t Seed();
void Fill(void* out, size_t size);

}  // namespace check

#define CASE(identifier, text)                                    \
  static void identifier();                                       \
  static const check::Register register_##identifier(text, identifier); \
  static void identifier()
#define CHECK(condition) check::That((condition), #condition, __FILE__, __LINE__)
