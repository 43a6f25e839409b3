// Lints whole objects, and the objects of a file. Never fails: what cannot be
// read is a finding.
//
//   for (const Linted& object : LintFile(contents, Selection::All(kNotice)))
#ifndef CHANCERY_POLICY_LINTS_LINTER_H_
#define CHANCERY_POLICY_LINTS_LINTER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "policy/lints/lint.h"
#include "policy/lints/selection.h"

namespace chancery::policy::lints {

enum class ObjectKind { kCertificate, kCrl, kOcsp, kUnknown };

// "certificate", "CRL", "OCSP response", "unknown".
absl::string_view KindName(ObjectKind kind);

struct Linted {
  ObjectKind kind = ObjectKind::kUnknown;
  // For people: a certificate's subject, a CRL's issuer, "good" and the like of
  // an OCSP response. Empty if it could not be read.
  std::string title = {};
  // In hexadecimal: serialNumber, cRLNumber, the first CertID's serialNumber.
  std::string number = {};
  // It could not be read, so hardly a lint looked at it: said here too, since
  // `findings` has it only if the selection has the lint about that.
  bool unreadable = false;
  std::vector<Finding> findings = {};  // In the order of the registry.
};

// By the shape of its DER, as far as that can be told.
ObjectKind KindOf(base::Bytes der);

Linted LintObject(base::Bytes der, ObjectKind kind, const Selection& selection);

// The first finding, of what is about to be signed or was; nullopt if there is
// none.
std::optional<Finding> FirstFinding(base::Bytes der, ObjectKind kind,
                                    const Selection& selection);

// "lint rfc5280_cert_serial_positive (RFC 5280 section 4.1.2.2): serialNumber
// is positive: serialNumber is 00 in hexadecimal".
std::string FindingText(const Finding& finding);

// DER, or PEM with any number of objects; PEM blocks with other labels, such as
// keys, are passed over. Never empty.
std::vector<Linted> LintFile(absl::string_view contents,
                             const Selection& selection);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_LINTER_H_
