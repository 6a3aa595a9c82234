// Mixed public-key work as plain values: many items to a call, one answer each, on any thread. Equal operations are gathered into groups, which the vector kernels
// (lanes/kernels.h) do eight at a time in about the time of one; what they answer is what single operations would, refusals too.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "lanes/kernels.h"

namespace handfast {

// The numbers are those of native-jobs.ts. ready: nothing is left to do, the result is there.
enum class Op : uint8_t { keygen = 0, dh = 1, sign = 2, verify = 3, secp256k1_sign = 4, secp256k1_verify = 5, secp256k1_verify_sha512 = 6, ready = 7 };
constexpr size_t kOps = 7;

// What an op reads and writes; lengths that are not a peer's choice were checked by whoever made the item. No item reads what another writes.
struct Work {
  Op op;
  Bytes secret;     // dh, secp256k1_sign: 32; sign: 64. keygen: 32 to be filled with the new secret key
  Bytes message;    // sign, verify, secp256k1_verify_sha512: any; secp256k1_sign, secp256k1_verify: the digest
  Bytes publicKey;  // dh: 32; verifications: any
  Bytes signature;  // verifications: any
  Bytes out;        // keygen: public key, 32; dh: shared secret, 32; sign: 64; secp256k1_sign: 72
  // dh: 0 weak, 1 done; verifications: 0 or 1; secp256k1_sign: length, or 0 for a key that cannot be used; else 1.
  uint32_t result;
};

// 1 to 64 items of one op.
struct WorkGroup {
  static constexpr size_t kMost = 64;
  Work* item[kMost];
  size_t count = 0;
};

// Groups of a batch, for several threads to share: each item is in one of them, but for what is answered already. At most MostGroups(count). A group is some 100 us of work, so that
// a thread can let others run between two of them: twice what a kernel takes, or kShared of an op that has none.
constexpr size_t kShared = 4;
constexpr size_t MostGroups(size_t count) { return count / kShared + 2 * kOps; }
size_t MostShared(Op op);
size_t GroupWork(Work* work, size_t count, WorkGroup* groups);
void RunGroup(const WorkGroup& group);

// All of it on this thread.
void RunWork(Work* work, size_t count);

}  // namespace handfast
