// A lint: one rule that a standard states about certificates, CRLs or OCSP
// responses, as data. What a rule looks at is a view (certificate_view.h and
// its neighbours) that is read leniently, so that anybody's objects can be
// held against the rules, not only those that x509/ would accept.
//
// Names are <set>_<object>_<rule>: "rfc5280_cert_serial_positive". The rule
// says what is right, and a finding that it is not. Severities follow the words
// of the source: MUST is an error, SHOULD a warning, what it only discourages
// or points out a notice.
#ifndef CHANCERY_POLICY_LINTS_LINT_H_
#define CHANCERY_POLICY_LINTS_LINT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace chancery::policy::lints {

enum class Severity { kNotice, kWarning, kError };

// "notice", "warning", "error".
absl::string_view SeverityName(Severity severity);

struct LintInfo {
  const char* name;
  const char* source;  // "RFC 5280 section 4.1.2.2".
  Severity severity;
  const char* rule;  // What is right, in a few words.

  // The first part of the name: "rfc5280".
  absl::string_view set() const;
  // The second: "cert", "crl" or "ocsp".
  absl::string_view object() const;
};

template <typename View>
struct Lint {
  LintInfo info;
  // Empty when it is right, or the rule does not apply. Otherwise what is
  // wrong, with the value.
  std::string (*check)(const View& view);
};

// Text lives as long as the program.
struct Finding {
  const LintInfo* lint;
  std::string found;
};

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_LINT_H_
