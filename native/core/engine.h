// Whose code does the work of a cipher suite on this machine.
#pragma once

namespace handfast {

enum class Engine { none, sodium, ipsec_mb };

inline const char* NameOf(Engine engine) { return engine == Engine::ipsec_mb ? "ipsec-mb" : engine == Engine::sodium ? "libsodium" : "none"; }

// The version of ipsec-mb linked in, or an empty text.
const char* IpsecMbVersion();

}  // namespace handfast
