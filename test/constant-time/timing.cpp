// Constant time as a clock sees it: the same function on one secret and on random ones, in random order, thousands of times, and Welch's t-test on the two (Reparaz, Balasch, Verbauwhede, "Dude, is my
// code constant time?", 2017). |t| above 4.5 three times running, with the same sign, counts as found; the compare that leaves early is the control, which must be found.
// Prints a line for each function. Exit code 1 where something was found, or the control was not.
#include <sodium.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/bytes.h"
#include "core/ed25519.h"
#include "core/x25519.h"
#include "lanes/kernels.h"
#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <ctime>
#endif

namespace handfast {
namespace {

constexpr double kFound = 4.5;
constexpr int kRepeats = 3;
constexpr size_t kLanes = kKernelLanes;

uint64_t Now() {
#if defined(__x86_64__)
  // Fenced on both sides: nothing before is still on its way, nothing behind has begun.
  _mm_lfence();
  const uint64_t now = __rdtsc();
  _mm_lfence();
  return now;
#else
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
#endif
}

// Welch's t of the samples below the cut: what interrupts do lies above it.
double WelchT(const std::vector<double> samples[2], double cut) {
  double mean[2], variance[2], count[2];
  for (int c = 0; c < 2; c++) {
    double sum = 0, squares = 0, n = 0;
    for (double sample : samples[c]) {
      if (sample > cut) continue;
      n++;
      const double delta = sample - sum;
      sum += delta / n;
      squares += delta * (sample - sum);
    }
    mean[c] = sum;
    variance[c] = squares / (n - 1);
    count[c] = n;
  }
  return (mean[0] - mean[1]) / std::sqrt(variance[0] / count[0] + variance[1] / count[1]);
}

// The t that is farthest from zero, of the samples as they are and without their upper tenth and half.
template <class Run>
double Measure(size_t tries, size_t size, const Run& run) {
  std::vector<uint8_t> fixed(size), secret(size), kinds(tries), randoms(tries * size);
  randombytes_buf(fixed.data(), size);
  randombytes_buf(kinds.data(), tries);
  randombytes_buf(randoms.data(), randoms.size());
  std::vector<double> samples[2];
  // All of it is laid out beforehand, and each secret is copied to the same place: what goes before a measurement is the same for both kinds.
  for (size_t i = 0; i < tries; i++) {
    if ((kinds[i] & 1) == 0) std::memcpy(randoms.data() + i * size, fixed.data(), size);
  }
  for (size_t i = 0; i < tries; i++) {
    const int kind = kinds[i] & 1;
    std::memcpy(secret.data(), randoms.data() + i * size, size);
    const uint64_t before = Now();
    run(secret.data(), fixed.data());
    samples[kind].push_back(static_cast<double>(Now() - before));
  }
  std::vector<double> sorted(samples[0]);
  sorted.insert(sorted.end(), samples[1].begin(), samples[1].end());
  std::sort(sorted.begin(), sorted.end());
  double farthest = 0;
  for (double share : {1.0, 0.9, 0.5}) {
    const double t = WelchT(samples, sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))]);
    if (std::abs(t) > std::abs(farthest)) farthest = t;
  }
  return farthest;
}

int failures = 0;

template <class Run>
void Test(const char* name, bool leaks, size_t tries, size_t size, const Run& run) {
  double t[kRepeats];
  bool found = true;
  int repeats = 0;
  while (found && repeats < kRepeats) {
    t[repeats] = Measure(tries, size, run);
    found = std::abs(t[repeats]) > kFound && (t[repeats] > 0) == (t[0] > 0);
    repeats++;
  }
  if (found != leaks) failures++;
  std::printf("%s %-34s t", found == leaks ? "ok  " : "FAIL", name);
  for (int i = 0; i < repeats; i++) std::printf(" %7.1f", t[i]);
  std::printf("%s\n", leaks ? "  (control: must be found)" : "");
  std::fflush(stdout);
}

__attribute__((noinline)) bool EarlyOut(const uint8_t* a, const uint8_t* b, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

volatile int sink;

// The pointers of eight lanes with the same secret: a lane that took longer would be all eight of them.
struct Lanes {
  uint8_t out[kLanes][64];
  uint8_t* outs[kLanes];
  const uint8_t* secrets[kLanes];
  const uint8_t* peers[kLanes];
  Bytes messages[kLanes];
  bool ok[kLanes];
  uint8_t peer[32];
  uint8_t message[200] = {1, 2, 3};

  Lanes() {
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    X25519Public(peer, secret);
    for (size_t i = 0; i < kLanes; i++) {
      outs[i] = out[i];
      peers[i] = peer;
      messages[i] = {message, sizeof message};
    }
  }
  void Use(const uint8_t* secret) {
    for (const uint8_t*& one : secrets) one = secret;
  }
};

void All() {
  Lanes lanes;
  Test("compare that leaves early", true, 100000, 32, [](const uint8_t* secret, const uint8_t* fixed) { sink = EarlyOut(secret, fixed, 32); });
  Test("sodium_memcmp, 16 bytes", false, 200000, 16, [](const uint8_t* secret, const uint8_t* fixed) { sink = sodium_memcmp(secret, fixed, 16); });
  Test("sodium_memcmp, 32 bytes", false, 200000, 32, [](const uint8_t* secret, const uint8_t* fixed) { sink = sodium_memcmp(secret, fixed, 32); });
  Test("X25519Public", false, 20000, 32, [&](const uint8_t* secret, const uint8_t*) { X25519Public(lanes.out[0], secret); });
  Test("X25519Shared", false, 20000, 32, [&](const uint8_t* secret, const uint8_t*) { (void)X25519Shared(lanes.out[0], secret, lanes.peer); });
  Test("Ed25519Sign", false, 20000, 64, [&](const uint8_t* secret, const uint8_t*) { Ed25519Sign(lanes.out[0], lanes.message, sizeof lanes.message, secret); });
  if (!LanesKernels()) {
    std::puts("-    the kernels of the lanes need AVX-512 with IFMA");
    return;
  }
  Test("X25519PublicLanes", false, 20000, 32, [&](const uint8_t* secret, const uint8_t*) {
    lanes.Use(secret);
    X25519PublicLanes(lanes.outs, lanes.secrets, kLanes);
  });
  Test("X25519SharedLanes", false, 20000, 32, [&](const uint8_t* secret, const uint8_t*) {
    lanes.Use(secret);
    X25519SharedLanes(lanes.outs, lanes.secrets, lanes.peers, lanes.ok, kLanes);
  });
  Test("Ed25519SignLanes", false, 20000, 64, [&](const uint8_t* secret, const uint8_t*) {
    lanes.Use(secret);
    Ed25519SignLanes(lanes.outs, lanes.messages, lanes.secrets, kLanes);
  });
}

}  // namespace
}  // namespace handfast

int main() {
  if (sodium_init() < 0) return 1;
  handfast::All();
  return handfast::failures == 0 ? 0 : 1;
}
