// Which names a CA's certificates may hold (RFC 5280 section 4.2.1.10).
#ifndef CHANCERY_X509_CERTIFICATE_NAME_CONSTRAINTS_H_
#define CHANCERY_X509_CERTIFICATE_NAME_CONSTRAINTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "x509/certificate/names.h"

namespace chancery::x509 {

// The base of one subtree.
struct NameSubtree {
  enum class Kind { kDns, kEmail, kUri, kIp, kDirectory };
  Kind kind = Kind::kDns;
  // kDns, kEmail, kUri: text as RFC 5280 has it ("example.com", of URIs and
  // mail ".example.com" for what is below it, of mail also one mailbox). kIp:
  // the address and the mask, 8 or 32 bytes. kDirectory: DER Name.
  std::string value = {};
  friend bool operator==(const NameSubtree&, const NameSubtree&) = default;
};

struct NameConstraints {
  std::vector<NameSubtree> permitted = {}, excluded = {};
  bool empty() const { return permitted.empty() && excluded.empty(); }
  friend bool operator==(const NameConstraints&,
                         const NameConstraints&) = default;
};

// "example.com", "10.0.0.0/8", "ab@example.com" or ".example.com" as a subtree
// of `kind`, which is not kDirectory; text is put in lower case.
// InvalidArgument says what is allowed.
absl::StatusOr<NameSubtree> NameSubtreeFromText(NameSubtree::Kind kind,
                                                absl::string_view text);
// The inverse; of kDirectory RFC 4514.
std::string NameSubtreeText(const NameSubtree& subtree);

// Contents of the extension, DER NameConstraints; `constraints` are not empty.
std::string EncodeNameConstraints(const NameConstraints& constraints);
// Subtrees of other kinds are passed over: they constrain names that this
// system does not know and so never certifies. InvalidArgument: malformed, or
// with a minimum or maximum, which RFC 5280 forbids.
absl::StatusOr<NameConstraints> ParseNameConstraints(base::Bytes der);

// Whether a certificate may hold `name`, or have the subject (DER Name; an
// empty one is always allowed; strings are compared without their types and
// case). A wildcard stands for all that it covers: no excluded name may be
// among it. InvalidArgument names the name, `whose` constraints they are and
// the subtree that excludes it, or those that do not permit it.
absl::Status CheckPermitted(const NameConstraints& constraints,
                            const AltName& name, absl::string_view whose);
absl::Status CheckPermittedSubject(const NameConstraints& constraints,
                                   base::Bytes subject,
                                   absl::string_view whose);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_NAME_CONSTRAINTS_H_
