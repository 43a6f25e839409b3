#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "crypto/pkcs11_uri.h"

// A PIN never comes out of a URI.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto uri = chancery::crypto::ParsePkcs11Uri(
      {reinterpret_cast<const char*>(data), size});
  if (uri.ok() && absl::StrContains(uri->text, "pin-value=")) std::abort();
  return 0;
}
