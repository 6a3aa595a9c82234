// The manager of ipsec-mb, through which its kernels for this processor are found. Only included where the library is linked in.
#pragma once

#ifdef HANDFAST_IPSEC_MB
#include <intel-ipsec-mb.h>

namespace handfast {

// Null where the processor has no AES instructions: the library would then emulate them. Only its function pointers are used and it is never written after start, so that all
// threads may share it; never freed, because work on other threads may outlive statics.
const IMB_MGR* IpsecMb();

}  // namespace handfast
#endif
