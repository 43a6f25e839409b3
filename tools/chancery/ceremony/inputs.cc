#include "tools/chancery/ceremony/inputs.h"

#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "x509/certificate/pem.h"

namespace chancery::cli::ceremony {
namespace {

constexpr size_t kMaxFile = 256 << 20;  // A CA's life in certificates.

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

std::vector<std::string> FilesOf(const MakeCertificate& certificate) {
  return {certificate.csr_file};
}
std::vector<std::string> FilesOf(const MakeCrl& crl) {
  return {crl.previous_file, crl.issued_file};
}
std::vector<std::string> FilesOf(const MakeKeySet& set) {
  std::vector<std::string> files = set.other_root_files;
  for (const auto& manifest : set.manifests) {
    files.push_back(manifest.public_key_file);
  }
  return files;
}
std::vector<std::string> FilesOf(const RestoreKey& restore) {
  return {restore.wrapped_file, restore.public_key_file};
}
template <typename Other>
std::vector<std::string> FilesOf(const Other&) {
  return {};
}

// The first in it.
absl::StatusOr<x509::Certificate> ParseCertificate(const std::string& text) {
  if (!absl::StrContains(text, "-----BEGIN")) {
    return x509::Certificate::Parse(base::AsBytes(text));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> all,
                   x509::DecodePem("CERTIFICATE", text));
  if (all.empty()) {
    return absl::InvalidArgumentError("holds no PEM certificate");
  }
  return x509::Certificate::Parse(base::AsBytes(all.front()));
}

}  // namespace

absl::StatusOr<Inputs> Inputs::Read(const Plan& plan) {
  Inputs inputs;
  const auto read = [&](const std::string& path) -> absl::Status {
    if (path.empty() || inputs.files_.count(path) != 0) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(inputs.files_[path], base::ReadFile(path, kMaxFile));
    return absl::OkStatus();
  };
  for (const auto& [name, known] : plan.certificates) {
    RETURN_IF_ERROR(read(known.file));
    auto certificate = ParseCertificate(inputs.files_[known.file]);
    if (!certificate.ok()) return InFile(known.file, certificate.status());
    const auto sha256 = crypto::Sha256(base::AsBytes(certificate->der()));
    if (base::AsText(sha256) != known.sha256) {
      return absl::FailedPreconditionError(
          absl::StrCat(known.file, ": its SHA-256 is ", base::Hex(sha256),
                       ", not the one of certificate \"", name,
                       "\" in the ceremony's file"));
    }
    inputs.certificates_.emplace(name, *std::move(certificate));
  }
  for (const PlannedOperator& planned : plan.operators) {
    RETURN_IF_ERROR(read(planned.public_key_file));
    RETURN_IF_ERROR(inputs.PublicKeyIn(planned.public_key_file).status());
  }
  for (const PlannedStep& step : plan.steps) {
    const auto files = std::visit(
        [](const auto& action) { return FilesOf(action); }, step.action);
    for (const std::string& path : files) RETURN_IF_ERROR(read(path));
  }
  return inputs;
}

absl::StatusOr<crypto::PublicKey> Inputs::PublicKeyIn(
    const std::string& path) const {
  const std::string& text = bytes(path);
  // A key is shorter than DerOrPem takes for DER.
  std::string spki = text;
  if (absl::StrContains(text, "-----BEGIN")) {
    auto decoded = x509::DerOrPem("PUBLIC KEY", text);
    if (!decoded.ok()) return InFile(path, decoded.status());
    spki = *std::move(decoded);
  }
  auto key = crypto::PublicKey::FromSpki(base::AsBytes(spki));
  if (!key.ok()) return InFile(path, key.status());
  return key;
}

}  // namespace chancery::cli::ceremony
