#include "signer/issuance.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "policy/certificate_lints.h"
#include "policy/lints/linter.h"
#include "policy/profile.h"
#include "signer/crl_shard.h"
#include "signer/origin.h"
#include "signer/schedule.h"
#include "x509/certificate/csr.h"

namespace chancery::signer {
namespace {

constexpr size_t kRandomOctets = 16;

// TRUST 3: one byte of epoch, 127 random bits, at most 17 octets.
std::string NewSerial(uint64_t epoch, base::Random& random) {
  std::string serial(1, static_cast<char>(epoch));
  serial += random.Bytes(kRandomOctets);
  serial[1] = static_cast<char>(serial[1] & 0x7f);
  return serial;
}

absl::StatusOr<const policy::Profile*> ProfileOf(const Issuer& issuer,
                                                 const std::string& name) {
  const auto found = issuer.profiles.find(name);
  if (found == issuer.profiles.end()) {
    return absl::NotFoundError(absl::StrCat("profile: issuer \"", issuer.name,
                                            "\" has none called \"", name,
                                            "\""));
  }
  return &found->second;
}

policy::IssuerFacts FactsOf(const Issuer& issuer, uint32_t crl_shard) {
  return {.subject = issuer.subject,
          .subject_key_identifier = issuer.subject_key_identifier,
          .not_after = issuer.not_after,
          .ocsp_url = issuer.ocsp_url,
          .crl_url = CrlUrl(issuer, crl_shard),
          .ca_issuers_url = issuer.ca_issuers_url};
}

absl::Status PassesLints(const policy::Profile& profile,
                         const std::string& der) {
  const auto finding = policy::lints::FirstFinding(
      base::AsBytes(der), policy::lints::ObjectKind::kCertificate,
      profile.lints);
  if (!finding.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "profile \"", profile.name,
      "\" refuses what was asked for: ", policy::lints::FindingText(*finding)));
}

}  // namespace

// Lints before the CA's key signs: what a throw-away key of the same kind
// signed is read back and looked at. What the CA's key signed is looked at
// again.
absl::StatusOr<std::string> Issuance::Sign(
    const Issuer& issuer, const policy::Profile& profile,
    const x509::CertificateFacts& facts) {
  ASSIGN_OR_RETURN(const x509::Certificate ca,
                   x509::Certificate::Parse(base::AsBytes(issuer.certificate)));
  ASSIGN_OR_RETURN(const std::string rehearsal,
                   x509::SignCertificate(facts, *issuer.rehearsal_key));
  ASSIGN_OR_RETURN(const x509::Certificate rehearsed,
                   x509::Certificate::Parse(base::AsBytes(rehearsal)));
  RETURN_IF_ERROR(policy::LintCertificate(rehearsed, ca));
  RETURN_IF_ERROR(PassesLints(profile, rehearsal));
  ASSIGN_OR_RETURN(std::string der, x509::SignCertificate(facts, *issuer.key));
  ASSIGN_OR_RETURN(const x509::Certificate made,
                   x509::Certificate::Parse(base::AsBytes(der)));
  RETURN_IF_ERROR(policy::LintCertificate(made, ca));
  RETURN_IF_ERROR(x509::CheckIssuedBy(made, ca));
  return der;
}

absl::StatusOr<std::optional<Issued>> Issuance::Repeated(
    const Issuer& issuer, const ledger::Origin& origin) {
  ASSIGN_OR_RETURN(const auto view, ledger_.Read());
  ASSIGN_OR_RETURN(const auto before, view->state().Request(origin));
  if (!before.has_value()) return std::nullopt;
  if (before->request_hash != origin.request_hash)
    return UsedForAnother(origin);
  ASSIGN_OR_RETURN(const ledger::Entry entry,
                   view->state().EntryAt(before->index));
  const auto* issued = std::get_if<ledger::CertificateEntry>(&entry.body);
  if (issued == nullptr) return UsedForAnother(origin);
  ASSIGN_OR_RETURN(const BlockUpdates present,
                   blocks_.GetBlock(issued->block_id, 0));
  return Issued{.certificate = issued->certificate,
                .chain = issuer.chain,
                .issuer_id = issued->issuer_id,
                .serial = issued->serial,
                .updates = present.updates,
                .ledger_index = before->index,
                .repeated = true};
}

absl::StatusOr<uint64_t> Issuance::Epoch() const {
  ASSIGN_OR_RETURN(const auto view, ledger_.Read());
  return view->state().Epoch();
}

absl::StatusOr<Issued> Issuance::Issue(const IssueRequest& request) {
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(request.issuer));
  ASSIGN_OR_RETURN(const policy::Profile* profile,
                   ProfileOf(*issuer, request.profile));
  ASSIGN_OR_RETURN(const ledger::Origin origin,
                   MakeOrigin(request.asker, {"issue", issuer->issuer_id,
                                              profile->name, request.csr}));
  ASSIGN_OR_RETURN(std::optional<Issued> repeated, Repeated(*issuer, origin));
  if (repeated.has_value()) return *std::move(repeated);

  ASSIGN_OR_RETURN(const x509::Csr csr,
                   x509::ParseCsr(base::AsBytes(request.csr)));
  ASSIGN_OR_RETURN(const uint64_t epoch, Epoch());
  const std::string serial = NewSerial(epoch, random_);
  const uint32_t crl_shard = ShardForSerial(*issuer, serial);
  ASSIGN_OR_RETURN(const x509::CertificateFacts facts,
                   policy::BuildLeaf(*profile, csr, FactsOf(*issuer, crl_shard),
                                     serial, clock_.Now()));
  ASSIGN_OR_RETURN(const std::string der, Sign(*issuer, *profile, facts));

  ledger::CertificateEntry entry{
      .imported = false,
      .issuer_id = issuer->issuer_id,
      .serial = facts.serial,
      .not_after = facts.not_after,
      .crl_shard = crl_shard,
      .block_id = {},
      .place = 0,
      .block_capacity = 0,
      .lifetime_class = LifetimeClass(facts.not_after - facts.not_before),
      .profile = profile->name,
      .origin = origin,
      .certificate = der};
  uint64_t index = 0;
  bool raced = false;
  // The commit point. Before it nothing was promised; after it the certificate
  // exists, and a repeated request gets it.
  RETURN_IF_ERROR(ledger_.Execute([&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const auto before, tx.state().Request(origin));
    raced = before.has_value();
    if (raced) return absl::OkStatus();
    ASSIGN_OR_RETURN(
        const Place place,
        tx.state().NextPlace({.issuer_id = issuer->issuer_id,
                              .lifetime_class = entry.lifetime_class,
                              .imported = false,
                              .capacity = issuer->block_capacity},
                             tx.time()));
    entry.block_id = place.block_id;
    entry.place = place.place;
    entry.block_capacity = place.block_capacity;
    ASSIGN_OR_RETURN(index, tx.Append(entry));
    return absl::OkStatus();
  }));
  if (raced) {
    // The same request came twice at once; the other one was first.
    ASSIGN_OR_RETURN(repeated, Repeated(*issuer, origin));
    if (!repeated.has_value())
      return absl::InternalError("issue: a request disappeared");
    return *std::move(repeated);
  }
  // Its first OCSP record. If this fails the caller repeats the request.
  ASSIGN_OR_RETURN(BlockUpdates updates,
                   blocks_.SignPending(entry.block_id, index));
  return Issued{.certificate = der,
                .chain = issuer->chain,
                .issuer_id = issuer->issuer_id,
                .serial = facts.serial,
                .updates = std::move(updates.updates),
                .ledger_index = index,
                .repeated = false};
}

}  // namespace chancery::signer
