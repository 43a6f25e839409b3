#include "audit/crl_check.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "x509/certificate/certificate.h"
#include "x509/crl/crl.h"

namespace chancery::audit {
namespace {

// RFC 5280 section 5.3.1: only in deltas.
constexpr int kRemoveFromCrl = 8;

class Check {
 public:
  Check(const Replay& replay, const CrlToCheck& asked, Findings& findings)
      : table_(replay.certificates()),
        replay_(replay),
        asked_(asked),
        findings_(findings) {}

  void Run(const x509::Crl& crl, const PinnedKeys::Issuer& issuer) {
    number_ = crl.number.value_or(0);
    if (!base::Equal(crl.issuer,
                     base::AsBytes(issuer.certificate.facts().subject)) ||
        !x509::VerifyCrl(crl, issuer.certificate.public_key()).ok()) {
      Add(Kind::kCrlSignatureWrong, "a CRL is not signed by its issuer");
    }
    if (crl.next_update <= asked_.now) {
      findings_.Add(About(Kind::kCrlExpired, "a CRL's nextUpdate has passed")
                        .With("found", crl.next_update));
    }
    FindScope();
    CheckScope(crl);
    FindInLedger();
    if (asked_.is_delta) FindBase(crl.base_number.value_or(0));
    CompareEntries(crl);
    if (asked_.is_delta) {
      FindMissingOfDelta(absl::ToUnixSeconds(crl.this_update));
    } else {
      FindMissing();
    }
  }

 private:
  Finding About(Kind kind, std::string text) const {
    return Finding(kind, std::move(text))
        .With("where", asked_.where)
        .With("issuer", base::AsBytes(asked_.issuer_id))
        .With("shard", static_cast<uint64_t>(asked_.shard))
        .With("number", number_);
  }
  void Add(Kind kind, std::string text) {
    findings_.Add(About(kind, std::move(text)));
  }

  // The issuer's number; none if the ledger has no certificate of it.
  void FindScope() {
    for (const auto& [scope, crls] : replay_.crls().scopes()) {
      if (table_.issuer_id(scope.first) == asked_.issuer_id &&
          scope.second == asked_.shard) {
        scope_ = &crls;
      }
    }
  }

  // A shard says which it is, in the very bytes that its certificates have
  // (RFC 5280 section 5.2.5); a CRL that is not divided covers everything.
  void CheckScope(const x509::Crl& crl) {
    const IssuerBook& issuers = replay_.issuers();
    if (crl.is_delta != asked_.is_delta) {
      Add(Kind::kCrlScopeWrong,
          "a delta CRL is where a full one should be, or "
          "the reverse");
    }
    if (issuers.ShardsOf(asked_.issuer_id) == 1) {
      if (crl.distribution_point.has_value()) {
        Add(Kind::kCrlScopeWrong,
            "a CRL says that it is a shard, and its issuer is not divided");
      }
      return;
    }
    if (!crl.distribution_point_url.has_value()) {
      Add(Kind::kCrlScopeWrong, "a shard does not say which one it is");
      return;
    }
    const auto sample = x509::Certificate::Parse(
        base::AsBytes(issuers.SampleOf(asked_.issuer_id, asked_.shard)));
    if (!sample.ok()) return;  // Nobody is in it.
    const std::string found = base::ToString(*crl.distribution_point_url);
    const auto& urls = sample->facts().extensions.crl_urls;
    if (std::find(urls.begin(), urls.end(), found) != urls.end()) return;
    findings_.Add(About(Kind::kCrlScopeWrong,
                        "a shard says another URL than its certificates")
                      .With("expected", urls.empty() ? "none" : urls.front())
                      .With("found", found));
  }

  void FindInLedger() {
    reflected_ = replay_.size();
    const CrlRef* const ref =
        scope_ == nullptr ? nullptr : scope_->Find(number_);
    if (ref == nullptr) {
      Add(Kind::kCrlNotInLedger, "the ledger has no CRL of this number");
      return;
    }
    reflected_ = ref->ledger_size;
    if ((ref->kind == ledger::CrlKind::kDelta) != asked_.is_delta) {
      Add(Kind::kCrlNotInLedger, "the ledger has this number of another kind");
    }
    const std::string sha256 = base::ToString(crypto::Sha256(asked_.der));
    if (sha256 != ref->sha256) {
      findings_.Add(About(Kind::kCrlNotInLedger,
                          "the ledger has another CRL of this number")
                        .With("index", ref->index)
                        .With("expected", base::AsBytes(ref->sha256))
                        .With("found", base::AsBytes(sha256)));
    }
  }

  // Of a delta: the full CRL that it adds to.
  void FindBase(uint64_t number) {
    const CrlRef* const base =
        scope_ == nullptr ? nullptr : scope_->Find(number);
    if (base != nullptr && base->kind == ledger::CrlKind::kFull &&
        number < number_) {
      base_reflected_ = base->ledger_size;
      return;
    }
    findings_.Add(About(Kind::kCrlNotInLedger,
                        "the ledger has no full CRL that a delta says it adds "
                        "to")
                      .With("base", number));
  }

