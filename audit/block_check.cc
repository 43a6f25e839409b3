#include "audit/block_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/parallel.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/delta.h"
#include "x509/certificate/extensions.h"

namespace chancery::audit {
namespace {

absl::Status Damaged(const absl::Status& why) {
  if (absl::IsFailedPrecondition(why)) return why;
  return absl::DataLossError(why.message());
}

CertificateStatus StatusOf(const block::RecordFacts& facts) {
  if (facts.status != block::RecordStatus::kRevoked) return {};
  return {.status = Status::kRevoked,
          .reason = static_cast<uint8_t>(facts.reason),
          .revoked_at = absl::ToUnixSeconds(facts.revocation_time)};
}

// A record does not tell a hold from a revocation with reason 6.
bool SaysTheSame(const CertificateStatus& record,
                 const CertificateStatus& ledger) {
  if (ledger.status == Status::kGood) return record.status == Status::kGood;
  return record.status == Status::kRevoked && record.reason == ledger.reason &&
         record.revoked_at == ledger.revoked_at;
}

// One block's records, against what the ledger says of them.
class RecordCheck {
 public:
  RecordCheck(const Replay& replay, const block::Block& block,
              Findings& findings)
      : table_(replay.certificates()),
        block_(block),
        manifest_(block.manifest()),
        issuer_id_(base::ToString(manifest_.issuer_id)),
        held_(replay.blocks().Find(base::ToString(manifest_.block_id))),
        findings_(findings) {}

  void Check(uint32_t place, std::vector<std::string>& unissued) {
    const block::RecordFacts facts = block_.Facts(place);
    const bool has_member = held_ != nullptr && place < held_->members.size();
    if (facts.status == block::RecordStatus::kEmpty) {
      if (has_member) CheckEmpty(place);
      return;
    }
    const auto number = table_.Find(issuer_id_, base::AsText(facts.serial));
    if (!number.has_value()) {
      findings_.Add(About(Kind::kRecordOfUnissued,
                          "a record is of a serial that was never issued",
                          place, facts.serial));
      unissued.push_back(base::ToString(facts.serial));
      return;
    }
    if (!has_member || held_->members[place] != *number) {
      findings_.Add(About(Kind::kRecordStatusDiffers,
                          "a record is not at its certificate's place", place,
                          facts.serial)
                        .With("expected",
                              static_cast<uint64_t>(table_.at(*number).place)));
      return;
    }
    const CertificateStatus expected =
        table_.At(*number, manifest_.ledger_size);
    const CertificateStatus found = StatusOf(facts);
    if (!SaysTheSame(found, expected)) {
      findings_.Add(About(Kind::kRecordStatusDiffers,
                          "a record has another status than the ledger", place,
                          facts.serial)
                        .With("expected", StatusText(expected))
                        .With("found", StatusText(found)));
    }
    CheckTimes(place, facts, table_.at(*number));
  }

 private:
  Finding About(Kind kind, std::string text, uint32_t place,
                base::Bytes serial) const {
    return Finding(kind, std::move(text))
        .With("serial", serial)
        .With("block", base::Bytes(manifest_.block_id))
        .With("version", manifest_.version)
        .With("place", static_cast<uint64_t>(place));
  }

  void CheckEmpty(uint32_t place) {
    const CertificateFacts& facts = table_.at(held_->members[place]);
    if (facts.not_after <= absl::ToUnixSeconds(manifest_.produced_at)) return;
    findings_.Add(About(Kind::kRecordMissing,
                        "a certificate that lives has no record", place,
                        facts.serial()));
  }

  // TRUST 2.8 and 5.
  void CheckTimes(uint32_t place, const block::RecordFacts& facts,
                  const CertificateFacts& certificate) {
    const bool good = facts.status == block::RecordStatus::kGood;
    if (facts.this_update <= manifest_.produced_at &&
        facts.next_update > facts.this_update &&
        (good || facts.revocation_time <= facts.this_update) &&
        (!good ||
         facts.next_update <= absl::FromUnixSeconds(certificate.not_after))) {
      return;
    }
    findings_.Add(About(Kind::kRecordTimesWrong,
                        "a record's times break TRUST 2.8 or 5", place,
                        facts.serial)
                      .With("this_update", facts.this_update)
                      .With("next_update", facts.next_update));
  }

