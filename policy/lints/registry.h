// All lints, in the order of docs/lints.md.
#ifndef CHANCERY_POLICY_LINTS_REGISTRY_H_
#define CHANCERY_POLICY_LINTS_REGISTRY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/crl_rules.h"
#include "policy/lints/lint.h"
#include "policy/lints/ocsp_rules.h"

namespace chancery::policy::lints {

// Built once; they live as long as the program. Thread-safe.
const CertificateRules& CertificateLints();
const CrlRules& CrlLints();
const OcspRules& OcspLints();

// What is said of an object that cannot be read at all, which no rule can look
// at: "cert", "crl", "ocsp" or "file", for what is none of them.
const LintInfo& UnreadableLint(absl::string_view object);

// Those above, one after the other.
const std::vector<const LintInfo*>& AllLints();
// nullptr if there is none of this name.
const LintInfo* FindLint(absl::string_view name);
// "br", "rfc5280", ...: those that lints are in, in alphabetical order.
const std::vector<std::string>& SetNames();

// A Markdown table of all of them: the one in docs/lints.md.
std::string LintTable();

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_REGISTRY_H_
