#include "signer/ocsp_key_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

constexpr char kPrefix[] = "ocsp-";

struct FileName {
  absl::Time created;
  std::string issuer;  // Empty: the key.
};

std::optional<FileName> ParseName(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, kPrefix)) return std::nullopt;
  const bool is_key = absl::ConsumeSuffix(&name, ".key");
  if (!is_key && !absl::ConsumeSuffix(&name, ".pem")) return std::nullopt;
  const size_t dash = name.find('-');
  if ((dash == absl::string_view::npos) != is_key) return std::nullopt;
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(name.substr(0, dash), &seconds) || seconds <= 0) {
    return std::nullopt;
  }
  FileName parsed{.created = absl::FromUnixSeconds(seconds), .issuer = {}};
  if (!is_key) parsed.issuer = std::string(name.substr(dash + 1));
  return parsed;
}

absl::StatusOr<std::string> ReadCertificate(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  ASSIGN_OR_RETURN(const std::vector<std::string> ders,
                   x509::DecodePem("CERTIFICATE", text));
  if (ders.size() != 1) return absl::NotFoundError(path);
  return ders.front();
}

}  // namespace

absl::StatusOr<OcspKeyFolder> OcspKeyFolder::Open(std::string folder) {
  RETURN_IF_ERROR(base::MakeDirectories(folder));
  return OcspKeyFolder(std::move(folder));
}

std::string OcspKeyFolder::Stem(absl::Time created) const {
  return absl::StrCat(folder_, "/", kPrefix, absl::ToUnixSeconds(created));
}

absl::StatusOr<std::vector<OcspKey>> OcspKeyFolder::Load() const {
  std::map<absl::Time, OcspKey> keys;
  std::map<absl::Time, std::map<std::string, std::string>> certificates;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder_, error)) {
    const std::string path = file.path().string();
    const auto name = ParseName(file.path().filename().string());
    if (!name.has_value()) continue;
    if (!name->issuer.empty()) {
      const auto der = ReadCertificate(path);
      if (der.ok()) certificates[name->created][name->issuer] = *der;
      continue;
    }
    auto key = crypto::LoadSoftwareKey(path, nullptr);
    if (!key.ok()) {
      return absl::Status(
          key.status().code(),
          absl::StrCat("ocsp_key_rotation.folder: ", key.status().message()));
    }
    keys[name->created] = {.created = name->created, .key = *std::move(key)};
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "ocsp_key_rotation.folder: ", folder_, ": ", error.message()));
  }
  std::vector<OcspKey> out;
  for (auto& [created, key] : keys) {
    key.certificates = std::move(certificates[created]);
    for (const auto& [issuer, der] : key.certificates) {
      const auto parsed = x509::Certificate::Parse(base::AsBytes(der));
      if (parsed.ok()) key.ends = std::max(key.ends, parsed->facts().not_after);
    }
    out.push_back(std::move(key));
  }
  return out;
}

absl::StatusOr<OcspKey> OcspKeyFolder::Make(absl::Time created,
                                            const crypto::KeySpec& spec) const {
  ASSIGN_OR_RETURN(auto key, crypto::GenerateKey(spec));
  ASSIGN_OR_RETURN(const base::Secret pem,
                   crypto::EncodePkcs8Pem(*key, nullptr));
  RETURN_IF_ERROR(base::CreateFile(Stem(created) + ".key",
                                   base::AsBytes(pem.Reveal()), 0600));
  return OcspKey{.created = created, .key = std::move(key)};
}

absl::Status OcspKeyFolder::KeepCertificate(const OcspKey& key,
                                            const std::string& issuer,
                                            const std::string& der) const {
  const std::string pem = x509::EncodePem("CERTIFICATE", base::AsBytes(der));
  return base::WriteFileAtomically(
      absl::StrCat(Stem(key.created), "-", issuer, ".pem"), base::AsBytes(pem),
      0600);
}

absl::Status OcspKeyFolder::Destroy(const OcspKey& key) const {
  const std::string path = Stem(key.created) + ".key";
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error) {
    // As far as the file system writes in place; a token destroys better.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(size, '\0') << std::flush;
  }
  std::filesystem::remove(path, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat(path, ": cannot be removed: ", error.message()));
  }
  for (const auto& [issuer, der] : key.certificates) {
    std::filesystem::remove(
        absl::StrCat(Stem(key.created), "-", issuer, ".pem"), error);
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
