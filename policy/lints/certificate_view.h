// A certificate as lints see it (RFC 5280 section 4): every field that is
// there, right or wrong.
#ifndef CHANCERY_POLICY_LINTS_CERTIFICATE_VIEW_H_
#define CHANCERY_POLICY_LINTS_CERTIFICATE_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policy/lints/fields.h"

namespace chancery::policy::lints {

struct BasicConstraints {
  bool is_ca = false;
  std::optional<Bytes> path_length = {};  // Contents of the INTEGER.
};

struct PolicyInformation {
  std::string oid = {};
  bool has_qualifiers = false;
  // explicitText of its user notices, with their tags.
  struct Text {
    der::Tag tag;
    Bytes contents;
  };
  std::vector<Text> texts = {};
};

struct DistributionPoint {
  std::optional<PointName> name = {};
  bool has_reasons = false;
  bool has_issuer = false;
};

struct AccessDescription {
  std::string method = {};
  GeneralName location = {};
};

struct PolicyMapping {
  std::string issuer = {}, subject = {};
};

struct NameConstraints {
  struct Subtree {
    GeneralName base = {};
    bool has_bounds = false;  // minimum or maximum is encoded.
  };
  std::vector<Subtree> subtrees = {};  // Permitted, then excluded.
};

struct SubjectKey {
  Bytes algorithm = {};            // AlgorithmIdentifier with its tag.
  std::string algorithm_oid = {};  // Dotted.
  Bytes key = {};                  // Contents of the BIT STRING, whole octets.
  // Of an RSA key.
  std::optional<Bytes> modulus = {}, exponent = {};  // INTEGER magnitudes.
};

struct CertificateView {
  Bytes der = {};
  bool has_version = false;
  int64_t version = 0;                               // As encoded: 2 is v3.
  Bytes serial = {};                                 // Contents of the INTEGER.
  Bytes inner_algorithm = {}, outer_algorithm = {};  // With their tags.
  Bytes issuer = {}, subject = {};                   // With their tags.
  std::vector<NameAttribute> issuer_name = {}, subject_name = {};
  TimeField not_before = {}, not_after = {};
  Bytes spki = {};  // With its tag.
  SubjectKey key = {};
  bool has_issuer_unique_id = false, has_subject_unique_id = false;
  bool has_extensions = false;
  std::vector<Extension> extensions = {};
  Bytes signature = {};  // Contents of the BIT STRING, its first octet too.

  // Of the extensions that could be read. Absent: not there, or malformed.
  std::optional<BasicConstraints> basic_constraints = {};
  std::optional<uint32_t> key_usage = {};  // Bit n of RFC 5280 is bit n.
  std::optional<std::vector<std::string>> extended_key_usage = {};
  std::optional<std::vector<GeneralName>> alt_names = {};
  std::optional<AuthorityKeyId> authority_key_id = {};
  std::optional<Bytes> subject_key_id = {};
  std::optional<std::vector<DistributionPoint>> crl_points = {};
  std::optional<std::vector<AccessDescription>> access = {};
  std::optional<std::vector<PolicyInformation>> policies = {};
  std::optional<std::vector<PolicyMapping>> policy_mappings = {};
  std::optional<NameConstraints> name_constraints = {};
  std::optional<bool> policy_constraints_empty = {};
  // OIDs of those above that are there and are not DER of their type.
  std::vector<std::string> malformed = {};

  const Extension* Find(absl::string_view oid) const {
    return FindExtension(extensions, oid);
  }
  bool IsCa() const {
    return basic_constraints.has_value() && basic_constraints->is_ca;
  }
  // Its issuer is its subject.
  bool IsSelfIssued() const;
  bool HasUsage(absl::string_view extended_key_usage_oid) const;
};

// `der` must outlive the result. InvalidArgument names the field at which the
// framing ends to be DER of a Certificate.
absl::StatusOr<CertificateView> ReadCertificateView(Bytes der);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_CERTIFICATE_VIEW_H_
