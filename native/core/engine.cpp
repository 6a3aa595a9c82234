#include "core/engine.h"

#include "core/ipsec-mb.h"

namespace handfast {

const char* IpsecMbVersion() {
#ifdef HANDFAST_IPSEC_MB
  return IMB_VERSION_STR;
#else
  return "";
#endif
}

}  // namespace handfast
