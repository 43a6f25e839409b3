// The formats in which certificates and keys are written. docs/formats.md says
// who reads which.
#ifndef CHANCERY_TOOLS_CHANCERY_CONVERT_BUNDLE_FORMAT_H_
#define CHANCERY_TOOLS_CHANCERY_CONVERT_BUNDLE_FORMAT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "crypto/pkcs8_form.h"
#include "x509/bundle/bundle.h"

namespace chancery::cli {

enum class BundleFormat {
  kPem,       // Certificates, one block each.
  kDer,       // One certificate.
  kPkcs7,     // Certificates; PEM.
  kPkcs7Der,  // The same, DER.
  kPkcs8,     // The private key; PEM.
  kPkcs8Der,  // The same, DER.
  kPkcs12,    // Certificates and private key.
};

// "pem, der, ...".
std::string BundleFormatNames();

// InvalidArgument lists the names.
absl::StatusOr<BundleFormat> BundleFormatFromName(absl::string_view name);

// Whether what is written may hold a private key.
bool HoldsKey(BundleFormat format);
// Whether it can be printed.
bool IsText(BundleFormat format);

struct BundleSettings {
  BundleFormat format = BundleFormat::kPem;
  // Of PKCS #12 and PKCS #8. Null: PKCS #8 in the clear.
  const base::Secret* password = nullptr;
  bool legacy = false;  // PKCS #12 for old programs.
  crypto::Pkcs8Form::Derivation derivation =
      crypto::Pkcs8Form::Derivation::kPbkdf2;
};

// `bundle`'s certificates in their order; the first is the key's. What the
// format does not hold is left out. InvalidArgument: there is nothing of what
// it holds, more than it holds, or no password where it needs one.
absl::StatusOr<base::Secret> EncodeBundle(x509::Bundle bundle,
                                          const BundleSettings& settings);

// Writes a whole file: mode 0600 with a private key, else 0644. AlreadyExists
// if it is there and is not to be replaced.
absl::Status WriteBundleFile(const std::string& path,
                             const base::Secret& content, bool with_key,
                             bool replace);

// AlreadyExists, as WriteBundleFile would say: to be asked before any work.
absl::Status CheckNotThere(const std::string& path);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CONVERT_BUNDLE_FORMAT_H_
