#include <cstddef>
#include <cstdint>

#include "x509/certificate/csr.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)chancery::x509::ParseCsr(chancery::base::Bytes(data, size));
  return 0;
}
