#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "responder/ocsp_path.h"

// What was decoded, written again, must decode to the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view path(reinterpret_cast<const char*>(data), size);
  std::string der;
  if (!chancery::responder::DecodeOcspPath(path, der)) return 0;
  const std::string again =
      chancery::base::Base64(chancery::base::AsBytes(der));
  if (again.empty() || again.front() == '/') return 0;  // Not DER.
  std::string twice;
  if (!chancery::responder::DecodeOcspPath(again, twice)) std::abort();
  if (twice != der) std::abort();
  return 0;
}
