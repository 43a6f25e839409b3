#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "refresher/purge/edge_grid.h"

namespace refresher = chancery::refresher;

// What was taken cannot end a line of a header, whatever the file has in it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto credentials = refresher::ParseEdgerc(text);
  if (!credentials.ok()) return 0;
  const std::string field = refresher::EdgeGridAuthorization(
      *credentials, {.method = "POST",
                     .path = "/ccu/v3/delete/tag/production",
                     .body = "{}",
                     .time = absl::UnixEpoch(),
                     .nonce = "n"});
  const bool one_line = std::all_of(
      field.begin(), field.end(),
      [](unsigned char c) { return absl::ascii_isgraph(c) || c == ' '; });
  if (!one_line || field.find("signature=") == std::string::npos) std::abort();
  return 0;
}
