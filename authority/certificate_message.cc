#include "authority/certificate_message.h"

#include <string>

#include "absl/time/time.h"
#include "chancery/authority/v1/authority.pb.h"

namespace chancery::authority {
namespace {

v1::Status ToProto(storage::CertificateStatus status) {
  switch (status) {
    case storage::CertificateStatus::kGood:
      return v1::STATUS_GOOD;
    case storage::CertificateStatus::kHeld:
      return v1::STATUS_HELD;
    case storage::CertificateStatus::kRevoked:
      return v1::STATUS_REVOKED;
  }
  return v1::STATUS_UNSPECIFIED;
}

}  // namespace

void FillCertificate(const storage::CertificateRow& row,
                     const IssuerDirectory& issuers, v1::Certificate* out) {
  out->set_issuer(issuers.NameOf(row.issuer_id));
  out->set_serial(row.serial);
  out->set_der(row.der);
  out->set_status(ToProto(row.status));
  out->set_reason(row.reason);
  if (row.status != storage::CertificateStatus::kGood) {
    out->set_revoked_at_seconds(absl::ToUnixSeconds(row.revoked_at));
  }
  out->set_not_before_seconds(absl::ToUnixSeconds(row.not_before));
  out->set_not_after_seconds(absl::ToUnixSeconds(row.not_after));
  out->set_subject(row.subject);
  for (const std::string& name : row.names) out->add_names(name);
  out->set_profile(row.profile);
  out->set_requester(row.requester);
  out->set_request_id(row.request_id);
}

void FillIssued(const Issued& issued, const IssuerDirectory& issuers,
                v1::IssueResponse* out) {
  FillCertificate(issued.certificate, issuers, out->mutable_certificate());
  for (const std::string& der : issued.chain) out->add_chain(der);
  out->set_responders_acknowledged(issued.acknowledged.responders);
  out->set_responders_total(issued.acknowledged.total);
}

}  // namespace chancery::authority
