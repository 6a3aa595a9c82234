// Processor time and the median of a few rounds: all that these loops need. Processor time, as the JavaScript subjects have it, so that a busy machine does not slow one of both.
#pragma once

#include <algorithm>
#include <ctime>
#include <vector>

// Nanoseconds of one call, the median of `rounds` rounds of `count` calls each, after one round that is thrown away.
template <typename F>
double MedianNanoseconds(int rounds, int count, F&& once) {
  std::vector<double> times;
  for (int round = 0; round <= rounds; round++) {
    const std::clock_t start = std::clock();
    for (int i = 0; i < count; i++) once();
    const double took = static_cast<double>(std::clock() - start) * (1e9 / CLOCKS_PER_SEC);
    if (round > 0) times.push_back(took / count);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}
