#include "core/batch.h"

#include <sodium.h>

#include "core/ed25519.h"
#include "core/secp256k1.h"
#include "core/x25519.h"

namespace handfast {
namespace {

uint32_t RunOne(const Work& work) {
  switch (work.op) {
    case Op::keygen:
      randombytes_buf(work.secret.data, 32);
      X25519Public(work.out.data, work.secret.data);
      return 1;
    case Op::dh: return X25519Shared(work.out.data, work.secret.data, work.publicKey.data) == Fault::none ? 1 : 0;
    case Op::sign: Ed25519Sign(work.out.data, work.message.data, work.message.size, work.secret.data); return 1;
    case Op::verify: return Ed25519Verify(work.signature, work.message, work.publicKey) ? 1 : 0;
    case Op::secp256k1_sign: {
      size_t size = 0;
      const Fault fault = Secp256k1Sign(work.out.data, &size, work.message.data, work.secret.data);
      return fault == Fault::none ? static_cast<uint32_t>(size) : 0;
    }
    case Op::secp256k1_verify: return Secp256k1Verify(work.signature, work.message, work.publicKey, false) ? 1 : 0;
  }
  return 0;
}

}  // namespace

void RunWork(Work* work, size_t count) {
  for (size_t i = 0; i < count; i++) work[i].result = RunOne(work[i]);
}

}  // namespace handfast
