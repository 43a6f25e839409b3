#include "audit/replay.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "crypto/digest.h"

namespace chancery::audit {

void Replay::Take(base::Bytes bytes, Findings& findings) {
  const uint64_t index = frontier_.size();
  frontier_.Append(merkle::LeafHash(bytes));
  if (const auto watched = watched_.find(index + 1);
      watched != watched_.end()) {
    watched->second = frontier_.Root();
  }
  absl::StatusOr<ledger::Entry> entry = ledger::ParseEntry(bytes);
  if (!entry.ok() || entry->index != index) {
    findings.Add(Finding(Kind::kLedgerEntryUnreadable,
                         entry.ok() ? absl::StrCat("it says that it is entry ",
                                                   entry->index)
                                    : std::string(entry.status().message()))
                     .With("index", index));
    return;
  }
  if (entry->time < last_time_) {
    findings.Add(Finding(Kind::kLedgerTimeGoesBack,
                         "an entry was made before the one before it")
                     .With("index", index)
                     .With("expected", last_time_)
                     .With("found", entry->time));
  }
  last_time_ = std::max(last_time_, entry->time);
  std::visit([&](const auto& body) { Apply(body, *entry, findings); },
             entry->body);
}

std::optional<merkle::Hash> Replay::RootAt(uint64_t size) const {
  const auto watched = watched_.find(size);
  return watched == watched_.end() ? std::nullopt : watched->second;
}

Unverified Replay::TakeUnverified() { return std::exchange(unverified_, {}); }

void Replay::Apply(const ledger::CertificateEntry& made,
                   const ledger::Entry& entry, Findings& findings) {
  // TRUST 2.3: "One serial, one certificate".
  const auto known = certificates_.Find(made.issuer_id, made.serial);
  if (known.has_value()) {
    findings.Add(Finding(Kind::kSerialIssuedTwice,
                         "two entries have certificates with one serial")
                     .With("serial", base::AsBytes(made.serial))
                     .With("index", entry.index)
                     .With("first", certificates_.at(*known).issued_index));
    return;
  }
  issuers_.Take(made, entry.index, findings);
  const uint32_t issuer = certificates_.IssuerNumber(made.issuer_id);
  const uint32_t block = blocks_.BlockFor(made, entry.index, issuer, findings);
  const CertificateNumber number = certificates_.Add(
      {.not_after = absl::ToUnixSeconds(made.not_after),
       .issued_index = entry.index,
       .issued_at = absl::ToUnixSeconds(entry.time),
       .sha256 = crypto::Sha256(base::AsBytes(made.certificate)),
       .issuer = issuer,
       .block = block,
       .place = static_cast<uint32_t>(blocks_.blocks()[block].members.size()),
       .crl_shard = made.crl_shard},
      made.serial);
  blocks_.Join(block, number, entry.index, entry.time);
  unverified_.certificates.push_back({.der = made.certificate,
                                      .issuer_id = made.issuer_id,
                                      .serial = made.serial,
                                      .not_after = made.not_after,
                                      .index = entry.index});
}

void Replay::Apply(const ledger::StatusEntry& change,
                   const ledger::Entry& entry, Findings& findings) {
  const auto number = certificates_.Find(change.issuer_id, change.serial);
  if (!number.has_value()) {
    findings.Add(Finding(Kind::kStatusOfUnissued,
                         "an entry changes the status of a certificate that "
                         "was never issued")
                     .With("serial", base::AsBytes(change.serial))
                     .With("index", entry.index));
    return;
  }
  const CertificateStatus before = certificates_.Now(*number);
  const CertificateStatus after = StatusOf(change);
  if (const auto broken = CheckChange(before, change, entry.time)) {
    findings.Add(Finding(broken->unrevoked ? Kind::kUnrevoked
                                           : Kind::kStatusChangeNotAllowed,
                         broken->rule)
                     .With("serial", base::AsBytes(change.serial))
                     .With("index", entry.index)
                     .With("before", StatusText(before))
                     .With("found", StatusText(after)));
    // What was revoked stays so here: whatever follows from the entry is wrong.
    if (broken->unrevoked) return;
  }
  certificates_.Change(*number, after, entry.index);
  const CertificateFacts& facts = certificates_.at(*number);
  blocks_.Touch(facts.block, facts.place, entry.index, entry.time);
  crls_.Change(*number, entry.index, entry.time);
}

void Replay::Apply(const ledger::ManifestEntry& manifest,
                   const ledger::Entry& entry, Findings& findings) {
  auto unverified = blocks_.Take(manifest, entry.index, entry.time, findings);
  if (unverified.has_value()) {
    unverified_.manifests.push_back(*std::move(unverified));
  }
}

void Replay::Apply(const ledger::CrlEntry& crl, const ledger::Entry& entry,
                   Findings& findings) {
  crls_.Take(crl, certificates_.IssuerNumber(crl.issuer_id), entry.index,
             entry.time, findings);
}

void Replay::Apply(const ledger::IssuerEntry& issuer,
                   const ledger::Entry& entry, Findings& findings) {
  issuers_.Take(issuer, entry.index, findings);
}

}  // namespace chancery::audit
