// A CRL as lints see it (RFC 5280 section 5): every field that is there, right
// or wrong. Entries are read one after the other, for there may be millions.
#ifndef CHANCERY_POLICY_LINTS_CRL_VIEW_H_
#define CHANCERY_POLICY_LINTS_CRL_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "policy/lints/fields.h"

namespace chancery::policy::lints {

struct IssuingDistributionPoint {
  std::optional<PointName> name = {};
  bool only_users = false, only_cas = false, only_attributes = false;
  bool has_reasons = false;
  bool indirect = false;
  bool empty = false;  // An empty SEQUENCE.
};

struct CrlEntryView {
  Bytes serial = {};  // Contents of the INTEGER.
  TimeField date = {};
  std::vector<Extension> extensions = {};
  bool has_extensions = false;
  // Of a reasonCode that could be read.
  std::optional<uint8_t> reason = {};
};

struct CrlView {
  Bytes der = {};
  bool has_version = false;
  int64_t version = 0;                               // As encoded: 1 is v2.
  Bytes inner_algorithm = {}, outer_algorithm = {};  // With their tags.
  Bytes issuer = {};                                 // With its tag.
  std::vector<NameAttribute> issuer_name = {};
  TimeField this_update = {};
  std::optional<TimeField> next_update = {};
  bool has_entries = false;  // revokedCertificates is there.
  Bytes entries = {};        // Its contents.
  bool has_extensions = false;
  std::vector<Extension> extensions = {};
  Bytes signature = {};  // Contents of the BIT STRING, its first octet too.

  // Of the extensions that could be read. Absent: not there, or malformed.
  std::optional<AuthorityKeyId> authority_key_id = {};
  std::optional<Bytes> number = {}, base_number = {};  // INTEGER contents.
  std::optional<IssuingDistributionPoint> point = {};
  // OIDs of those above that are there and are not DER of their type.
  std::vector<std::string> malformed = {};

  const Extension* Find(absl::string_view oid) const {
    return FindExtension(extensions, oid);
  }
};

// `der` must outlive the result. InvalidArgument names the field at which the
// framing ends to be DER of a CertificateList; entries are framed too.
absl::StatusOr<CrlView> ReadCrlView(Bytes der);

// What `wrong` says of the first entry of which it says something, with the
// entry's serial number; empty: of none.
std::string EachEntry(
    const CrlView& crl,
    absl::FunctionRef<std::string(const CrlEntryView&)> wrong);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_CRL_VIEW_H_
