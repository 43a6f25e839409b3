#include "signer/lint_settings.h"

#include <initializer_list>
#include <utility>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "chancery/config/signer.pb.h"
#include "rpc/config.h"

namespace chancery::signer {
namespace {

using policy::lints::Selection;
using policy::lints::Severity;

Selection Errors(std::initializer_list<const char*> sets) {
  Selection selection;
  // Each exists: see the test.
  for (const char* set : sets)
    selection.Add(set, Severity::kError).IgnoreError();
  return selection;
}

absl::Status InField(const std::string& field, const std::string& value,
                     const absl::Status& rule) {
  return rule.ok() ? rule : rpc::ConfigError(field, value, rule.message());
}

}  // namespace

absl::StatusOr<Selection> LintsOf(
    const google::protobuf::RepeatedPtrField<config::LintSet>& sets,
    const google::protobuf::RepeatedPtrField<std::string>& exceptions,
    Selection preset, const std::string& field) {
  Selection selection = sets.empty() ? std::move(preset) : Selection();
  for (const config::LintSet& set : sets) {
    const std::string level = set.level().empty() ? "error" : set.level();
    const auto from = policy::lints::SeverityFromName(level);
    RETURN_IF_ERROR(InField(field + "lint_set.level", level, from.status()));
    RETURN_IF_ERROR(InField(field + "lint_set.name", set.name(),
                            selection.Add(set.name(), *from)));
  }
  for (const std::string& lint : exceptions) {
    RETURN_IF_ERROR(
        InField(field + "lint_exception", lint, selection.Except(lint)));
  }
  return selection;
}

Selection DefaultCertificateLints() { return Errors({"rfc5280", "rfc8813"}); }

Selection DefaultIssuerLints(bool br) {
  return br ? Errors({"rfc5280", "rfc6960", "rfc9919", "br"})
            : Errors({"rfc5280", "rfc6960", "rfc9919"});
}

absl::StatusOr<Selection> CertificateLintsOf(const config::Profile& profile,
                                             const std::string& field) {
  return LintsOf(profile.lint_set(), profile.lint_exception(),
                 DefaultCertificateLints(), field);
}

absl::StatusOr<Selection> IssuerLintsOf(const config::Issuer& issuer,
                                        const std::string& field) {
  return LintsOf(issuer.lint_set(), issuer.lint_exception(),
                 DefaultIssuerLints(issuer.policy() == config::Issuer::BR),
                 field);
}

}  // namespace chancery::signer
