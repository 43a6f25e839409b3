#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "responder/http/http_date.h"

namespace responder = chancery::responder;

// A date that was read is written, and reads the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::Time now = absl::FromUnixSeconds(1700000000);
  const auto date = responder::ParseHttpDate(
      {reinterpret_cast<const char*>(data), size}, now);
  if (!date.has_value()) return 0;
  std::string text;
  responder::AppendHttpDate(*date, text);
  if (text.size() != responder::kHttpDateSize ||
      responder::ParseHttpDate(text, now) != *date) {
    std::abort();
  }
  return 0;
}
