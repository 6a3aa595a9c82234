// What can go wrong in the core: the same codes as the TypeScript twin, as plain values. Nothing here throws or aborts.
#pragma once

namespace handfast {

enum class Fault {
  none,
  bad_argument,
  bad_key,
  bad_tag,
  weak_key,
  nonce_spent,
  released,
  unsupported,
  internal,  // no guarded memory left
};

// The name of a fault without its HF_.
inline const char* Name(Fault fault) {
  switch (fault) {
    case Fault::bad_key: return "BAD_KEY";
    case Fault::bad_tag: return "BAD_TAG";
    case Fault::weak_key: return "WEAK_KEY";
    case Fault::nonce_spent: return "NONCE_SPENT";
    case Fault::released: return "RELEASED";
    case Fault::unsupported: return "UNSUPPORTED";
    case Fault::internal: return "INTERNAL";
    default: return "BAD_ARGUMENT";
  }
}

}  // namespace handfast
