#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "authority/token/signed_request.h"

namespace authority = chancery::authority;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view json(reinterpret_cast<const char*>(data), size);
  const auto outer = authority::ParseSignedRequest(json);
  if (outer.ok()) {
    if (outer->token.size() != authority::kTokenSize ||
        outer->request.empty()) {
      std::abort();
    }
    (void)authority::ParseSignRequest(outer->request);
  }
  const auto inner = authority::ParseSignRequest(json);
  if (inner.ok() && (inner->csr.empty() || inner->hosts.size() > 1000)) {
    std::abort();
  }
  return 0;
}
