#include "core/ipsec-mb.h"

#ifdef HANDFAST_IPSEC_MB

namespace handfast {

const IMB_MGR* IpsecMb() {
  static const IMB_MGR* const manager = [] {
    IMB_MGR* made = alloc_mb_mgr(0);
    if (!made) return static_cast<IMB_MGR*>(nullptr);
    IMB_ARCH arch = IMB_ARCH_NONE;
    init_mb_mgr_auto(made, &arch);
    const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    if (arch == IMB_ARCH_NONE || arch == IMB_ARCH_NOAESNI || (made->features & needed) != needed) {
      free_mb_mgr(made);
      made = nullptr;
    }
    return made;
  }();
  return manager;
}

}  // namespace handfast

#endif
