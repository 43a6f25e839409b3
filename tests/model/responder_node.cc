#include "tests/model/responder_node.h"

#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "responder/freshness.h"
#include "responder/testing/memory_file.h"
#include "x509/ocsp/response.h"

namespace chancery::model {
namespace {

absl::Status Away() { return absl::UnavailableError("the responder is away"); }

refresher::HeadStanding ToStanding(const responder::HeadStatus& from) {
  return {.met = from.met,
          .reflected_size = from.reflected_size,
          .blocks_behind = from.blocks_behind,
          .ready = from.ready};
}

}  // namespace

ResponderNode::ResponderNode(Options options,
                             const signer::testing::TestPki& pki,
                             const base::testing::FakeClock& clock,
                             const rpc::Log& log, Dice& dice, Checker& checker)
    : number_(options.number),
      pki_(pki),
      clock_(clock),
      log_(log),
      dice_(dice),
      checker_(checker),
      samples_(static_cast<uint64_t>(options.number)),
      keys_(pki.KeySet()),
      issuers_(*responder::PinnedIssuers::Create(*keys_.Now())),
      verifier_(keys_, issuers_, samples_),
      crl_folder_(
          *responder::CrlFolder::Open(options.folder, /*descriptors=*/100)) {
  crl_folder_.RemoveOthers({});
  Start();
}

void ResponderNode::Start() {
  parts_ = std::make_unique<Parts>(issuers_, verifier_, keys_, store_,
                                   crl_folder_, clock_, log_);
  parts_->blocks.Load();
  parts_->crls.Load();
  parts_->heads.Load();
}

void ResponderNode::Wipe() {
  Kill();
  (void)store_.Clear();
  crl_folder_.RemoveOthers({});
  checker_.Wiped(number_);
  Start();
}

Answer ResponderNode::Ask(const std::string& serial,
                          x509::CertIdHash hash) const {
  parts_->heads.Tick();
  Answer held = Find(parts_->source, serial, hash);
  const bool current = responder::IsCurrent({.this_update = held.this_update,
                                             .next_update = held.next_update,
                                             .refresh_at = held.next_update},
                                            clock_.Now());
  return current ? held : Answer();
}

Answer ResponderNode::Find(const responder::OcspSource& source,
                           const std::string& serial,
                           x509::CertIdHash hash) const {
  const base::Bytes subject = base::AsBytes(pki_.issuer().subject);
  const crypto::PublicKey& key = pki_.key()->public_key();
  x509::CertId id;
  id.hash = hash;
  id.serial = base::AsBytes(serial);
  const crypto::Sha1Digest name1 = crypto::Sha1(subject);
  const crypto::Sha1Digest key1 = key.KeyHashSha1();
  const crypto::Sha256Digest name256 = crypto::Sha256(subject);
  const crypto::Sha256Digest key256 = key.KeyHashSha256();
  id.name_hash = hash == x509::CertIdHash::kSha1 ? base::Bytes(name1)
                                                 : base::Bytes(name256);
  id.key_hash =
      hash == x509::CertIdHash::kSha1 ? base::Bytes(key1) : base::Bytes(key256);
  Answer answer;
  std::string der;
  responder::FoundOcsp found;
  if (source.Find(id, der, found) != responder::OcspSource::Result::kFound) {
    return answer;
  }
  const auto response = x509::ParseOcspResponse(base::AsBytes(der));
  if (!response.ok() || response->responses.size() != 1) {
    checker_.Fail("a responder serves what does not parse");
    return answer;
  }
  const x509::SingleResponse& single = response->responses.front();
  answer.kind = single.status == x509::SingleResponse::Status::kRevoked
                    ? Answer::Kind::kRevoked
                    : Answer::Kind::kGood;
  answer.reason = single.reason.value_or(0);
  answer.revoked_at = single.revocation_time;
  answer.this_update = single.this_update;
  answer.next_update = *single.next_update;
  answer.der = std::move(der);
  return answer;
}

Answer ResponderNode::Look(const std::string& serial) {
  Answer answer = Ask(serial, x509::CertIdHash::kSha256);
  const Answer other = Ask(serial, x509::CertIdHash::kSha1);
  if (answer.kind != other.kind || answer.this_update != other.this_update) {
    checker_.Fail("a responder answers SHA-1 and SHA-256 differently");
  }
  checker_.SeeAnswer(number_, serial, answer, clock_.Now());
  const auto met = parts_->heads.standing().met;
  checker_.SeeStanding(
      {.responder = number_,
       .met = met.has_value() ? met->time : absl::InfinitePast(),
       .ready = parts_->heads.Ready().ok(),
       .may_answer = parts_->heads.may_answer()},
      serial, answer, clock_.Now());
  return answer;
}

responder::BlockOutcome ResponderNode::Apply(const block::Update& update) {
  const uint64_t before = VersionOf(update.block_id);
  responder::BlockOutcome outcome = parts_->replica.Apply(update);
  if (outcome.accepted && update.version > before) {
    checker_.SeeTaken(number_, update);
  }
  return outcome;
}

absl::StatusOr<responder::HeadStatus> ResponderNode::PutHead(
    const block::SignedHead& head) {
  auto status = parts_->replica.PutHead(head);
  if (status.ok()) checker_.SeeTaken(number_, head);
  return status;
}

uint64_t ResponderNode::VersionOf(const std::string& block_id) const {
  const auto versions = parts_->blocks.Versions();
  const auto found = versions.find(*block::ToBlockId(block_id));
  return found == versions.end() ? 0 : found->second;
}

std::string ResponderNode::Crl() const {
  const auto crl = parts_->crls.Find(pki_.issuer().name);
  if (crl == nullptr || !responder::IsCurrent(crl->times, clock_.Now())) {
    return "";
  }
  return responder::testing::ReadPart(crl->plain.file->Open()->get(), 0,
                                      crl->plain.size);
}

void ResponderNode::DeliverLate() {
  if (!late_heads_.empty() && dice_.Chance(50)) {
    const size_t at = dice_.Below(late_heads_.size());
    const block::SignedHead head = late_heads_[at];
    late_heads_.erase(late_heads_.begin() + static_cast<ptrdiff_t>(at));
    if (running()) (void)PutHead(head);
  }
  if (late_.empty()) return;
  const size_t at = dice_.Below(late_.size());
  const block::Update update = late_[at];
  late_.erase(late_.begin() + static_cast<ptrdiff_t>(at));
  if (running()) (void)Apply(update);
}

void ResponderNode::DeliverAllLate() {
  for (; !late_heads_.empty(); late_heads_.pop_back()) {
    (void)PutHead(late_heads_.back());
  }
  for (; !late_.empty(); late_.pop_back()) (void)Apply(late_.back());
}

absl::StatusOr<refresher::HeldVersions> ResponderLink::GetVersions() {
  return network_.Call([&]() -> absl::StatusOr<refresher::HeldVersions> {
    if (!responder_.running()) return Away();
    refresher::HeldVersions held;
    for (const responder::HeldBlock& block : responder_.replica().Blocks()) {
      held.blocks[block.block_id] = block.version;
    }
    for (const responder::HeldCrl& crl : responder_.replica().Crls()) {
      held.crls[{crl.issuer_id, crl.shard, crl.is_delta}] = crl.number;
    }
    return held;
  });
}

absl::StatusOr<std::vector<refresher::ApplyResult>> ResponderLink::Apply(
    const std::vector<block::Update>& updates) {
  if (dice_.Chance(5)) {
    for (const block::Update& update : updates) responder_.Delay(update);
    if (dice_.Chance(50)) return absl::UnavailableError("it comes late");
  }
  return network_.Call(
      [&]() -> absl::StatusOr<std::vector<refresher::ApplyResult>> {
        if (!responder_.running()) return Away();
        std::vector<refresher::ApplyResult> out;
        for (const block::Update& update : updates) {
          if (responder_.Withholds(update)) {
            out.push_back({.block_id = update.block_id,
                           .version = update.version,
                           .accepted = true});
            continue;
          }
          responder::BlockOutcome outcome = responder_.Apply(update);
          out.push_back({.block_id = update.block_id,
                         .version = outcome.version,
                         .accepted = outcome.accepted,
                         .detail = std::move(outcome.detail)});
        }
        return out;
      });
}

absl::StatusOr<uint64_t> ResponderLink::PutCrl(const storage::CrlRow& crl,
                                               storage::CrlPieces pieces) {
  return network_.Call([&]() -> absl::StatusOr<uint64_t> {
    if (!responder_.running()) return Away();
    std::optional<std::string> piece;
    return responder_.replica().PutCrl(
        {.issuer_id = crl.issuer_id,
         .shard = crl.shard,
         .number = crl.number,
         .is_delta = crl.is_delta},
        [&]() -> absl::StatusOr<std::optional<base::Bytes>> {
          ASSIGN_OR_RETURN(piece, pieces());
          if (!piece.has_value()) return std::nullopt;
          return base::AsBytes(*piece);
        });
  });
}

absl::StatusOr<refresher::HeadStanding> ResponderLink::PutHead(
    const block::SignedHead& head) {
  if (dice_.Chance(10)) {
    responder_.Delay(head);
    if (dice_.Chance(50)) return absl::UnavailableError("it comes late");
  }
  return network_.Call([&]() -> absl::StatusOr<refresher::HeadStanding> {
    if (!responder_.running()) return Away();
    ASSIGN_OR_RETURN(const responder::HeadStatus status,
                     responder_.PutHead(head));
    return ToStanding(status);
  });
}

absl::StatusOr<refresher::ResponderStatus> ResponderLink::GetStatus() {
  return network_.Call([&]() -> absl::StatusOr<refresher::ResponderStatus> {
    if (!responder_.running()) return Away();
    const responder::ReplicaStatus status = responder_.replica().Status();
    return refresher::ResponderStatus{.blocks = status.blocks,
                                      .certificates = status.certificates,
                                      .newest_version = status.newest_version,
                                      .crls = status.crls,
                                      .head = ToStanding(status.head)};
  });
}

}  // namespace chancery::model
