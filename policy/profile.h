// What a certificate may contain: a profile, from whatever kind of file it was
// read.
#ifndef CHANCERY_POLICY_PROFILE_H_
#define CHANCERY_POLICY_PROFILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/key_type.h"
#include "policy/lints/selection.h"
#include "policy/name_pattern.h"
#include "x509/certificate/certificate_policies.h"
#include "x509/certificate/name_constraints.h"
#include "x509/certificate/names.h"

namespace chancery::policy {

// Of a profile whose certificates are CAs.
struct CaProfile {
  // How many CAs may follow below; absent: as many as the issuer allows.
  std::optional<int> path_length = {};
  x509::NameConstraints name_constraints = {};  // Written into them.
};

// Immutable once checked.
struct Profile {
  std::string name = {};
  absl::Duration validity = absl::ZeroDuration();
  absl::Duration backdate = absl::ZeroDuration();
  // In place of what follows from the two above.
  std::optional<absl::Time> not_before = {}, not_after = {};
  uint32_t key_usage = 0;                            // x509::KeyUsage bits.
  std::vector<std::string> extended_key_usage = {};  // Dotted.
  std::set<crypto::KeyType> key_types = {};          // None allowed if empty.
  int min_rsa_bits = 2048, max_rsa_bits = 4096;

  // A name has to pass all that follows.
  std::set<x509::AltNameKind> alt_name_kinds = {};
  std::vector<std::string> dns_suffixes = {};  // Lower case; empty: any.
  bool allow_wildcard = false;
  x509::NameConstraints names = {};
  std::vector<NamePattern> allowed_patterns = {};  // One of them; empty: any.
  std::vector<NamePattern> forbidden_patterns = {};
  size_t max_names = 100;

  std::set<std::string> subject_attributes = {};  // Others are dropped.

  std::optional<CaProfile> ca = {};
  std::vector<x509::CertificatePolicy> policies = {};
  bool must_staple = false;
  // OIDs of extensions that are taken over from a request
  // (copied_extensions.h).
  std::set<std::string> copied_extensions = {};
  // Where the issuer has none of its own.
  std::string ocsp_url = {}, crl_url = {};
  std::vector<std::string> ca_issuers_urls = {};

  lints::Selection lints = {};  // What refuses a signature.
};

// From the words that configurations use. InvalidArgument names the word and
// what is allowed.
absl::StatusOr<uint32_t> KeyUsageFromNames(
    const std::vector<std::string>& names);
absl::StatusOr<std::vector<std::string>> ExtendedKeyUsageFromNames(
    const std::vector<std::string>& names);
absl::StatusOr<std::set<crypto::KeyType>> KeyTypesFromNames(
    const std::vector<std::string>& names);

// A dotted OID of an extended key usage that a profile may give.
// InvalidArgument: none, OCSP signing, or any purpose.
absl::Status CheckExtendedKeyUsage(const std::string& oid);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_PROFILE_H_
