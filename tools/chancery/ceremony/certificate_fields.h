// The fields that say what a certificate or a CRL of a ceremony contains.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_CERTIFICATE_FIELDS_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_CERTIFICATE_FIELDS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::config {
class CeremonyCertificate;
class CeremonyCrl;
}  // namespace chancery::config

namespace chancery::cli::ceremony {

// `field` is what fields' names begin with: "step 3 root.". InvalidArgument
// names the field, its value and the rule.

// A time in whole seconds.
absl::StatusOr<absl::Time> ReadTime(const std::string& field,
                                    const std::string& text);
// Lower-case letters, digits and dashes.
absl::Status CheckSlug(const std::string& field, const std::string& name);
// 32 bytes, of hexadecimal.
absl::StatusOr<std::string> ReadSha256(const std::string& field,
                                       const std::string& text);

absl::StatusOr<NewCertificate> ReadCertificate(
    const std::string& field, const config::CeremonyCertificate& from,
    CertificateKind kind);

// All but what names other things of the ceremony's file: issuer, files.
absl::StatusOr<MakeCrl> ReadCrl(const std::string& field,
                                const config::CeremonyCrl& from, bool is_last);

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_CERTIFICATE_FIELDS_H_
