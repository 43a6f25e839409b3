#include <vector>

#include "base/status_macros.h"
#include "block/key_set.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "crypto/public_key.h"
#include "rpc/audit_log/open_configured.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "signer/config.h"
#include "signer/key_purposes.h"
#include "signer/manifest_keys.h"

namespace chancery::signer {
absl::Status CheckFiles(const config::Signer& config) {
  // An offline signer is called by nobody.
  if (!config.has_air_gap()) {
    RETURN_IF_ERROR(rpc::Credentials::Check(config.identity()));
  }
  RETURN_IF_ERROR(rpc::CheckAuditFolder(config.audit_log()));
  RETURN_IF_ERROR(ReadKeySet(config.key_set_file()).status());
  crypto::KeyOpener opener;
  ASSIGN_OR_RETURN(const std::vector<Issuer> issuers,
                   ReadIssuers(config, opener));
  std::vector<crypto::PublicKey> manifest_keys;
  const auto add = [&](const char* field, const config::KeySource& from) {
    // Those in tokens are compared at the start.
    if (!from.pkcs11_uri().empty()) return absl::OkStatus();
    const auto key = opener.Open(ToKeySource(from));
    if (!key.ok()) {
      return rpc::ConfigError(field, from.file(), key.status().message());
    }
    manifest_keys.push_back((*key)->public_key());
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(add("manifest_key", config.manifest_key()));
  if (config.has_next_manifest_key()) {
    RETURN_IF_ERROR(add("next_manifest_key", config.next_manifest_key()));
  }
  return CheckKeyPurposes(issuers, manifest_keys);
}

}  // namespace chancery::signer
