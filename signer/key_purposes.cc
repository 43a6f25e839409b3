#include "signer/key_purposes.h"

#include <cstddef>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/digest.h"

namespace chancery::signer {
namespace {

enum class Purpose { kCa, kOcsp, kManifest };

// The purpose of each key, by its one encoding.
class Purposes {
 public:
  absl::Status Add(const crypto::PublicKey& key, Purpose purpose,
                   const std::string& field) {
    const auto [at, added] =
        known_.emplace(base::ToString(key.spki()), Use{purpose, field});
    if (added || at->second.purpose == purpose) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("`", field, "`: key with SHA-256 ",
                     base::Hex(crypto::Sha256(key.spki())),
                     ": it is the key of `", at->second.field,
                     "`, too: a CA's key, an OCSP delegate's and a manifest "
                     "key are used for "
                     "nothing else (TRUST 2.4 and 4)"));
  }

 private:
  struct Use {
    Purpose purpose;
    std::string field;
  };
  std::map<std::string, Use> known_;
};

}  // namespace

absl::Status CheckKeyPurposes(
    const std::vector<Issuer>& issuers,
    const std::vector<crypto::PublicKey>& manifest_keys) {
  Purposes purposes;
  const auto field = [](const Issuer& issuer, absl::string_view name) {
    return absl::StrCat("issuer \"", issuer.name, "\".", name);
  };
  for (const Issuer& issuer : issuers) {
    if (issuer.key == nullptr) continue;
    RETURN_IF_ERROR(purposes.Add(issuer.key->public_key(), Purpose::kCa,
                                 field(issuer, "key")));
  }
  for (const Issuer& issuer : issuers) {
    // Without a delegate it is `key` itself.
    if (issuer.ocsp_key == nullptr || issuer.ocsp_key == issuer.key) continue;
    RETURN_IF_ERROR(purposes.Add(issuer.ocsp_key->public_key(), Purpose::kOcsp,
                                 field(issuer, "ocsp_key")));
  }
  for (size_t i = 0; i < manifest_keys.size(); ++i) {
    RETURN_IF_ERROR(
        purposes.Add(manifest_keys[i], Purpose::kManifest,
                     i == 0 ? "manifest_key" : "next_manifest_key"));
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
