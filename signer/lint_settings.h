// Which lints refuse a signature, as the configuration says (docs/lints.md).
#ifndef CHANCERY_SIGNER_LINT_SETTINGS_H_
#define CHANCERY_SIGNER_LINT_SETTINGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "policy/lints/selection.h"

namespace chancery::config {
class Issuer;
class LintSet;
class Profile;
}  // namespace chancery::config

namespace chancery::signer {

// Without a word in the configuration: certificates; an issuer's CRLs and OCSP
// responses, of policy `br` or not.
policy::lints::Selection DefaultCertificateLints();
policy::lints::Selection DefaultIssuerLints(bool br);

// `field` is what fields' names begin with. InvalidArgument names the field,
// its value and the rule.
absl::StatusOr<policy::lints::Selection> CertificateLintsOf(
    const config::Profile& profile, const std::string& field);
absl::StatusOr<policy::lints::Selection> IssuerLintsOf(
    const config::Issuer& issuer, const std::string& field);

// The same of any message that has these two fields; `preset` if it names no
// set.
absl::StatusOr<policy::lints::Selection> LintsOf(
    const google::protobuf::RepeatedPtrField<config::LintSet>& sets,
    const google::protobuf::RepeatedPtrField<std::string>& exceptions,
    policy::lints::Selection preset, const std::string& field);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LINT_SETTINGS_H_
