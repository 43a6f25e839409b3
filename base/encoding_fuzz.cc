#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "base/encoding.h"

namespace base = chancery::base;

// Text that is read is the text of what was read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = base::FromHex(text); bytes.has_value()) {
    if (base::Hex(base::AsBytes(*bytes)) != absl::AsciiStrToLower(text)) {
      std::abort();
    }
  }
  const auto bytes = base::FromBase64(text);
  std::string in_place(text);
  if (base::FromBase64InPlace(in_place) != bytes.has_value()) std::abort();
  if (!bytes.has_value()) return 0;
  if (in_place != *bytes) std::abort();
  // Padding may have been missing.
  const std::string again = base::Base64(base::AsBytes(*bytes));
  const size_t digits = std::min(text.find('='), text.size());
  if (text.substr(0, digits) != again.substr(0, digits) ||
      again.find_first_not_of('=', digits) != std::string::npos) {
    std::abort();
  }
  return 0;
}
