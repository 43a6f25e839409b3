// CFSSL's configuration file (its config/config.go), as it is written.
//
//   ASSIGN_OR_RETURN(const Config config, ParseConfig(text));
//   ASSIGN_OR_RETURN(const Profiles profiles, ToProfiles(config));
#ifndef CHANCERY_POLICY_CFSSL_CONFIG_H_
#define CHANCERY_POLICY_CFSSL_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::policy::cfssl {

inline constexpr size_t kMaxConfig = 1 << 20;

struct CaConstraint {
  bool is_ca = false;
  int64_t max_path_len = 0;
  bool max_path_len_zero = false;
};

struct PolicyQualifier {
  std::string type = {};
  std::string value = {};
};

struct CertificatePolicy {
  std::string id = {};
  std::vector<PolicyQualifier> qualifiers = {};
};

// What is copied from a CSR.
struct CsrWhitelist {
  bool subject = false;
  bool public_key_algorithm = false;
  bool public_key = false;
  bool signature_algorithm = false;
  bool dns_names = false;
  bool ip_addresses = false;
  bool email_addresses = false;
  bool uris = false;
};

struct AuthRemote {
  std::string remote = {};
  std::string auth_key = {};
};

// Every field of a profile, unchecked but for its JSON type. Empty: not there.
struct RawProfile {
  std::vector<std::string> usages = {};
  std::string expiry = {};
  std::string backdate = {};
  std::string not_before = {}, not_after = {};
  std::vector<std::string> issuer_urls = {};
  std::string ocsp_url = {};
  std::string crl_url = {};
  CaConstraint ca_constraint = {};
  bool ocsp_no_check = false;
  std::string auth_key = {}, prev_auth_key = {};
  std::string remote = {};
  std::optional<AuthRemote> auth_remote = {};
  bool copy_extensions = false;
  std::string name_whitelist = {};
  std::vector<std::string> allowed_extensions = {};
  std::vector<std::string> ct_log_servers = {};
  std::string cert_store = {};
  std::string lint_error_level = {};
  std::vector<std::string> ignored_lints = {};
  std::vector<std::string> ignored_lint_sources = {};
  std::vector<CertificatePolicy> policies = {};
  std::optional<CsrWhitelist> csr_whitelist = {};
  bool client_provides_serial_numbers = false;
};

struct Config {
  std::optional<RawProfile> default_profile = {};
  std::map<std::string, RawProfile> profiles = {};
  // Name to type. The keys themselves are not kept.
  std::map<std::string, std::string> auth_keys = {};
  std::map<std::string, std::string> remotes = {};
  bool has_ocsp = false;  // CFSSL itself does not read that section.
};

// As in Go, field names are taken in any case. InvalidArgument names the field
// by its path ("signing.profiles.www.expiry") and what is wrong: no JSON (with
// line and column), another type, a field twice or one that CFSSL does not
// have, since a misspelt rule would be no rule; more than 1 MiB or 16 levels.
absl::StatusOr<Config> ParseConfig(absl::string_view json);

}  // namespace chancery::policy::cfssl

#endif  // CHANCERY_POLICY_CFSSL_CONFIG_H_
