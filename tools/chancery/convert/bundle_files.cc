#include "tools/chancery/convert/bundle_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/secret_source.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxFile = 16 << 20;

absl::Status At(const std::string& path, const absl::Status& status,
                bool password_given) {
  const bool wants_password =
      absl::IsPermissionDenied(status) && !password_given;
  return absl::Status(
      status.code(),
      absl::StrCat(path, ": ", status.message(),
                   wants_password ? ": name one with --in-password" : ""));
}

}  // namespace

absl::StatusOr<x509::Bundle> ReadBundleFile(const std::string& path,
                                            const base::Secret* password) {
  ASSIGN_OR_RETURN(const crypto::MaybeSecretFile file,
                   crypto::ReadMaybeSecretFile(path, kMaxFile));
  auto bundle =
      x509::ReadBundle(base::AsBytes(file.content.Reveal()), password);
  if (!bundle.ok()) return At(path, bundle.status(), password != nullptr);
  if (bundle->key.has_value() && !bundle->key->was_encrypted()) {
    RETURN_IF_ERROR(file.privacy);
  }
  return bundle;
}

absl::StatusOr<crypto::PortableKey> ReadKeyFile(const std::string& path,
                                                const base::Secret* password) {
  ASSIGN_OR_RETURN(x509::Bundle bundle, ReadBundleFile(path, password));
  if (bundle.key.has_value()) return *std::move(bundle.key);
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": holds no private key"));
}

}  // namespace chancery::cli
