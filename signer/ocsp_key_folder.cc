#include "signer/ocsp_key_folder.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "signer/ocsp_key_name.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

constexpr char kStem[] = "ocsp";

struct FileName {
  absl::Time created;
  std::string issuer;
};

std::optional<FileName> ParseName(absl::string_view name) {
  if (!absl::ConsumeSuffix(&name, ".pem")) return std::nullopt;
  // Issuers' names may have dashes, too.
  const size_t dash = name.find('-', sizeof kStem);
  if (dash == absl::string_view::npos) return std::nullopt;
  const auto created = ParseOcspKeyName(kStem, name.substr(0, dash));
  if (!created.has_value()) return std::nullopt;
  return FileName{.created = *created,
                  .issuer = std::string(name.substr(dash + 1))};
}

absl::StatusOr<std::string> ReadCertificate(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  ASSIGN_OR_RETURN(const std::vector<std::string> ders,
                   x509::DecodePem("CERTIFICATE", text));
  if (ders.size() != 1) return absl::NotFoundError(path);
  return ders.front();
}

}  // namespace

absl::StatusOr<OcspKeyFolder> OcspKeyFolder::Open(std::string folder,
                                                  OcspPrivateKeys& keys) {
  RETURN_IF_ERROR(base::MakeDirectories(folder));
  return OcspKeyFolder(std::move(folder), keys);
}

std::string OcspKeyFolder::PathOf(absl::Time created,
                                  const std::string& issuer) const {
  return absl::StrCat(folder_, "/", OcspKeyName(kStem, created), "-", issuer,
                      ".pem");
}

absl::StatusOr<std::vector<OcspKey>> OcspKeyFolder::Load() const {
  std::map<absl::Time, std::map<std::string, std::string>> certificates;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder_, error)) {
    const auto name = ParseName(file.path().filename().string());
    if (!name.has_value()) continue;
    const auto der = ReadCertificate(file.path().string());
    if (der.ok()) certificates[name->created][name->issuer] = *der;
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "ocsp_key_rotation.folder: ", folder_, ": ", error.message()));
  }
  ASSIGN_OR_RETURN(OcspPrivateKeys::ByTime keys, keys_->Load());
  std::vector<OcspKey> out;
  for (auto& [created, private_key] : keys) {
    OcspKey key{.created = created,
                .key = std::move(private_key),
                .certificates = std::move(certificates[created])};
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
  ASSIGN_OR_RETURN(auto key, keys_->Make(created, spec));
  return OcspKey{.created = created, .key = std::move(key)};
}

absl::Status OcspKeyFolder::KeepCertificate(const OcspKey& key,
                                            const std::string& issuer,
                                            const std::string& der) const {
  const std::string pem = x509::EncodePem("CERTIFICATE", base::AsBytes(der));
  return base::WriteFileAtomically(PathOf(key.created, issuer),
                                   base::AsBytes(pem), 0600);
}

// A crash half way leaves a key, which Load finds: it is destroyed then.
absl::Status OcspKeyFolder::Destroy(const OcspKey& key) const {
  for (const auto& [issuer, der] : key.certificates) {
    const std::string path = PathOf(key.created, issuer);
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat(path, ": cannot be removed: ", error.message()));
    }
  }
  return keys_->Destroy(key.created, key.key->public_key());
}

}  // namespace chancery::signer
