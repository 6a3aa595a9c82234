// A steady clock and the median of a few rounds: all that these loops need.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

// Nanoseconds of one call, the median of `rounds` rounds of `count` calls each, after one round that is thrown away.
template <typename F>
double MedianNanoseconds(int rounds, int count, F&& once) {
  std::vector<double> times;
  for (int round = 0; round <= rounds; round++) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < count; i++) once();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    if (round > 0) times.push_back(took.count() / count);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}
