// A challenge k as a fraction u/v of numbers half as long, so that a signature is checked in half the doublings.
// Antipa, Brown, Gallant, Lambert, Struik, Vanstone, "Accelerated Verification of ECDSA Signatures" (2005); for Ed25519, Pornin, "Optimized Lattice Basis Reduction in Dimension 2,
// and Fast Schnorr and EdDSA Signature Verification" (2020).
#pragma once

#include <cstdint>

#include "core/field25519.h"

namespace handfast {

// u = v k modulo 8L, the order of the whole group, with v odd and below L. Then uA = vkA for every point A, whatever its torsion, and vP = 0 only for P = 0, since v has no factor
// in common with 8L. v is below 2^128, and so is u for most k; for about one in 2^(t+2), which could be searched for, u is t bits longer.
struct ShortRelation {
  uint64_t u[4];
  Wide v;
  bool negative;  // whether u = -v k
};

// k below L, little-endian. Not in constant time.
ShortRelation ShortRelationOf(const uint8_t k[32]);

// A place in Euclid's algorithm on 8L and k: u = v k or u = -v k modulo 8L.
struct RelationRow {
  uint64_t u[4];
  Wide v;
};
// From two consecutive rows on, however far somebody else has come with them: longer.u shorter.v + shorter.u longer.v = 8L, and `negative` says whether shorter.u = -shorter.v k.
// Quicker the nearer shorter.u has come to 2^128, which it should not have passed by far.
ShortRelation ShortRelationFrom(RelationRow longer, RelationRow shorter, bool negative);

}  // namespace handfast
