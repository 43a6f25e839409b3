#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "tools/chancery/text.h"

namespace base = chancery::base;
namespace cli = chancery::cli;

// What strangers write shows no control characters; serial numbers, reasons and
// times that are read and shown again are the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const char c : cli::Printable(text)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  }
  if (const auto serial = cli::ParseSerial(text); serial.ok()) {
    const auto again =
        cli::ParseSerial(cli::FormatSerial(base::AsBytes(*serial)));
    if (!again.ok() || *again != *serial) std::abort();
  }
  if (const auto reason = cli::ParseReason(text); reason.ok()) {
    const auto again = cli::ParseReason(cli::ReasonName(*reason));
    if (!again.ok() || *again != *reason) std::abort();
  }
  if (const auto time = cli::ParseTimeOption("--at", text); time.ok()) {
    (void)cli::TimeText(*time);
  }
  return 0;
}
