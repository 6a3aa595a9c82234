// Runs with every kind of lanes that this machine has, and says which it has not.
#pragma once

#include <cstdio>

#include "lanes/lanes.h"

template <typename Run>
void WithAllLanes(Run run) {
  using namespace handfast;
  const Lanes before = LanesInUse();
  for (const Lanes lanes : {Lanes::off, Lanes::avx2, Lanes::avx512}) {
    if (!LanesUse(lanes)) {
      std::printf("     not run: this machine has no %s\n", NameOf(lanes));
      continue;
    }
    run();
  }
  LanesUse(before);
}
