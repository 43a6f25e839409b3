#include "x509/bundle/bundle.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/pkcs12.h"
#include "crypto/pkcs7.h"
#include "der/reader.h"
#include "x509/bundle/kind.h"
#include "x509/bundle/order.h"
#include "x509/certificate/pem.h"

namespace chancery::x509 {
namespace {

absl::Status TooMany() {
  return absl::InvalidArgumentError(
      absl::StrCat("over ", kMaxBundleCertificates, " certificates"));
}

// OpenSSL's "TRUSTED CERTIFICATE" has more behind the certificate.
absl::StatusOr<std::string> WithoutTrust(const std::string& content) {
  der::Reader in(base::AsBytes(content));
  base::Bytes certificate;
  if (in.ReadElement(der::Tag::kSequence, certificate)) {
    return base::ToString(certificate);
  }
  return absl::InvalidArgumentError("TRUSTED CERTIFICATE: malformed");
}

class PemReading {
 public:
  PemReading(absl::string_view text, const base::Secret* password,
             const crypto::PasswordLimits& limits)
      : text_(text), password_(password), limits_(limits) {}

  absl::StatusOr<Bundle> Read() {
    for (const char* label : {"CERTIFICATE", "X509 CERTIFICATE"}) {
      ASSIGN_OR_RETURN(std::vector<std::string> found, DecodePem(label, text_));
      Append(std::move(found));
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> trusted,
                     DecodePem("TRUSTED CERTIFICATE", text_));
    for (const std::string& content : trusted) {
      ASSIGN_OR_RETURN(std::string certificate, WithoutTrust(content));
      Append({std::move(certificate)});
    }
    for (const char* label : {"PKCS7", "CMS"}) {
      ASSIGN_OR_RETURN(const std::vector<std::string> found,
                       DecodePem(label, text_));
      for (const std::string& content : found) {
        ASSIGN_OR_RETURN(std::vector<std::string> certificates,
                         crypto::ReadPkcs7(base::AsBytes(content)));
        Append(std::move(certificates));
      }
    }
    RETURN_IF_ERROR(ReadPkcs12s());
    if (absl::StrContains(text_, "PRIVATE KEY-----")) {
      ASSIGN_OR_RETURN(crypto::PortableKey key,
                       crypto::PortableKey::FromPem(base::AsBytes(text_),
                                                    password_, limits_));
      RETURN_IF_ERROR(AddToBundle({.key = std::move(key)}, out_));
    }
    return std::move(out_);
  }

 private:
  void Append(std::vector<std::string> certificates) {
    for (std::string& certificate : certificates) {
      out_.certificates.push_back(std::move(certificate));
    }
  }

  absl::Status ReadPkcs12s() {
    ASSIGN_OR_RETURN(const std::vector<std::string> files,
                     DecodePem("PKCS12", text_));
    // Each has a budget of its own to open it.
    if (files.size() > 1) {
      return absl::InvalidArgumentError("several PKCS12 blocks: must be one");
    }
    for (const std::string& file : files) {
      ASSIGN_OR_RETURN(
          crypto::Pkcs12 read,
          crypto::ReadPkcs12(base::AsBytes(file), password_, limits_));
      Append(std::move(read.certificates));
      out_.key = std::move(read.key);
      out_.friendly_name = std::move(read.friendly_name);
    }
    return absl::OkStatus();
  }

  const absl::string_view text_;
  const base::Secret* const password_;
  const crypto::PasswordLimits& limits_;
  Bundle out_;
};

absl::StatusOr<Bundle> ReadBinary(base::Bytes file, FileKind kind,
                                  const base::Secret* password,
                                  const crypto::PasswordLimits& limits) {
  Bundle out;
  switch (kind) {
    case FileKind::kPkcs7: {
      ASSIGN_OR_RETURN(out.certificates, crypto::ReadPkcs7(file));
      return out;
    }
    case FileKind::kPkcs12: {
      ASSIGN_OR_RETURN(crypto::Pkcs12 read,
                       crypto::ReadPkcs12(file, password, limits));
      out.certificates = std::move(read.certificates);
      out.key = std::move(read.key);
      out.friendly_name = std::move(read.friendly_name);
      return out;
    }
    case FileKind::kPrivateKey: {
      ASSIGN_OR_RETURN(crypto::PortableKey key,
                       crypto::PortableKey::FromDer(file, password, limits));
      out.key = std::move(key);
      return out;
    }
    default:
      out.certificates.push_back(base::ToString(file));
      return out;
  }
}

absl::Status CheckCertificates(const Bundle& bundle) {
  if (bundle.certificates.size() > kMaxBundleCertificates) return TooMany();
  for (size_t i = 0; i < bundle.certificates.size(); ++i) {
    const auto read = ReadChainLink(base::AsBytes(bundle.certificates[i]));
    if (read.ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("certificate ", i + 1, ": ", read.status().message()));
  }
  if (bundle.certificates.empty() && !bundle.key.has_value()) {
    return absl::InvalidArgumentError(
        "holds neither a certificate nor a private key");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Bundle> ReadBundle(base::Bytes file,
                                  const base::Secret* password,
                                  const crypto::PasswordLimits& limits) {
  const FileKind kind = KindOf(file);
  if (kind == FileKind::kUnknown) {
    return absl::InvalidArgumentError(
        "neither PEM nor a certificate, PKCS #7, PKCS #12 or private key in "
        "DER");
  }
  auto bundle = kind == FileKind::kPem
                    ? PemReading(base::AsText(file), password, limits).Read()
                    : ReadBinary(file, kind, password, limits);
  if (bundle.ok()) RETURN_IF_ERROR(CheckCertificates(*bundle));
  return bundle;
}

absl::Status AddToBundle(Bundle other, Bundle& bundle) {
  if (other.key.has_value() && bundle.key.has_value()) {
    return absl::InvalidArgumentError(
        "a second private key: there must be one");
  }
  if (other.key.has_value()) bundle.key = std::move(other.key);
  if (bundle.friendly_name.empty()) {
    bundle.friendly_name = std::move(other.friendly_name);
  }
  std::set<std::string> known(bundle.certificates.begin(),
                              bundle.certificates.end());
  for (std::string& certificate : other.certificates) {
    if (!known.insert(certificate).second) continue;
    bundle.certificates.push_back(std::move(certificate));
  }
  if (bundle.certificates.size() > kMaxBundleCertificates) return TooMany();
  return absl::OkStatus();
}

}  // namespace chancery::x509
