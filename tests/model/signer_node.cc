#include "tests/model/signer_node.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "crypto/signing_key.h"
#include "signer/standing.h"

namespace chancery::model {
namespace {

constexpr char kAuthority[] = "spiffe://model/authority/1";

absl::Status Away() { return absl::UnavailableError("the signer is away"); }

signer::Asker From(const std::string& requester, const std::string& id) {
  return {.caller_uri = kAuthority, .requester = requester, .request_id = id};
}

authority::SignerStatus ToStatus(signer::Revoked from) {
  authority::SignerStatus out;
  out.status = {.issuer_id = from.issuer_id,
                .serial = from.serial,
                .status = storage::CertificateStatus::kGood,
                .reason = 0,
                .revoked_at = absl::UnixEpoch(),
                .ledger_index = from.ledger_index};
  if (from.revoked) {
    out.status.status = from.reason == 6 ? storage::CertificateStatus::kHeld
                                         : storage::CertificateStatus::kRevoked;
    out.status.reason = from.reason;
    out.status.revoked_at = from.revoked_at;
  }
  out.updates = std::move(from.updates);
  return out;
}

}  // namespace

// Signs as the key does, if there is a hook after that, and notes who signs
// what it must not.
class SignerNode::WatchedKey final : public crypto::SigningKey {
 public:
  WatchedKey(std::shared_ptr<const crypto::SigningKey> key, SignerNode& node,
             bool hooks)
      : key_(std::move(key)), node_(node), hooks_(hooks) {}

  const crypto::PublicKey& public_key() const override {
    return key_->public_key();
  }
  crypto::SignatureAlgorithm algorithm() const override {
    return key_->algorithm();
  }
  absl::StatusOr<std::string> Sign(base::Bytes message) const override {
    node_.Watch();
    std::function<void()> hook;
    if (hooks_) {
      base::MutexLock lock(node_.mu_);
      hook.swap(node_.hook_);
    }
    if (hook) hook();
    return key_->Sign(message);
  }

 private:
  const std::shared_ptr<const crypto::SigningKey> key_;
  SignerNode& node_;
  const bool hooks_;
};

namespace {

class WholeDownload final : public refresher::CrlDownload {
 public:
  WholeDownload(refresher::SignedCrl facts, std::string der)
      : facts_(std::move(facts)), rest_(std::move(der)) {}

  const refresher::SignedCrl& facts() const override { return facts_; }
  absl::StatusOr<std::optional<std::string>> Next() override {
    return std::exchange(rest_, std::nullopt);
  }

