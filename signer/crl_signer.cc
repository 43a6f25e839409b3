#include "signer/crl_signer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "policy/crl_lints.h"
#include "signer/crl_shard.h"
#include "signer/schedule.h"
#include "x509/certificate/certificate.h"
#include "x509/crl/crl.h"

namespace chancery::signer {
namespace {

// What one CRL says, from one snapshot (TRUST 2.7). Owns the serials.
struct Reading {
  std::vector<RevokedCertificate> revoked;
  std::optional<CrlState> before;
  uint64_t ledger_size = 0;
  absl::Time this_update;
};

absl::StatusOr<Reading> ReadScope(const Ledger& ledger, const Issuer& issuer,
                                  uint32_t shard) {
  ASSIGN_OR_RETURN(const auto view, ledger.Read());
  Reading reading;
  RETURN_IF_ERROR(view->state().RevokedCertificates(
      issuer.issuer_id, shard, [&](const RevokedCertificate& certificate) {
        reading.revoked.push_back(certificate);
        return absl::OkStatus();
      }));
  ASSIGN_OR_RETURN(reading.before, view->state().Crl(issuer.issuer_id, shard));
  reading.ledger_size = view->head().size;
  reading.this_update =
      absl::FromUnixSeconds(absl::ToUnixSeconds(view->time()));
  return reading;
}

// The finished bytes are read back, linted (TRUST 2.5) and compared with what
// was meant.
absl::Status CheckCrl(const Issuer& issuer, const Reading& reading,
                      const x509::CrlFacts& facts, const std::string& der) {
  const auto wrong = [](const char* rule) {
    return absl::InternalError(absl::StrCat("CRL: ", rule));
  };
  ASSIGN_OR_RETURN(const x509::Certificate ca,
                   x509::Certificate::Parse(base::AsBytes(issuer.certificate)));
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(base::AsBytes(der)));
  RETURN_IF_ERROR(policy::LintCrl(
      crl, {.issuer = ca,
            .now = reading.this_update,
            .previous_number =
                reading.before.has_value() ? reading.before->number : 0,
            .br = issuer.br(),
            .distribution_point = facts.distribution_point}));
  if (crl.number != facts.number)
    return wrong("cRLNumber is not the one that was allocated");
  size_t at = 0;
  RETURN_IF_ERROR(
      x509::ForEachEntry(crl, [&](const x509::CrlEntry& entry) -> absl::Status {
        if (at == reading.revoked.size()) return wrong("an entry too many");
        const RevokedCertificate& meant = reading.revoked[at++];
        if (base::ToString(entry.serial) != meant.serial ||
            entry.reason != meant.reason ||
            entry.revocation_time != meant.revoked_at) {
          return wrong("an entry is not what the ledger says");
        }
        return absl::OkStatus();
      }));
  if (at != reading.revoked.size())
    return wrong("an entry is missing (TRUST 2.7)");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SignedCrl> CrlSigner::SignCrl(const std::string& issuer_name,
                                             uint32_t shard) {
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(issuer_name));
  if (shard >= issuer->crl_shards) {
    return absl::NotFoundError(
        absl::StrCat("shard: ", shard, ": issuer \"", issuer_name, "\" has ",
                     issuer->crl_shards, ", which begin with 0"));
  }
  base::MutexLock lock(mu_);
  Reading reading;
  while (true) {
    ASSIGN_OR_RETURN(reading, ReadScope(ledger_, *issuer, shard));
    if (!reading.before.has_value() ||
        reading.before->this_update < reading.this_update)
      break;
    // TRUST 2.8: a second later than what it replaces.
    wait_until_(reading.before->this_update + absl::Seconds(1));
  }
  const uint64_t previous =
      reading.before.has_value() ? reading.before->number : 0;
  const x509::CrlFacts facts{
      .issuer = base::AsBytes(issuer->subject),
      .this_update = reading.this_update,
      .next_update = std::min(
          reading.this_update + issuer->crl_validity - absl::Seconds(1),
          issuer->not_after),
      .authority_key_identifier = base::AsBytes(issuer->subject_key_identifier),
      .number = std::max(previous + 1, static_cast<uint64_t>(
                                           absl::ToUnixMicros(clock_.Now()))),
      .distribution_point =
          issuer->crl_shards > 1 ? CrlUrl(*issuer, shard) : ""};
  std::vector<x509::CrlEntry> entries;
  entries.reserve(reading.revoked.size());
  for (const RevokedCertificate& certificate : reading.revoked) {
    entries.push_back({.serial = base::AsBytes(certificate.serial),
                       .revocation_time = certificate.revoked_at,
                       .reason = certificate.reason});
  }
  ASSIGN_OR_RETURN(std::string der,
                   x509::SignCrl(facts, entries, *issuer->key));
  RETURN_IF_ERROR(CheckCrl(*issuer, reading, facts, der));
  // In the ledger, with its bytes, before it leaves.
  RETURN_IF_ERROR(ledger_.Execute([&](Transaction& tx) -> absl::Status {
    return tx
        .AppendCrl({.issuer_id = issuer->issuer_id,
                    .shard = shard,
                    .kind = ledger::CrlKind::kFull,
                    .number = facts.number,
                    .this_update = facts.this_update,
                    .next_update = facts.next_update,
                    .ledger_size = reading.ledger_size,
                    .revoked_count = entries.size(),
                    .crl_sha256 = {}},
                   der)
        .status();
  }));
  return SignedCrl{
      .issuer_id = issuer->issuer_id,
      .number = facts.number,
      .this_update = facts.this_update,
      .next_update = facts.next_update,
      .refresh_at = facts.this_update + CrlRefreshAfter(issuer->crl_validity),
      .entries = entries.size(),
      .ledger_size = reading.ledger_size,
      .der = std::move(der)};
}

}  // namespace chancery::signer
