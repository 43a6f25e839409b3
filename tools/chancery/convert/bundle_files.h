// Certificates and keys in files that people name.
#ifndef CHANCERY_TOOLS_CHANCERY_CONVERT_BUNDLE_FILES_H_
#define CHANCERY_TOOLS_CHANCERY_CONVERT_BUNDLE_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "crypto/portable_key.h"
#include "x509/bundle/bundle.h"

namespace chancery::cli {

// As x509::ReadBundle; errors name the path and the option for a password.
// FailedPrecondition: a private key in the clear that others than the file's
// owner may read.
absl::StatusOr<x509::Bundle> ReadBundleFile(const std::string& path,
                                            const base::Secret* password);

// The private key in such a file; certificates beside it are passed over.
absl::StatusOr<crypto::PortableKey> ReadKeyFile(const std::string& path,
                                                const base::Secret* password);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CONVERT_BUNDLE_FILES_H_
