#include "signer/ocsp_file_keys.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "signer/ocsp_key_name.h"

namespace chancery::signer {
namespace {

constexpr char kStem[] = "ocsp";

}  // namespace

std::string OcspFileKeys::PathOf(absl::Time created) const {
  return absl::StrCat(folder_, "/", OcspKeyName(kStem, created), ".key");
}

absl::StatusOr<OcspPrivateKeys::ByTime> OcspFileKeys::Load() {
  RETURN_IF_ERROR(base::MakeDirectories(folder_));
  ByTime keys;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder_, error)) {
    const std::string path = file.path().string();
    const std::string file_name = file.path().filename().string();
    absl::string_view name = file_name;
    if (!absl::ConsumeSuffix(&name, ".key")) continue;
    const auto created = ParseOcspKeyName(kStem, name);
    if (!created.has_value()) continue;
    auto key = crypto::LoadSoftwareKey(path, nullptr);
    if (!key.ok()) {
      return absl::Status(
          key.status().code(),
          absl::StrCat("ocsp_key_rotation.folder: ", key.status().message()));
    }
    keys[*created] = *std::move(key);
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "ocsp_key_rotation.folder: ", folder_, ": ", error.message()));
  }
  return keys;
}

absl::StatusOr<std::shared_ptr<const crypto::SigningKey>> OcspFileKeys::Make(
    absl::Time created, const crypto::KeySpec& spec) {
  ASSIGN_OR_RETURN(auto key, crypto::GenerateKey(spec));
  ASSIGN_OR_RETURN(const base::Secret pem,
                   crypto::EncodePkcs8Pem(*key, nullptr));
  RETURN_IF_ERROR(
      base::CreateFile(PathOf(created), base::AsBytes(pem.Reveal()), 0600));
  return std::shared_ptr<const crypto::SigningKey>(std::move(key));
}

absl::Status OcspFileKeys::Destroy(absl::Time created,
                                   const crypto::PublicKey& /*key*/) {
  const std::string path = PathOf(created);
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error) {
    // As far as the file system writes in place; a token destroys better.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(size, '\0') << std::flush;
  }
  std::filesystem::remove(path, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(path, ": cannot be removed: ", error.message()));
}

}  // namespace chancery::signer
