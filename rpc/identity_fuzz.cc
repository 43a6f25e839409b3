#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpc/identity.h"

namespace rpc = chancery::rpc;

// The parts of an identity are all of it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view uri(reinterpret_cast<const char*>(data), size);
  const auto identity = rpc::ParseIdentity(uri);
  if (!identity.ok()) return 0;
  if (identity->uri != uri ||
      absl::StrCat("spiffe://", identity->cluster, "/", identity->role, "/",
                   identity->name) != uri) {
    std::abort();
  }
  return 0;
}
