#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "x509/crl/crl.h"

namespace base = chancery::base;
namespace x509 = chancery::x509;

// Every entry that is read lies in the input and can be written again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto crl = x509::ParseCrl({data, size});
  if (!crl.ok()) return 0;
  x509::ForEachEntry(*crl, [&](const x509::CrlEntry& entry) {
    if (!entry.serial.empty() &&
        (entry.serial.data() < data || entry.serial.data() >= data + size)) {
      std::abort();
    }
    std::string out;
    x509::CrlEncoder::Add(entry, out);
    if (out.empty()) std::abort();
    return absl::OkStatus();
  }).IgnoreError();
  return 0;
}
