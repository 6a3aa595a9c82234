// Processor time and the median of a few rounds: all that these loops need. Processor time, as the JavaScript subjects have it, so that a busy machine does not slow one of both.
#pragma once

#include <algorithm>
#include <ctime>
#include <functional>
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

// The same for several subjects that take turns, so that what slows the machine for a while slows them alike.
inline std::vector<double> MediansInTurn(int rounds, int count, const std::vector<std::function<void()>>& subjects) {
  std::vector<std::vector<double>> times(subjects.size());
  for (int round = 0; round <= rounds; round++) {
    for (size_t i = 0; i < subjects.size(); i++) {
      const std::clock_t start = std::clock();
      for (int n = 0; n < count; n++) subjects[i]();
      const double took = static_cast<double>(std::clock() - start) * (1e9 / CLOCKS_PER_SEC);
      if (round > 0) times[i].push_back(took / count);
    }
  }
  std::vector<double> medians;
  for (std::vector<double>& own : times) {
    std::sort(own.begin(), own.end());
    medians.push_back(own[own.size() / 2]);
  }
  return medians;
}
