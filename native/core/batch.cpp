#include "core/batch.h"

#include <sodium.h>

#include <cstring>

#include "core/ed25519.h"
#include "core/hash.h"
#include "core/secp256k1.h"
#include "core/x25519.h"
#include "lanes/lanes.h"

namespace handfast {
namespace {

// From how many items on a call of the kernels, which costs the same for 1 to 8, takes less time than single operations; docs/lanes.md has the figures. Ops without a kernel: never.
constexpr size_t kLeastForLanes[kOps] = {1, 2, 2, 2, SIZE_MAX, 3, 3};
// With AVX2 there is but the one kernel, of four lanes, which takes as long as a pair.
constexpr size_t kLeastForFourLanes = 3;

size_t LeastForLanes(Op op) {
  if (LanesKernels()) return kLeastForLanes[static_cast<size_t>(op)];
  return op == Op::dh && LanesInUse() == Lanes::avx2 ? kLeastForFourLanes : SIZE_MAX;
}

// Of a SHA-512, what ECDSA on a curve of 256 bits signs (FIPS 186-5, section 6.4.1).
constexpr size_t kDigest = 32;

// Lanes that hash wait for the longest message: half a microsecond for each 128 bytes, beside some 50 for the rest. So those above this have groups of their own.
constexpr size_t kLongMessage = 2048;

void RunOne(Work* work) {
  switch (work->op) {
    case Op::keygen:
      randombytes_buf(work->secret.data, 32);
      X25519Public(work->out.data, work->secret.data);
      work->result = 1;
      return;
    case Op::dh: work->result = X25519Shared(work->out.data, work->secret.data, work->publicKey.data) == Fault::none; return;
    case Op::sign:
      Ed25519Sign(work->out.data, work->message.data, work->message.size, work->secret.data);
      work->result = 1;
      return;
    case Op::verify: work->result = Ed25519Verify(work->signature, work->message, work->publicKey); return;
    case Op::secp256k1_sign: {
      size_t size = 0;
      const Fault fault = Secp256k1Sign(work->out.data, &size, work->message.data, work->secret.data);
      work->result = fault == Fault::none ? static_cast<uint32_t>(size) : 0;
      return;
    }
    case Op::secp256k1_verify: work->result = Secp256k1Verify(work->signature, work->message, work->publicKey, false); return;
    case Op::secp256k1_verify_sha512: {
      uint8_t hash[64];
      Sha512(hash, work->message);
      work->result = Secp256k1Verify(work->signature, {hash, kDigest}, work->publicKey, false);
      return;
    }
    case Op::ready: return;
  }
}

void RunLanes(Work* const item[], size_t count) {
  constexpr size_t kMost = WorkGroup::kMost;
  uint8_t* out[kMost] = {};
  const uint8_t* secret[kMost] = {};
  for (size_t i = 0; i < count; i++) {
    out[i] = item[i]->out.data;
    secret[i] = item[i]->secret.data;
    item[i]->result = 1;
  }
  switch (item[0]->op) {
    case Op::keygen: {
      // One question to the system's generator, which costs more than the bytes do.
      uint8_t scalars[kMost][32];
      randombytes_buf(scalars, count * 32);
      for (size_t i = 0; i < count; i++) std::memcpy(item[i]->secret.data, scalars[i], 32);
      sodium_memzero(scalars, count * 32);
      return X25519PublicLanes(out, secret, count);
    }
    case Op::dh: {
      const uint8_t* publicKey[kMost] = {};
      bool ok[kMost];
      for (size_t i = 0; i < count; i++) publicKey[i] = item[i]->publicKey.data;
      X25519SharedLanes(out, secret, publicKey, ok, count);
      for (size_t i = 0; i < count; i++) item[i]->result = ok[i];
      return;
    }
    case Op::sign: {
      Bytes message[kMost];
      for (size_t i = 0; i < count; i++) message[i] = item[i]->message;
      return Ed25519SignLanes(out, message, secret, count);
    }
    case Op::verify:
    case Op::secp256k1_verify:
    case Op::secp256k1_verify_sha512: {
      Bytes signature[kMost], message[kMost], publicKey[kMost];
      bool valid[kMost];
      for (size_t i = 0; i < count; i++) {
        signature[i] = item[i]->signature;
        message[i] = item[i]->message;
        publicKey[i] = item[i]->publicKey;
      }
      uint8_t hash[kMost][64];
      if (item[0]->op == Op::secp256k1_verify_sha512) {
        MessageHashLanes(hash, message, count);
        for (size_t i = 0; i < count; i++) message[i] = {hash[i], kDigest};
      }
      if (item[0]->op == Op::verify) Ed25519VerifyLanes(valid, signature, message, publicKey, count);
      else Secp256k1VerifyLanes(valid, signature, message, publicKey, count);
      for (size_t i = 0; i < count; i++) item[i]->result = valid[i];
      return;
    }
    default: return;
  }
}

// Calls `full` for each group as soon as it has as many items as `most` says for its op, then for what is left of each op.
template <typename Most, typename Full>
void Gather(Work* work, size_t count, Most&& most, Full&& full) {
  WorkGroup open[2 * kOps];
  const bool lanes = LanesKernels();
  for (size_t i = 0; i < count; i++) {
    if (work[i].op == Op::ready) continue;
    // What a peer could send for nothing takes no lane from others.
    if (lanes && work[i].op == Op::verify && !Ed25519WorthVerifying(work[i].signature, work[i].publicKey)) {
      work[i].result = 0;
      continue;
    }
    WorkGroup& group = open[static_cast<size_t>(work[i].op) + (work[i].message.size > kLongMessage ? kOps : 0)];
    group.item[group.count++] = &work[i];
    if (group.count == most(work[i].op)) {
      full(group);
      group.count = 0;
    }
  }
  for (const WorkGroup& group : open) {
    if (group.count > 0) full(group);
  }
}

}  // namespace

size_t MostShared(Op op) { return LanesKernels() && kLeastForLanes[static_cast<size_t>(op)] <= kKernelLanes ? 2 * kKernelLanes : kShared; }

size_t GroupWork(Work* work, size_t count, WorkGroup* groups) {
  size_t made = 0;
  Gather(work, count, MostShared, [&](const WorkGroup& group) {
    groups[made].count = group.count;
    std::memcpy(groups[made++].item, group.item, group.count * sizeof *group.item);
  });
  return made;
}

void RunGroup(const WorkGroup& group) {
  const size_t least = LeastForLanes(group.item[0]->op), rest = group.count % kKernelLanes;
  size_t done = least > kKernelLanes ? 0 : rest < least ? group.count - rest : group.count;
  if (done > 0) RunLanes(group.item, done);
  for (; done < group.count; done++) RunOne(group.item[done]);
}

void RunWork(Work* work, size_t count) {
  Gather(work, count, [](Op) { return WorkGroup::kMost; }, RunGroup);
}

}  // namespace handfast
