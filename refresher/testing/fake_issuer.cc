#include "refresher/testing/fake_issuer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"

namespace chancery::refresher::testing {
namespace {

constexpr absl::Duration kBlockLifetime = absl::Hours(96);

}  // namespace

absl::Time WholeSeconds(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

FakeIssuer::FakeIssuer(const base::Clock& clock)
    : clock_(clock),
      key_(*crypto::GenerateKey({.type = crypto::KeyType::kEcP256})),
      manifest_key_(*crypto::GenerateKey({.type = crypto::KeyType::kEcP256})),
      subject_(*x509::EncodeName({{"O", "Test"}, {"CN", "Issuing"}})) {
  x509::CertificateFacts facts;
  facts.serial = "\x7f";
  facts.issuer = facts.subject = subject_;
  facts.not_before = WholeSeconds(clock.Now()) - absl::Hours(1);
  facts.not_after = facts.not_before + absl::Hours(24 * 3650);
  facts.public_key = base::ToString(key_->public_key().spki());
  facts.extensions.is_ca = true;
  listed_.name = "issuing";
  listed_.certificate = *x509::SignCertificate(facts, *key_);
  listed_.issuer_id = base::ToString(
      x509::Certificate::Parse(base::AsBytes(listed_.certificate))->IssuerId());
  listed_.chain = {listed_.certificate};
  listed_.profiles = {"server"};
  templates_.push_back(
      std::make_shared<const block::OcspTemplate>(*block::OcspTemplate::Create(
          block::CertIdForm::kSha1, base::AsBytes(subject_), key_->public_key(),
          key_->public_key(), key_->algorithm(), {})));
}

std::vector<std::string> FakeIssuer::templates() const {
  return {templates_[0]->encoded()};
}

FakeIssuer::Member FakeIssuer::Certify(uint64_t number) const {
  Member member;
  member.serial = absl::StrCat("\x01serial", number);
  x509::CertificateFacts facts;
  facts.serial = member.serial;
  facts.issuer = subject_;
  facts.subject = *x509::EncodeName({{"CN", absl::StrCat("host", number)}});
  facts.not_before = WholeSeconds(clock_.Now());
  facts.not_after = facts.not_before + absl::Hours(24 * 90);
  facts.public_key = base::ToString(key_->public_key().spki());
  facts.extensions.alt_names = {
      {.value = absl::StrCat("host", number, ".test")}};
  member.der = *x509::SignCertificate(facts, *key_);
  member.not_after = facts.not_after;
  return member;
}

block::Record FakeIssuer::SignRecord(const Member& member) const {
  block::Record record{.status = member.revoked ? block::RecordStatus::kRevoked
                                                : block::RecordStatus::kGood,
                       .serial = member.serial};
  if (member.revoked) {
    record.revocation_time = member.revoked_at;
    record.reason = member.reason;
  }
  record.this_update = WholeSeconds(clock_.Now());
  record.next_update = record.this_update + kBlockLifetime - absl::Seconds(1);
  std::string tbs;
  templates_[0]->BuildTbs(record.facts(), tbs);
  const std::string signature = *key_->Sign(base::AsBytes(tbs));
  record.signatures = {*templates_[0]->Compact(base::AsBytes(signature))};
  return record;
}

block::Manifest FakeIssuer::NextFacts(const std::string& block_id,
                                      const block::Block* before,
                                      uint64_t ledger_size) const {
  block::Manifest facts;
  facts.block_id = *block::ToBlockId(block_id);
  std::memcpy(facts.issuer_id.data(), listed_.issuer_id.data(),
              facts.issuer_id.size());
  const auto micros = static_cast<uint64_t>(absl::ToUnixMicros(clock_.Now()));
  facts.version =
      before == nullptr ? micros : std::max(before->version() + 1, micros);
  facts.capacity = kCapacity;
  facts.this_update = WholeSeconds(clock_.Now());
  facts.next_update = facts.this_update + kBlockLifetime - absl::Seconds(1);
  facts.refresh_at = facts.this_update + kBlockLifetime / 2;
  facts.produced_at = facts.this_update;
  facts.ledger_size = ledger_size;
  return facts;
}

block::Block FakeIssuer::SignWhole(const std::string& block_id,
                                   const block::Block* before,
                                   const std::vector<Member>& members,
                                   uint64_t ledger_size) const {
  std::vector<block::Record> records;
  for (const Member& member : members) records.push_back(SignRecord(member));
  return *block::SignWhole(NextFacts(block_id, before, ledger_size), templates_,
                           records, *manifest_key_);
}

block::SignedDelta FakeIssuer::SignDelta(const std::string& block_id,
                                         const block::Block& before,
                                         const std::vector<Member>& members,
                                         const std::set<uint32_t>& changed,
                                         uint64_t ledger_size) const {
  std::vector<block::Change> changes;
  for (const uint32_t place : changed) {
    changes.push_back({place, SignRecord(members[place])});
  }
  return *block::SignDelta(before, NextFacts(block_id, &before, ledger_size),
                           std::move(changes), *manifest_key_);
}

}  // namespace chancery::refresher::testing