  void CompareEntries(const x509::Crl& crl) {
    named_.assign(table_.size(), false);
    const absl::Status read =
        x509::ForEachEntry(crl, [&](const x509::CrlEntry& entry) {
          CompareEntry(entry);
          return absl::OkStatus();
        });
    if (!read.ok()) Add(Kind::kCrlDamaged, std::string(read.message()));
  }

  void CompareEntry(const x509::CrlEntry& entry) {
    const auto number =
        table_.Find(asked_.issuer_id, base::AsText(entry.serial));
    if (!number.has_value() || table_.at(*number).crl_shard != asked_.shard) {
      findings_.Add(About(Kind::kCrlEntryExtra,
                          number.has_value()
                              ? "a CRL names a certificate of another shard"
                              : "a CRL names a serial that was never issued")
                        .With("serial", entry.serial));
      return;
    }
    named_[*number] = true;
    const CertificateStatus expected = table_.At(*number, reflected_);
    const CertificateStatus found = {
        .status =
            expected.status == Status::kHeld ? Status::kHeld : Status::kRevoked,
        .reason = static_cast<uint8_t>(entry.reason),
        .revoked_at = absl::ToUnixSeconds(entry.revocation_time)};
    if (asked_.is_delta && entry.reason == kRemoveFromCrl) {
      if (expected.status == Status::kGood) return;
      findings_.Add(About(Kind::kCrlEntryDiffers,
                          "a delta CRL takes off a certificate that is revoked")
                        .With("serial", entry.serial)
                        .With("expected", StatusText(expected)));
    } else if (expected.status == Status::kGood) {
      findings_.Add(About(Kind::kCrlEntryExtra,
                          "a CRL names a certificate that is not revoked")
                        .With("serial", entry.serial)
                        .With("found", StatusText(found)));
    } else if (found != expected) {
      findings_.Add(About(Kind::kCrlEntryDiffers,
                          "a CRL has another reason or date than the ledger")
                        .With("serial", entry.serial)
                        .With("expected", StatusText(expected))
                        .With("found", StatusText(found)));
    }
  }

  // What changed since the base, and lives.
  void FindMissingOfDelta(int64_t this_update) {
    for (const CertificateNumber number : table_.changed()) {
      const CertificateFacts& facts = table_.at(number);
      if (named_[number] || facts.crl_shard != asked_.shard ||
          table_.issuer_id(facts.issuer) != asked_.issuer_id ||
          facts.not_after <= this_update) {
        continue;
      }
      const CertificateStatus expected = table_.At(number, reflected_);
      const CertificateStatus before = table_.At(number, base_reflected_);
      if (expected == before) continue;
      findings_.Add(About(Kind::kCrlEntryMissing,
                          "a delta CRL leaves out what changed since its base")
                        .With("serial", facts.serial())
                        .With("index", table_.ChangedIndex(number, reflected_))
                        .With("expected", StatusText(expected)));
    }
  }

  void FindMissing() {
    const CrlRef* const before =
        scope_ == nullptr ? nullptr
                          : scope_->Before(number_, ledger::CrlKind::kFull);
    for (const CertificateNumber number : table_.changed()) {
      const CertificateFacts& facts = table_.at(number);
      if (named_[number] || facts.crl_shard != asked_.shard ||
          table_.issuer_id(facts.issuer) != asked_.issuer_id) {
        continue;
      }
      const CertificateStatus expected = table_.At(number, reflected_);
      if (expected.status == Status::kGood) continue;
      // RFC 5280 section 3.3: "An entry MUST NOT be removed from the CRL until
      // it appears on one regularly scheduled CRL issued beyond the revoked
      // certificate's validity period."
      if (before != nullptr && before->this_update > facts.not_after &&
          table_.ChangedIndex(number, reflected_) < before->ledger_size) {
        continue;
      }
      findings_.Add(About(Kind::kCrlEntryMissing,
                          "a CRL does not name a certificate that is revoked")
                        .With("serial", facts.serial())
                        .With("index", table_.ChangedIndex(number, reflected_))
                        .With("expected", StatusText(expected)));
    }
  }

  const CertificateTable& table_;
  const Replay& replay_;
  const CrlToCheck& asked_;
  Findings& findings_;
  const AuditedCrls* scope_ = nullptr;
  uint64_t number_ = 0;
  uint64_t reflected_ = 0;       // Entries before this are in the CRL.
  uint64_t base_reflected_ = 0;  // The same of a delta's base.
  std::vector<bool> named_;
};

}  // namespace

uint64_t CheckCrl(const Replay& replay, const PinnedKeys& keys,
                  const CrlToCheck& asked, Findings& findings) {
  const auto crl = x509::ParseCrl(asked.der);
  const PinnedKeys::Issuer* const issuer = keys.Find(asked.issuer_id);
  if (!crl.ok() || issuer == nullptr) {
    findings.Add(Finding(Kind::kCrlDamaged,
                         crl.ok() ? "its issuer is not in the key set"
                                  : std::string(crl.status().message()))
                     .With("where", asked.where)
                     .With("issuer", base::AsBytes(asked.issuer_id))
                     .With("shard", static_cast<uint64_t>(asked.shard)));
    return 0;
  }
  Check(replay, asked, findings).Run(*crl, *issuer);
  return crl->number.value_or(0);
}

}  // namespace chancery::audit
