#include "signer/record_signer.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "policy/br_revocation.h"
#include "signer/schedule.h"

namespace chancery::signer {
namespace {

// Policy `br`, of a record whose other values are right.
absl::Status CheckBr(const Issuer& issuer, const block::Record& record) {
  absl::Duration validity =
      policy::br::Inclusive(record.this_update, record.next_update);
  // A `good` record never outlives its certificate (TRUST 5). Only of one that
  // was imported in its last hours, or whose template changed then, is that
  // sooner than 8 hours.
  if (record.status == block::RecordStatus::kGood &&
      record.next_update < issuer.ocsp_signer_not_after) {
    validity = std::max(validity, policy::br::kMinOcspValidity);
  }
  RETURN_IF_ERROR(policy::br::CheckOcspValidity(validity));
  if (record.status == block::RecordStatus::kGood) return absl::OkStatus();
  return policy::br::CheckReason(record.reason, /*is_ca=*/false);
}

// What every response of this signer obeys, whatever asked for it.
absl::Status CheckValues(const Issuer& issuer, absl::Time ledger_time,
                         const block::Record& record) {
  const auto wrong = [&](const char* rule) {
    return absl::InternalError(
        absl::StrCat("OCSP record of serial ",
                     base::Hex(base::AsBytes(record.serial)), ": ", rule));
  };
  if (record.serial.empty() || record.serial.size() > block::kMaxSerialSize) {
    return wrong("serialNumber has 1 to 20 octets (RFC 5280 section 4.1.2.2)");
  }
  if (record.this_update > ledger_time)
    return wrong("thisUpdate is in the future (TRUST 2.8)");
  if (record.next_update <= record.this_update)
    return wrong("nextUpdate is not after thisUpdate");
  if (record.next_update > issuer.ocsp_signer_not_after) {
    return wrong(
        "nextUpdate is after the signing certificate's notAfter (TRUST 2.10)");
  }
  if (record.status == block::RecordStatus::kRevoked) {
    if (record.revocation_time > record.this_update) {
      return wrong(
          "thisUpdate is before the revocation that it states (TRUST 2.8)");
    }
    if (record.reason < 0 || record.reason > 10 || record.reason == 7) {
      return wrong("revocationReason is not one of RFC 5280 section 5.3.1");
    }
  }
  if (issuer.policy == RevocationPolicy::kBr) {
    const absl::Status br = CheckBr(issuer, record);
    if (!br.ok()) return wrong(std::string(br.message()).c_str());
  }
  return absl::OkStatus();
}

}  // namespace

block::Templates TemplatesOf(const Issuer& issuer) { return issuer.templates; }

block::Record RecordFor(const Issuer& issuer, const CertificateState& member,
                        absl::Time this_update) {
  block::Record record;
  if (member.not_after <= this_update) return record;
  record.serial = member.serial;
  ResponseTimes times;
  if (member.status == CertificateStatus::kGood) {
    record.status = block::RecordStatus::kGood;
    times = GoodTimes(this_update, issuer.ocsp_validity, member.not_after,
                      issuer.ocsp_signer_not_after);
  } else {
    record.status = block::RecordStatus::kRevoked;
    record.revocation_time = member.revoked_at;
    record.reason = member.reason;
    times = RevokedTimes(this_update, issuer.ocsp_validity,
                         issuer.ocsp_signer_not_after);
  }
  record.this_update = times.this_update;
  record.next_update = times.next_update;
  return record;
}

bool SaysTheSame(const block::RecordFacts& held,
                 const CertificateState& member) {
  if (!base::Equal(held.serial, base::AsBytes(member.serial))) return false;
  if (member.status == CertificateStatus::kGood) {
    return held.status == block::RecordStatus::kGood;
  }
  return held.status == block::RecordStatus::kRevoked &&
         held.revocation_time == member.revoked_at &&
         held.reason == member.reason;
}

absl::Status SignRecord(const Issuer& issuer, absl::Time ledger_time,
                        block::Record& record) {
  if (record.status == block::RecordStatus::kEmpty) return absl::OkStatus();
  RETURN_IF_ERROR(CheckValues(issuer, ledger_time, record));
  record.signatures.clear();
  std::string tbs;
  for (const auto& shape : issuer.templates) {
    tbs.clear();
    shape->BuildTbs(record.facts(), tbs);
    ASSIGN_OR_RETURN(const std::string signature,
                     issuer.ocsp_key->Sign(base::AsBytes(tbs)));
    ASSIGN_OR_RETURN(std::string compact,
                     shape->Compact(base::AsBytes(signature)));
    record.signatures.push_back(std::move(compact));
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
