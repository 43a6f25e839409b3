// An OCSP response as lints see it (RFC 6960 section 4.2.1): every field that
// is there, right or wrong.
#ifndef CHANCERY_POLICY_LINTS_OCSP_VIEW_H_
#define CHANCERY_POLICY_LINTS_OCSP_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policy/lints/certificate_view.h"
#include "policy/lints/fields.h"

namespace chancery::policy::lints {

struct OcspSingle {
  std::string hash_oid = {};  // Dotted.
  Bytes name_hash = {}, key_hash = {};
  Bytes serial = {};  // Contents of the INTEGER.

  enum class Status { kGood, kRevoked, kUnknown };
  Status status = Status::kGood;
  TimeField revocation_time = {};    // Of kRevoked.
  std::optional<Bytes> reason = {};  // Contents of the ENUMERATED.
  TimeField this_update = {};
  std::optional<TimeField> next_update = {};
  bool has_extensions = false;
  std::vector<Extension> extensions = {};
};

struct OcspView {
  Bytes der = {};
  int64_t status = 0;         // responseStatus.
  bool has_bytes = false;     // responseBytes is there.
  std::string type_oid = {};  // Of responseBytes, dotted.
  // Everything below only of a basic response.
  bool is_basic = false;
  bool has_version = false;
  int64_t version = 0;                       // As encoded: 0 is v1.
  std::optional<Bytes> key_hash = {};        // byKey
  std::optional<Bytes> responder_name = {};  // byName, with its tag.
  TimeField produced_at = {};
  std::vector<OcspSingle> responses = {};
  bool has_extensions = false;
  std::vector<Extension> extensions = {};
  Bytes algorithm = {};  // With its tag.
  Bytes signature = {};  // Contents of the BIT STRING, its first octet too.
  std::vector<Bytes> certificates = {};  // With their tags.

  // The embedded certificate that the responderID names, if it can be read.
  std::optional<CertificateView> signer = {};
  // That, if it is not a CA's: the issuer of what is asked about may sign
  // with its own key, and embed its own certificate.
  const CertificateView* Delegate() const {
    return signer.has_value() && !signer->IsCa() ? &*signer : nullptr;
  }
};

// `der` must outlive the result. InvalidArgument names the field at which the
// framing ends to be DER of an OCSPResponse.
absl::StatusOr<OcspView> ReadOcspView(Bytes der);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_OCSP_VIEW_H_
