// What a certificate may contain: a profile, and the leaf it allows a request.
#ifndef CHANCERY_POLICY_PROFILE_H_
#define CHANCERY_POLICY_PROFILE_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/key_type.h"
#include "policy/lints/selection.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/csr.h"

namespace chancery::policy {

// Immutable once checked.
struct Profile {
  std::string name = {};
  absl::Duration validity = absl::ZeroDuration();
  absl::Duration backdate = absl::ZeroDuration();
  uint32_t key_usage = 0;                            // x509::KeyUsage bits.
  std::vector<std::string> extended_key_usage = {};  // Dotted.
  std::set<crypto::KeyType> key_types = {};          // None allowed if empty.
  std::set<x509::AltNameKind> alt_name_kinds = {};
  std::vector<std::string> dns_suffixes = {};  // Lower case; empty: any.
  bool allow_wildcard = false;
  std::set<std::string> subject_attributes = {};  // Others are dropped.
  lints::Selection lints = {};                    // What refuses a signature.
};

// From the words that configurations use. InvalidArgument names the word and
// what is allowed.
absl::StatusOr<uint32_t> KeyUsageFromNames(
    const std::vector<std::string>& names);
absl::StatusOr<std::vector<std::string>> ExtendedKeyUsageFromNames(
    const std::vector<std::string>& names);
absl::StatusOr<std::set<crypto::KeyType>> KeyTypesFromNames(
    const std::vector<std::string>& names);

// What a leaf takes from its issuer.
struct IssuerFacts {
  std::string subject = {};  // DER Name.
  std::string subject_key_identifier = {};
  absl::Time not_after = absl::UnixEpoch();
  std::string ocsp_url = {};
  std::string crl_url = {};
  std::string ca_issuers_url = {};
};

// The certificate that `profile` gives to `csr` at `now`: names checked and
// encoded again, duplicates dropped; notAfter clamped to the issuer's; a CN
// that is not among the names dropped. Of the request's extensions only the
// names are looked at. InvalidArgument names the field, its value and the rule;
// FailedPrecondition: the issuer has expired.
absl::StatusOr<x509::CertificateFacts> BuildLeaf(const Profile& profile,
                                                 const x509::Csr& csr,
                                                 const IssuerFacts& issuer,
                                                 std::string serial,
                                                 absl::Time now);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_PROFILE_H_
