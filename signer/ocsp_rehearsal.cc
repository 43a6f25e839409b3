#include "signer/ocsp_rehearsal.h"

#include <string>

#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/record.h"
#include "policy/lints/linter.h"
#include "policy/ocsp_lints.h"
#include "signer/record_signer.h"
#include "signer/schedule.h"
#include "x509/ocsp/response.h"

namespace chancery::signer {
namespace {

constexpr int kKeyCompromise = 1;

}  // namespace

absl::Status RehearseOcsp(const Issuer& issuer, const x509::Certificate& ca,
                          const x509::Certificate& ocsp_signer) {
  const absl::Time begin = ocsp_signer.facts().not_before;
  for (const auto status :
       {block::RecordStatus::kGood, block::RecordStatus::kRevoked}) {
    block::Record record;
    record.status = status;
    record.serial = std::string(block::kMaxSerialSize, '\x7f');
    record.this_update = begin;
    record.next_update =
        GoodTimes(begin, issuer.ocsp_validity, absl::InfiniteFuture(),
                  issuer.ocsp_signer_not_after)
            .next_update;
    if (status == block::RecordStatus::kRevoked) {
      record.revocation_time = begin;
      record.reason = kKeyCompromise;
    }
    RETURN_IF_ERROR(SignRecord(issuer, begin, record));
    for (size_t i = 0; i < issuer.templates.size(); ++i) {
      std::string der;
      issuer.templates[i]->Rebuild(record.facts(),
                                   base::AsBytes(record.signatures[i]), der);
      ASSIGN_OR_RETURN(const x509::OcspResponse response,
                       x509::ParseOcspResponse(base::AsBytes(der)));
      RETURN_IF_ERROR(policy::LintOcspResponse(
          response, {.issuer = ca,
                     .signer = ocsp_signer,
                     .now = begin,
                     .br = issuer.policy == RevocationPolicy::kBr}));
      const auto finding = policy::lints::FirstFinding(
          base::AsBytes(der), policy::lints::ObjectKind::kOcsp, issuer.lints);
      if (finding.has_value()) {
        return absl::InternalError(policy::lints::FindingText(*finding));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