 private:
  const refresher::SignedCrl facts_;
  std::optional<std::string> rest_;
};

std::vector<signer::Issuer> With(
    signer::Issuer issuer, std::shared_ptr<const crypto::SigningKey> key,
    std::shared_ptr<const crypto::SigningKey> ocsp_key) {
  issuer.key = std::move(key);
  issuer.ocsp_key = std::move(ocsp_key);
  return {std::move(issuer)};
}

}  // namespace

SignerNode::SignerNode(Options options, const signer::testing::TestPki& pki,
                       base::testing::FakeClock& clock, Dice& dice,
                       Checker& checker)
    : checker_(checker),
      options_(std::move(options)),
      issuer_id_(pki.issuer().issuer_id),
      ledger_{.rows = {}, .first_start = options_.ledger.first_start},
      key_(std::make_shared<WatchedKey>(pki.issuer().key, *this, true)),
      ocsp_key_(
          std::make_shared<WatchedKey>(pki.issuer().ocsp_key, *this, true)),
      manifest_key_(std::make_shared<WatchedKey>(pki.manifest_key_in_signer(),
                                                 *this, false)),
      core_(With(pki.issuer(), key_, ocsp_key_), *manifest_key_, disk_, clock,
            dice) {
  disk_.set_durable(options_.ledger.rows);
  const absl::Status started = Start();
  if (!started.ok()) {
    checker_.Fail("signer: does not start: " + started.ToString());
  }
}

SignerNode::~SignerNode() = default;

void SignerNode::Crash() {
  core_.Kill();
  disk_.Crash();
  DuringNextSignature(nullptr);
}

absl::Status SignerNode::Start() {
  core_.StandWith({.await_head = !ledger_.first_start,
                   .standby = options_.standby,
                   .quiet_after = options_.quiet_after});
  return core_.Start();
}

absl::Status SignerNode::Restart() {
  Crash();
  return Start();
}

absl::Status SignerNode::RestoreFrom(const LedgerCopy& copy) {
  Crash();
  disk_.set_durable(copy.rows);
  ledger_.first_start = copy.first_start;
  // The CRLs beside it are newer than the copy: none is in it.
  for (const auto& file :
       std::filesystem::directory_iterator(core_.crl_folder())) {
    std::filesystem::remove(file);
  }
  return Start();
}

LedgerCopy SignerNode::Copy() const {
  return {.rows = disk_.durable(), .first_start = ledger_.first_start};
}

absl::Status SignerNode::StartAsTheFirst() {
  ledger_.first_start = true;
  return Restart();
}

void SignerNode::Tick() {
  if (!running()) return;
  absl::Status ticked = core_.Tick();
  if (absl::IsUnavailable(ticked)) ticked = Restart();
  if (!ticked.ok()) checker_.Fail("signer: " + ticked.ToString());
  if (serving() && core_.standing().was_shown()) ledger_.first_start = false;
}

void SignerNode::Report() {
  base::MutexLock lock(mu_);
  if (!broken_rule_.empty()) checker_.Fail(broken_rule_);
}

bool SignerNode::may_sign() {
  return serving() && core_.ledger().barred().ok();
}

void SignerNode::MustNotSign(std::string why) {
  base::MutexLock lock(mu_);
  must_not_sign_ = std::move(why);
}

// TRUST 2.9: "Nothing is signed while the ledger is behind a head that the
// signer itself once signed".
void SignerNode::Watch() {
  const uint64_t has = core_.ledger().Head().size;
  base::MutexLock lock(mu_);
  if (!must_not_sign_.empty()) {
    broken_rule_ = must_not_sign_;
  } else if (has < must_have_) {
    broken_rule_ = absl::StrCat("the signer signs with ", has, " of ",
                                must_have_.load(), " entries that others have");
  }
}

void SignerNode::DuringNextSignature(std::function<void()> hook) {
  base::MutexLock lock(mu_);
  hook_ = std::move(hook);
}

namespace {

void See(SignerNode& signer, const std::vector<block::Update>& updates) {
  if (!signer.believed()) return;
  for (const block::Update& update : updates) {
    signer.checker().SeeUpdate(update);
  }
}

absl::StatusOr<refresher::SignedUpdates> Taken(
    SignerNode& signer, absl::StatusOr<signer::BlockUpdates> from) {
  RETURN_IF_ERROR(from.status());
  See(signer, from->updates);
  return refresher::SignedUpdates{.updates = std::move(from->updates),
                                  .refresh_at = from->refresh_at};
}

}  // namespace

absl::StatusOr<refresher::SignedUpdates> RefresherSignerLink::SignBlock(
    const std::string& block_id) {
  return network_.Call([&]() -> absl::StatusOr<refresher::SignedUpdates> {
    SignerNode* const node = address_.Serving();
    if (node == nullptr) return Away();
    return Taken(*node, node->core().blocks().SignBlock(block_id));
  });
}

absl::StatusOr<refresher::SignedUpdates> RefresherSignerLink::GetBlock(
    const std::string& block_id, uint64_t have_version) {
  return network_.Call([&]() -> absl::StatusOr<refresher::SignedUpdates> {
    SignerNode* const node = address_.Serving();
    if (node == nullptr) return Away();
    return Taken(*node, node->core().blocks().GetBlock(block_id, have_version));
  });
}

absl::StatusOr<std::vector<refresher::ListedBlock>>
RefresherSignerLink::ListBlocks() {
  return network_.Call(
      [&]() -> absl::StatusOr<std::vector<refresher::ListedBlock>> {
        SignerNode* const node = address_.Serving();
        if (node == nullptr) return Away();
        ASSIGN_OR_RETURN(const signer::BlockList list,
                         node->core().blocks().ListBlocks(0));
        std::vector<refresher::ListedBlock> out;
        for (const signer::ListedBlock& block : list.blocks) {
          out.push_back({.block_id = block.block_id,
                         .issuer_id = block.issuer_id,
                         .version = block.version,
                         .refresh_at = block.refresh_at});
        }
        return out;
      });
}

absl::StatusOr<std::unique_ptr<refresher::CrlDownload>>
RefresherSignerLink::SignCrl(const refresher::CrlRequest& request) {
  return network_.Call(
      [&]() -> absl::StatusOr<std::unique_ptr<refresher::CrlDownload>> {
        SignerNode* const node = address_.Serving();
        if (node == nullptr) return Away();
        ASSIGN_OR_RETURN(signer::testing::WholeCrl crl,
                         node->core().SignCrl(
                             {.issuer = request.issuer,
                              .shard = request.shard,
                              .kind = request.is_delta ? ledger::CrlKind::kDelta
                                                       : ledger::CrlKind::kFull,
                              .have_number = request.have_number}));
        if (node->believed()) {
          node->checker().SeeCrl(crl.der, crl.this_update);
        }
        return std::make_unique<WholeDownload>(
            refresher::SignedCrl{.issuer_id = crl.issuer_id,
                                 .number = crl.number,
                                 .base_number = crl.base_number,
                                 .this_update = crl.this_update,
                                 .next_update = crl.next_update,
                                 .refresh_at = crl.refresh_at,
                                 .ledger_size = crl.ledger_size,
                                 .size = crl.size},
            std::move(crl.der));
      });
}

absl::StatusOr<refresher::LedgerPage> RefresherSignerLink::ReadEntries(
    uint64_t from, absl::Duration /*wait*/) {
  return network_.Call([&]() -> absl::StatusOr<refresher::LedgerPage> {
    SignerNode* const node = address_.Serving();
    if (node == nullptr) return Away();
    // Small pages, so that followers stop in the middle.
    ASSIGN_OR_RETURN(signer::EntryRange range,
                     node->core().ledger().ReadEntries(from, 1 << 20, 7));
    refresher::LedgerPage page{.ledger_size = range.head.size};
    if (!range.entries.empty()) {
      ASSIGN_OR_RETURN(page.signed_root,
                       node->core().roots().Sign(from + range.entries.size()));
    }
    page.entries = std::move(range.entries);
    return page;
  });
}

absl::StatusOr<std::vector<refresher::ListedIssuer>>
RefresherSignerLink::ListIssuers() {
  return network_.Call(
      [&]() -> absl::StatusOr<std::vector<refresher::ListedIssuer>> {
        SignerNode* const node = address_.Serving();
        if (node == nullptr) return Away();
        std::vector<refresher::ListedIssuer> out;
        for (const signer::Issuer& issuer : node->core().issuers().all()) {
          out.push_back({.name = issuer.name,
                         .issuer_id = issuer.issuer_id,
                         .certificate = issuer.certificate,
                         .chain = issuer.chain,
                         .profiles = {"server"},
                         .crl_shards = 1});
        }
        return out;
      });
}

absl::StatusOr<std::optional<block::SignedHead>> RefresherSignerLink::GetHead(
    absl::Time after, absl::Duration /*wait*/) {
  return network_.Call(
      [&]() -> absl::StatusOr<std::optional<block::SignedHead>> {
        SignerNode* const node = address_.Serving();
        if (node == nullptr) return Away();
        ASSIGN_OR_RETURN(const auto newest, node->core().heads().Sign());
        if (newest->head.time <= after) return std::nullopt;
        return newest->bytes;
      });
}

namespace {

const char* NameOf(signer::StandingState state) {
  switch (state) {
    case signer::StandingState::kActive:
      return "ACTIVE";
    case signer::StandingState::kAwaitsHead:
      return "AWAITS_HEAD";
    case signer::StandingState::kBehind:
      return "BEHIND";
    case signer::StandingState::kWaits:
      return "WAITS";
    case signer::StandingState::kStandby:
      return "STANDBY";
    case signer::StandingState::kForked:
      return "FORKED";
  }
  return "";
}

absl::StatusOr<refresher::SignerStanding> ToStanding(
    absl::StatusOr<signer::StandingReport> from) {
  RETURN_IF_ERROR(from.status());
  return refresher::SignerStanding{.state = NameOf(from->state),
                                   .why = std::string(from->why.message()),
                                   .ledger_size = from->ledger_size,
                                   .epoch = from->epoch,
                                   .wanted_size = from->wanted_size};
}

}  // namespace

absl::StatusOr<refresher::SignerStanding> CatchUpLink::Show(
    const std::string& head, const std::string& ledger_root) {
  return network_.Call([&]() -> absl::StatusOr<refresher::SignerStanding> {
    if (address_.at == nullptr || !address_.at->running()) return Away();
    std::vector<signer::Statement> statements;
    if (!head.empty()) {
      statements.push_back({signer::StatementKind::kHead, head});
    }
    if (!ledger_root.empty()) {
      statements.push_back({signer::StatementKind::kLedgerRoot, ledger_root});
    }
    return ToStanding(address_.at->core().standing().Show(statements));
  });
}

absl::StatusOr<refresher::SignerStanding> CatchUpLink::AddEntries(
    uint64_t from, const std::vector<std::string>& entries,
    const std::string& ledger_root) {
  return network_.Call([&]() -> absl::StatusOr<refresher::SignerStanding> {
    if (address_.at == nullptr || !address_.at->running()) return Away();
    return ToStanding(
        address_.at->core().standing().Add(from, entries, ledger_root));
  });
}

absl::StatusOr<refresher::SignerStanding> CatchUpLink::Promote() {
  return network_.Call([&]() -> absl::StatusOr<refresher::SignerStanding> {
    if (address_.at == nullptr || !address_.at->running()) return Away();
    return ToStanding(address_.at->core().standing().Promote());
  });
}

absl::StatusOr<authority::SignerIssuedBatch> AuthoritySignerLink::IssueBatch(
    const std::vector<authority::SignerIssue>& requests) {
  return network_.Call([&]() -> absl::StatusOr<authority::SignerIssuedBatch> {
    SignerNode* const node = address_.Serving();
    if (node == nullptr) return Away();
    std::vector<signer::IssueRequest> asked;
    for (const authority::SignerIssue& request : requests) {
      asked.push_back({.asker = From(request.requester, request.request_id),
                       .issuer = request.issuer,
                       .profile = request.profile,
                       .csr = request.csr});
    }
    signer::IssuedBatch batch = node->core().issuance().IssueBatch(asked);
    See(*node, batch.updates);
    authority::SignerIssuedBatch out{.results = {},
                                     .updates = std::move(batch.updates)};
    for (absl::StatusOr<signer::Issued>& result : batch.results) {
      if (!result.ok()) {
        out.results.push_back(result.status());
        continue;
      }
      out.results.push_back(
          authority::SignerIssued{.certificate = std::move(result->certificate),
                                  .chain = std::move(result->chain),
                                  .issuer_id = result->issuer_id,
                                  .serial = result->serial,
                                  .ledger_index = result->ledger_index,
                                  .repeated = result->repeated,
                                  .block_id = result->block_id,
                                  .place = result->place,
                                  .crl_shard = result->crl_shard});
    }
    return out;
  });
}

absl::StatusOr<authority::SignerStatus> AuthoritySignerLink::Revoke(
    const authority::SignerRevoke& request) {
  return network_.Call([&]() -> absl::StatusOr<authority::SignerStatus> {
    SignerNode* const node = address_.Serving();
    if (node == nullptr) return Away();
    ASSIGN_OR_RETURN(signer::Revoked revoked,
                     node->core().revocation().Revoke(
                         {.asker = From(request.requester, request.request_id),
                          .issuer = request.issuer,
                          .serial = request.serial,
                          .reason = request.reason,
                          .revoked_at = std::nullopt}));
    See(*node, revoked.updates);
    return ToStatus(std::move(revoked));
  });
}

absl::StatusOr<authority::SignerStatus> AuthoritySignerLink::Release(
    const authority::SignerRelease& request) {
  return network_.Call([&]() -> absl::StatusOr<authority::SignerStatus> {
    SignerNode* const node = address_.Serving();
    if (node == nullptr) return Away();
    ASSIGN_OR_RETURN(signer::Revoked released,
                     node->core().revocation().Release(
                         {.asker = From(request.requester, request.request_id),
                          .issuer = request.issuer,
                          .serial = request.serial}));
    See(*node, released.updates);
    return ToStatus(std::move(released));
  });
}

absl::StatusOr<std::vector<storage::IssuerRow>>
AuthoritySignerLink::ListIssuers() {
  return network_.Call(
      [&]() -> absl::StatusOr<std::vector<storage::IssuerRow>> {
        SignerNode* const node = address_.Serving();
        if (node == nullptr) return Away();
        std::vector<storage::IssuerRow> out;
        for (const signer::Issuer& issuer : node->core().issuers().all()) {
          out.push_back({.issuer_id = issuer.issuer_id,
                         .name = issuer.name,
                         .certificate = issuer.certificate,
                         .chain = issuer.chain,
                         .profiles = {"server"}});
        }
        return out;
      });
}

}  // namespace chancery::model
