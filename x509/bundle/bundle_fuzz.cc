#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/pkcs7.h"
#include "x509/bundle/bundle.h"
#include "x509/bundle/order.h"

using chancery::base::AsBytes;
using chancery::base::Bytes;
using chancery::base::Secret;
namespace x509 = chancery::x509;

namespace {

// What was read can be put in order, losing nothing, and written again.
void Check(x509::Bundle bundle) {
  std::vector<std::string> before = bundle.certificates;
  std::vector<std::string> after = before;
  if (!x509::OrderLeafFirst(nullptr, after).ok()) std::abort();
  const std::string pkcs7 = chancery::crypto::EncodePkcs7(after);
  const auto again = chancery::crypto::ReadPkcs7(AsBytes(pkcs7));
  // A certificate that has only the frame of one is none for OpenSSL.
  if (again.ok() && again->size() != before.size()) std::abort();
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  if (before != after) std::abort();
  if (bundle.key.has_value()) {
    if (!bundle.key->Encode({.der = true}, nullptr).ok()) std::abort();
    (void)x509::OrderLeafFirst(&*bundle.key, bundle.certificates);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Secret password(std::string("corpus"));
  const chancery::crypto::PasswordLimits limits{.iterations = 5000};
  auto bundle = x509::ReadBundle(Bytes(data, size), &password, limits);
  // Some are locked with nothing.
  if (absl::IsPermissionDenied(bundle.status())) {
    bundle = x509::ReadBundle(Bytes(data, size), nullptr, limits);
  }
  if (bundle.ok()) Check(*std::move(bundle));
  return 0;
}
