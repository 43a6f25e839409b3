#include "signer/delegate_issuance.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "ledger/entry.h"
#include "policy/certificate_lints.h"
#include "signer/crl_shard.h"
#include "signer/ocsp_signer.h"
#include "signer/schedule.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {
namespace {

// TRUST 3: one byte of epoch, 127 random bits.
std::string NewSerial(uint64_t epoch, base::Random& random) {
  std::string serial(1, static_cast<char>(epoch));
  serial += random.Bytes(16);
  serial[1] = static_cast<char>(serial[1] & 0x7f);
  return serial;
}

x509::CertificateFacts FactsOf(const Issuer& issuer,
                               const crypto::PublicKey& key,
                               const DelegateRequest& request) {
  x509::CertificateFacts facts;
  facts.issuer = issuer.subject;
  facts.subject = request.subject;
  facts.not_before = request.not_before;
  facts.not_after = std::min(request.not_after, issuer.not_after);
  facts.public_key = base::ToString(key.spki());
  facts.extensions = {.key_usage = x509::kDigitalSignature,
                      .extended_key_usage = {x509::kOcspSigning},
                      .authority_key_identifier = issuer.subject_key_identifier,
                      .ocsp_no_check = true};
  return facts;
}

}  // namespace

absl::StatusOr<std::string> IssueDelegate(const Issuer& issuer,
                                          const crypto::PublicKey& key,
                                          const DelegateRequest& request,
                                          Ledger& ledger,
                                          base::Random& random) {
  x509::CertificateFacts facts = FactsOf(issuer, key, request);
  {
    ASSIGN_OR_RETURN(const auto view, ledger.Read());
    ASSIGN_OR_RETURN(const uint64_t epoch, view->state().Epoch());
    facts.serial = NewSerial(epoch, random);
  }
  ASSIGN_OR_RETURN(const x509::Certificate ca,
                   x509::Certificate::Parse(base::AsBytes(issuer.certificate)));
  // TRUST 2.5: linted before the CA's key signs, and again.
  ASSIGN_OR_RETURN(const std::string rehearsal,
                   x509::SignCertificate(facts, *issuer.rehearsal_key));
  ASSIGN_OR_RETURN(const x509::Certificate rehearsed,
                   x509::Certificate::Parse(base::AsBytes(rehearsal)));
  RETURN_IF_ERROR(policy::LintCertificate(rehearsed, ca));
  ASSIGN_OR_RETURN(std::string der, x509::SignCertificate(facts, *issuer.key));
  ASSIGN_OR_RETURN(const x509::Certificate made,
                   x509::Certificate::Parse(base::AsBytes(der)));
  RETURN_IF_ERROR(policy::LintCertificate(made, ca));
  RETURN_IF_ERROR(CheckDelegate(made, ca));

  ledger::CertificateEntry entry{
      .imported = false,
      .issuer_id = issuer.issuer_id,
      .serial = facts.serial,
      .not_after = facts.not_after,
      .crl_shard = ShardForSerial(issuer, facts.serial),
      .block_id = {},
      .place = 0,
      .block_capacity = 0,
      .lifetime_class = LifetimeClass(facts.not_after - facts.not_before),
      .profile = kDelegateProfile,
      .origin = {},
      .certificate = der};
  // The commit point. Before it nobody has the certificate.
  RETURN_IF_ERROR(ledger.Execute([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(
        const Place place,
        tx.state().NextPlace({.issuer_id = issuer.issuer_id,
                              .lifetime_class = entry.lifetime_class,
                              .imported = false,
                              .capacity = issuer.block_capacity},
                             tx.time()));
    entry.block_id = place.block_id;
    entry.place = place.place;
    entry.block_capacity = place.block_capacity;
    return tx.Append(entry).status();
  }));
  return der;
}

}  // namespace chancery::signer
