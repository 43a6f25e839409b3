// Fields that certificates, CRLs and OCSP responses share, read leniently: the
// framing must be DER, what is inside may be wrong, for a lint to say so. Views
// into what was read, which must outlive them. Thread-safe.
#ifndef CHANCERY_POLICY_LINTS_FIELDS_H_
#define CHANCERY_POLICY_LINTS_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "der/reader.h"

namespace chancery::policy::lints {

using base::Bytes;

struct Extension {
  std::string oid = {};  // Dotted.
  bool critical = false;
  bool false_encoded = false;  // `critical` is there, and FALSE.
  bool odd_true = false;       // `critical` is TRUE, and not of 8 one bits.
  Bytes value = {};
};

// Contents of a SEQUENCE OF Extension.
[[nodiscard]] bool ReadExtensions(Bytes contents, std::vector<Extension>& all);
// Contents of an EXPLICIT tag with such a SEQUENCE.
[[nodiscard]] bool ReadWrappedExtensions(Bytes contents,
                                         std::vector<Extension>& all);

// nullptr if there is none.
const Extension* FindExtension(const std::vector<Extension>& all,
                               absl::string_view oid);
// The OID of an extension that is there twice; empty: there is none.
std::string RepeatedExtension(const std::vector<Extension>& all);

struct TimeField {
  der::Tag tag = der::Tag::kUtcTime;
  Bytes contents = {};
  // Only of the forms that RFC 5280 section 4.1.2.5 allows.
  std::optional<absl::Time> time = {};
};

[[nodiscard]] bool ReadTimeField(der::Reader& in, TimeField& field);

// What is wrong with it; empty if nothing. A form that RFC 5280 sections
// 4.1.2.5.1 and 4.1.2.5.2 do not have; a GeneralizedTime before 2050.
std::string WrongTimeForm(absl::string_view field, const TimeField& time);
std::string WrongTimeChoice(absl::string_view field, const TimeField& time);

// One attribute of a Name; those of one RelativeDistinguishedName share `rdn`.
struct NameAttribute {
  std::string oid = {};  // Dotted.
  der::Tag tag = der::Tag::kUtf8String;
  Bytes value = {};
  size_t rdn = 0;
};

// `element` is a Name with its tag.
[[nodiscard]] bool ReadName(Bytes element, std::vector<NameAttribute>& all);

// "CN=www, O=Test", for people.
std::string NameText(const std::vector<NameAttribute>& name);

// Kinds are the tag numbers of RFC 5280 section 4.2.1.6.
struct GeneralName {
  enum Kind : uint8_t {
    kOther = 0,
    kEmail = 1,
    kDns = 2,
    kX400 = 3,
    kDirectory = 4,
    kEdiParty = 5,
    kUri = 6,
    kIp = 7,
    kRegisteredId = 8,
  };
  Kind kind = kOther;
  Bytes contents = {};
};

// Contents of a GeneralNames.
[[nodiscard]] bool ReadGeneralNames(Bytes contents,
                                    std::vector<GeneralName>& all);
[[nodiscard]] bool ReadGeneralName(der::Reader& in, GeneralName& name);

// Contents of a DistributionPointName's CHOICE: fullName, or the relative name.
struct PointName {
  std::vector<GeneralName> full = {};
  bool relative = false;
};
[[nodiscard]] bool ReadPointName(Bytes contents, PointName& name);

struct AuthorityKeyId {
  std::optional<Bytes> key = {};
  bool has_issuer = false;
  bool has_serial = false;
};
// The value of an authorityKeyIdentifier extension.
std::optional<AuthorityKeyId> ReadAuthorityKeyId(Bytes value);

// InvalidArgument: where the framing of an object ends to be DER.
absl::Status Malformed(absl::string_view field);

// Contents of an INTEGER.
bool IsMinimalInteger(Bytes contents);
bool IsPositiveInteger(Bytes contents);

// Contents of a BIT STRING: at least one octet, and no unused bits.
bool IsWholeOctets(Bytes contents);

// "an\x00b": at most 80 characters, quoted.
std::string Quoted(Bytes bytes);
// At most 40 digits.
std::string ShortHex(Bytes bytes);

bool StartsWithIgnoringCase(Bytes text, absl::string_view prefix);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_FIELDS_H_
