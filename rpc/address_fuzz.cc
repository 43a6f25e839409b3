#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "rpc/address.h"

namespace rpc = chancery::rpc;

// What is read and written again is the same place.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto address =
      rpc::ParseAddress({reinterpret_cast<const char*>(data), size});
  if (!address.ok()) return 0;
  const auto again = rpc::ParseAddress(rpc::FormatAddress(*address));
  if (!again.ok() || again->unix_path != address->unix_path ||
      again->host != address->host || again->port != address->port) {
    std::abort();
  }
  return 0;
}