  const CertificateTable& table_;
  const block::Block& block_;
  const block::Manifest& manifest_;
  const std::string issuer_id_;
  const AuditedBlock* const held_;
  Findings& findings_;
};

// The key whose signatures the responses of `one` must have. As a client, but
// at no particular time: a delegate that has expired is found with the times.
absl::StatusOr<crypto::PublicKey> SignerOf(const block::OcspTemplate& one,
                                           const x509::Certificate& issuer) {
  using block::CertIdForm;
  if (!base::Equal(one.key_hash(CertIdForm::kSha1),
                   issuer.public_key().KeyHashSha1())) {
    return absl::PermissionDeniedError("its template is of another issuer");
  }
  if (base::Equal(one.responder_key_hash(),
                  issuer.public_key().KeyHashSha1())) {
    return issuer.public_key();
  }
  for (const std::string& der : one.certificates()) {
    ASSIGN_OR_RETURN(const x509::Certificate delegate,
                     x509::Certificate::Parse(base::AsBytes(der)));
    if (!base::Equal(one.responder_key_hash(),
                     delegate.public_key().KeyHashSha1())) {
      continue;
    }
    RETURN_IF_ERROR(x509::CheckIssuedBy(delegate, issuer));
    for (const std::string& usage :
         delegate.facts().extensions.extended_key_usage) {
      if (usage == x509::kOcspSigning) return delegate.public_key();
    }
  }
  return absl::PermissionDeniedError(
      "its template names no signer that the issuer certified");
}

}  // namespace

absl::StatusOr<HeldBlock> RebuildBlock(const storage::BlockRow& row,
                                       const block::TemplateMap& templates) {
  HeldBlock held;
  const auto whole = block::Block::Parse(base::AsBytes(row.data), templates);
  if (!whole.ok()) return Damaged(whole.status());
  RETURN_IF_ERROR(whole->Check());
  held.versions.push_back({whole->signed_manifest(), whole->manifest()});
  held.block = std::make_shared<const block::Block>(*whole);
  for (const storage::DeltaRow& row_delta : row.deltas) {
    const auto delta = block::Delta::Parse(base::AsBytes(row_delta.data));
    if (!delta.ok()) return Damaged(delta.status());
    auto next = held.block->Apply(*delta);
    if (!next.ok()) {
      return absl::DataLossError(absl::StrCat("delta to version ",
                                              row_delta.version, ": ",
                                              next.status().message()));
    }
    held.versions.push_back({delta->signed_manifest, delta->manifest});
    held.block = std::make_shared<const block::Block>(*std::move(next));
  }
  if (!row.deltas.empty()) RETURN_IF_ERROR(held.block->Check());
  return held;
}

void CheckVersions(const Replay& replay, const PinnedKeys& keys,
                   const HeldBlock& held, Findings& findings) {
  for (const HeldBlock::Version& version : held.versions) {
    const block::Manifest& manifest = version.manifest;
    const AuditedBlock* const known =
        replay.blocks().Find(base::ToString(manifest.block_id));
    const ManifestRef* const ref =
        known == nullptr ? nullptr : known->Find(manifest.version);
    if (ref == nullptr ||
        ref->hash != ShortHash(version.signed_manifest.Hash())) {
      findings.Add(Finding(Kind::kBlockNotInLedger,
                           ref == nullptr
                               ? "the ledger has no manifest of this version"
                               : "the ledger has another manifest of this "
                                 "version")
                       .With("block", base::Bytes(manifest.block_id))
                       .With("version", manifest.version));
    }
    const absl::Status verified = keys.CheckManifest(
        version.signed_manifest, manifest.issuer_id, manifest.produced_at);
    if (!verified.ok()) {
      findings.Add(
          Finding(Kind::kManifestNotVerified, std::string(verified.message()))
              .With("block", base::Bytes(manifest.block_id))
              .With("version", manifest.version));
    }
  }
}

void CheckRecords(const Replay& replay, const block::Block& block,
                  Findings& findings, std::vector<std::string>& unissued) {
  RecordCheck check(replay, block, findings);
  for (uint32_t place = 0; place < block.count(); ++place) {
    check.Check(place, unissued);
  }
}

void CheckRecordSignatures(const block::Block& block,
                           const x509::Certificate& issuer, int threads,
                           Findings& findings) {
  for (size_t i = 0; i < block.templates().size(); ++i) {
    const block::OcspTemplate& one = *block.templates()[i];
    const auto signer = SignerOf(one, issuer);
    const auto wrong = [&](uint32_t place, const absl::Status& why,
                           Findings& found) {
      found.Add(Finding(Kind::kRecordSignatureWrong, std::string(why.message()))
                    .With("serial", block.Serial(place))
                    .With("block", base::Bytes(block.manifest().block_id))
                    .With("version", block.version())
                    .With("place", static_cast<uint64_t>(place)));
    };
    ForEachInParallel(
        block.count(), threads, findings, [&](size_t at, Findings& found) {
          const auto place = static_cast<uint32_t>(at);
          const block::RecordFacts facts = block.Facts(place);
          if (facts.status == block::RecordStatus::kEmpty) return;
          if (!signer.ok()) return wrong(place, signer.status(), found);
          std::string tbs;
          one.BuildTbs(facts, tbs);
          const std::string signature = one.Expand(block.Signature(place, i));
          const absl::Status verified = signer->Verify(
              one.algorithm(), base::AsBytes(tbs), base::AsBytes(signature));
          if (!verified.ok()) wrong(place, verified, found);
        });
  }
}

}  // namespace chancery::audit
