// What `chancery init` is asked to make.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_INIT_OPTIONS_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_INIT_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/software_key.h"

namespace chancery::cli {

struct InitOptions {
  std::string dir = {};              // Absolute.
  std::string cluster = "chancery";  // Part of each identity's URI.
  std::string organization = {};     // Of the CA's names. Empty: the cluster.
  std::string country = "XX";        // ISO 3166-1; XX: none.
  std::string issuer = "issuing";    // The issuing CA's configured name.
  uint32_t responders = 3;
  std::string key_type = "ecdsa-p256";
  // A PKCS#11 module and a token in it; both empty: keys in files.
  std::string pkcs11_module = {};
  std::string token = {};
  std::string pin_file = {};
  // libpq connection string in a file; empty: SQLite.
  std::string postgres_file = {};
  uint32_t ocsp_validity_hours = 96;
  uint32_t crl_shards = 1;
  uint32_t delta_crl_minutes = 0;  // 0: no delta CRLs.
  uint32_t block_capacity = 0;     // 0: the signer's default.
};

// InvalidArgument names the option, its value and the rule it breaks. Looks at
// no files.
absl::Status CheckInitOptions(const InitOptions& options);

// "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519".
absl::StatusOr<crypto::KeySpec> ParseKeyType(const std::string& text);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_INIT_OPTIONS_H_
