#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "tools/chancery/serial_file.h"
#include "tools/chancery/text.h"

namespace base = chancery::base;
namespace cli = chancery::cli;

// What was read and is written again is read as the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto list = cli::ParseSerialFile(text);
  if (!list.ok()) return 0;
  std::string again;
  for (const auto& [issuer, serials] : *list) {
    if (serials.empty()) std::abort();
    for (const std::string& serial : serials) {
      absl::StrAppend(&again, issuer, " ",
                      cli::FormatSerial(base::AsBytes(serial)), "\n");
    }
  }
  const auto same = cli::ParseSerialFile(again);
  if (!same.ok() || *same != *list) std::abort();
  return 0;
}
