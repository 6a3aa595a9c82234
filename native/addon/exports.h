// The groups of functions that module.cpp hands to JavaScript.
#pragma once

#include <cstddef>

#include "addon/arguments.h"

namespace handfast {

struct ExportList {
  const NamedExport* first;
  size_t count;
};

ExportList MemoryExports();
ExportList KeyExports();
ExportList HashExports();
ExportList AeadExports();
ExportList GuardedExports();
ExportList CipherExports();
ExportList JobExports();
ExportList XteaExports();
ExportList SequenceExports();

template <size_t N>
constexpr ExportList ListOf(const NamedExport (&exports)[N]) {
  return {exports, N};
}

}  // namespace handfast
