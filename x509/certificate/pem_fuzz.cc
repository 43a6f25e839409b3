#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "x509/certificate/pem.h"

using chancery::x509::DecodePem;

// Blocks that were read are written and read the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto blocks = DecodePem("X", text);
  if (!blocks.ok()) return 0;
  std::string again;
  for (const std::string& block : *blocks) {
    again += chancery::x509::EncodePem("X", chancery::base::AsBytes(block));
  }
  const auto same = DecodePem("X", again);
  if (!same.ok() || *same != *blocks) std::abort();
  return 0;
}
