#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "responder/http/accept_encoding.h"
#include "responder/http/byte_range.h"
#include "responder/http/http_message.h"

using chancery::responder::ChooseRange;
using chancery::responder::ChosenRange;

// The first octets are a representation's size, the rest is a field. A part is
// never empty and never reaches beyond the end.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  uint64_t whole = 0;
  for (size_t i = 0; i < 8; ++i) whole = whole << 8 | data[i];
  if (whole == 0) return 0;
  const absl::string_view field(reinterpret_cast<const char*>(data) + 8,
                                size - 8);
  const ChosenRange chosen = ChooseRange(field, whole);
  if (chosen.kind == ChosenRange::Kind::kPart &&
      (chosen.size == 0 || chosen.first >= whole ||
       chosen.size > whole - chosen.first)) {
    std::abort();
  }
  chancery::responder::HttpRequest request;
  request.range = "bytes=0-1";
  request.if_range = field;
  request.now = absl::FromUnixSeconds(784200000);
  (void)chancery::responder::RangeApplies(request, "\"a\"", request.now);
  (void)chancery::responder::PrefersGzip(field);
  return 0;
}
