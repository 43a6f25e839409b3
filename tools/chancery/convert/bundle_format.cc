#include "tools/chancery/convert/bundle_format.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "crypto/pkcs12.h"
#include "crypto/pkcs7.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

struct Named {
  const char* name;
  BundleFormat format;
};
constexpr Named kFormats[] = {
    {"pem", BundleFormat::kPem},       {"der", BundleFormat::kDer},
    {"pkcs7", BundleFormat::kPkcs7},   {"pkcs7-der", BundleFormat::kPkcs7Der},
    {"pkcs8", BundleFormat::kPkcs8},   {"pkcs8-der", BundleFormat::kPkcs8Der},
    {"pkcs12", BundleFormat::kPkcs12},
};

absl::StatusOr<base::Secret> EncodeKey(const x509::Bundle& bundle, bool der,
                                       const BundleSettings& settings) {
  if (!bundle.key.has_value()) {
    return absl::InvalidArgumentError("there is no private key to write");
  }
  return bundle.key->Encode({.der = der, .derivation = settings.derivation},
                            settings.password);
}

absl::StatusOr<base::Secret> EncodeAsPkcs12(x509::Bundle bundle,
                                            const BundleSettings& settings) {
  if (settings.password == nullptr) {
    return absl::InvalidArgumentError(
        "PKCS #12 is locked with a password: name one with --out-password");
  }
  return crypto::EncodePkcs12(
      {.key = std::move(bundle.key),
       .certificates = std::move(bundle.certificates),
       .friendly_name = std::move(bundle.friendly_name)},
      *settings.password,
      settings.legacy ? crypto::Pkcs12Protection::kLegacy
                      : crypto::Pkcs12Protection::kModern);
}

absl::StatusOr<std::string> EncodeCertificates(const x509::Bundle& bundle,
                                               BundleFormat format) {
  if (bundle.certificates.empty()) {
    return absl::InvalidArgumentError("there is no certificate to write");
  }
  switch (format) {
    case BundleFormat::kDer:
      if (bundle.certificates.size() > 1) {
        return absl::InvalidArgumentError(
            absl::StrCat("DER holds one certificate and there are ",
                         bundle.certificates.size(),
                         ": take the first with --leaf, or another format"));
      }
      return bundle.certificates[0];
    case BundleFormat::kPkcs7:
    case BundleFormat::kPkcs7Der: {
      std::string der = crypto::EncodePkcs7(bundle.certificates);
      if (format == BundleFormat::kPkcs7Der) return der;
      return x509::EncodePem("PKCS7", base::AsBytes(der));
    }
    default: {
      std::string pem;
      for (const std::string& certificate : bundle.certificates) {
        absl::StrAppend(
            &pem, x509::EncodePem("CERTIFICATE", base::AsBytes(certificate)));
      }
      return pem;
    }
  }
}

}  // namespace

std::string BundleFormatNames() {
  return absl::StrJoin(kFormats, ", ", [](std::string* out, const Named& one) {
    absl::StrAppend(out, one.name);
  });
}

absl::StatusOr<BundleFormat> BundleFormatFromName(absl::string_view name) {
  for (const Named& one : kFormats) {
    if (name == one.name) return one.format;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("value `", name, "`: must be one of ", BundleFormatNames()));
}

bool HoldsKey(BundleFormat format) {
  return format == BundleFormat::kPkcs8 || format == BundleFormat::kPkcs8Der ||
         format == BundleFormat::kPkcs12;
}

bool IsText(BundleFormat format) {
  return format == BundleFormat::kPem || format == BundleFormat::kPkcs7;
}

absl::StatusOr<base::Secret> EncodeBundle(x509::Bundle bundle,
                                          const BundleSettings& settings) {
  switch (settings.format) {
    case BundleFormat::kPkcs8:
      return EncodeKey(bundle, /*der=*/false, settings);
    case BundleFormat::kPkcs8Der:
      return EncodeKey(bundle, /*der=*/true, settings);
    case BundleFormat::kPkcs12:
      return EncodeAsPkcs12(std::move(bundle), settings);
    default: {
      ASSIGN_OR_RETURN(std::string content,
                       EncodeCertificates(bundle, settings.format));
      return base::Secret(std::move(content));
    }
  }
}

absl::Status CheckNotThere(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat(path, " is there already: replace it with --force"));
}

absl::Status WriteBundleFile(const std::string& path,
                             const base::Secret& content, bool with_key,
                             bool replace) {
  const base::Bytes bytes = base::AsBytes(content.Reveal());
  const int mode = with_key ? 0600 : 0644;
  if (replace) return base::WriteFileAtomically(path, bytes, mode);
  RETURN_IF_ERROR(CheckNotThere(path));
  return base::CreateFile(path, bytes, mode);
}

}  // namespace chancery::cli
