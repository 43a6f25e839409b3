#include "tools/chancery/certificate_file.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr char kLabel[] = "CERTIFICATE";

absl::StatusOr<x509::Certificate> ParseFile(const std::string& content) {
  if (!absl::StrContains(content, "-----BEGIN")) {
    return x509::Certificate::Parse(base::AsBytes(content));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> all,
                   x509::DecodePem(kLabel, content));
  if (all.empty()) {
    return absl::InvalidArgumentError("holds no PEM certificate");
  }
  return x509::Certificate::Parse(base::AsBytes(all[0]));
}

}  // namespace

absl::StatusOr<x509::Certificate> LoadCertificateFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content,
                   base::ReadFile(path, kMaxFileBytes));
  auto parsed = ParseFile(content);
  if (!parsed.ok()) {
    return absl::Status(parsed.status().code(),
                        absl::StrCat(path, ": ", parsed.status().message()));
  }
  return parsed;
}

absl::StatusOr<x509::Certificate> FindIssuerFile(const std::string& folder,
                                                 const std::string& name) {
  std::error_code error;
  std::vector<std::string> paths;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".pem") paths.push_back(it->path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    // Some of them are keys.
    auto candidate = LoadCertificateFile(path);
    if (candidate.ok() && candidate->facts().subject == name) return candidate;
  }
  return absl::NotFoundError(
      absl::StrCat(folder,
                   " has no certificate of its issuer: name that with "
                   "--issuer-cert FILE"));
}

std::string CertificatePem(base::Bytes der) {
  return x509::EncodePem(kLabel, der);
}

}  // namespace chancery::cli
