#include "tests/model/signer_node.h"

#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "crypto/signing_key.h"

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

// Signs as the key does, after the hook, if there is one.
class SignerNode::HookedKey final : public crypto::SigningKey {
 public:
  HookedKey(std::shared_ptr<const crypto::SigningKey> key, SignerNode& node)
      : key_(std::move(key)), node_(node) {}

  const crypto::PublicKey& public_key() const override {
    return key_->public_key();
  }
  crypto::SignatureAlgorithm algorithm() const override {
    return key_->algorithm();
  }
  absl::StatusOr<std::string> Sign(base::Bytes message) const override {
    std::function<void()> hook;
    {
      base::MutexLock lock(node_.mu_);
      hook.swap(node_.hook_);
    }
    if (hook) hook();
    return key_->Sign(message);
  }

 private:
  const std::shared_ptr<const crypto::SigningKey> key_;
  SignerNode& node_;
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

SignerNode::SignerNode(const signer::testing::TestPki& pki,
                       base::testing::FakeClock& clock, Dice& dice,
                       Checker& checker)
    : checker_(checker),
      issuer_id_(pki.issuer().issuer_id),
      key_(std::make_shared<HookedKey>(pki.issuer().key, *this)),
      ocsp_key_(std::make_shared<HookedKey>(pki.issuer().ocsp_key, *this)),
      core_(With(pki.issuer(), key_, ocsp_key_), *pki.manifest_key(), disk_,
            clock, dice) {
  const absl::Status started = core_.Start();
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

absl::Status SignerNode::Restart() {
  Crash();
  return core_.Start();
}

void SignerNode::DuringNextSignature(std::function<void()> hook) {
  base::MutexLock lock(mu_);
  hook_ = std::move(hook);
}

absl::StatusOr<refresher::SignedUpdates> RefresherSignerLink::Taken(
    absl::StatusOr<signer::BlockUpdates> from) {
  RETURN_IF_ERROR(from.status());
  for (const block::Update& update : from->updates) {
    signer_.checker().SeeUpdate(update);
  }
  return refresher::SignedUpdates{.updates = std::move(from->updates),
                                  .refresh_at = from->refresh_at};
}

absl::StatusOr<refresher::SignedUpdates> RefresherSignerLink::SignBlock(
    const std::string& block_id) {
  return network_.Call([&]() -> absl::StatusOr<refresher::SignedUpdates> {
    if (!signer_.running()) return Away();
    return Taken(signer_.core().blocks().SignBlock(block_id));
  });
}

absl::StatusOr<refresher::SignedUpdates> RefresherSignerLink::GetBlock(
    const std::string& block_id, uint64_t have_version) {
  return network_.Call([&]() -> absl::StatusOr<refresher::SignedUpdates> {
    if (!signer_.running()) return Away();
    return Taken(signer_.core().blocks().GetBlock(block_id, have_version));
  });
}

absl::StatusOr<std::vector<refresher::ListedBlock>>
RefresherSignerLink::ListBlocks() {
  return network_.Call(
      [&]() -> absl::StatusOr<std::vector<refresher::ListedBlock>> {
        if (!signer_.running()) return Away();
        ASSIGN_OR_RETURN(const signer::BlockList list,
                         signer_.core().blocks().ListBlocks(0));
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
        if (!signer_.running()) return Away();
        ASSIGN_OR_RETURN(signer::testing::WholeCrl crl,
                         signer_.core().SignCrl(
                             {.issuer = request.issuer,
                              .shard = request.shard,
                              .kind = request.is_delta ? ledger::CrlKind::kDelta
                                                       : ledger::CrlKind::kFull,
                              .have_number = request.have_number}));
        signer_.checker().SeeCrl(crl.der, crl.this_update);
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
    if (!signer_.running()) return Away();
    // Small pages, so that followers stop in the middle.
    ASSIGN_OR_RETURN(signer::EntryRange range,
                     signer_.core().ledger().ReadEntries(from, 1 << 20, 7));
    refresher::LedgerPage page{.ledger_size = range.head.size};
    if (!range.entries.empty()) {
      ASSIGN_OR_RETURN(page.signed_root, signer_.core().roots().Sign(
                                             from + range.entries.size()));
    }
    page.entries = std::move(range.entries);
    return page;
  });
}

absl::StatusOr<std::vector<refresher::ListedIssuer>>
RefresherSignerLink::ListIssuers() {
  return network_.Call(
      [&]() -> absl::StatusOr<std::vector<refresher::ListedIssuer>> {
        if (!signer_.running()) return Away();
        std::vector<refresher::ListedIssuer> out;
        for (const signer::Issuer& issuer : signer_.core().issuers().all()) {
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
        if (!signer_.running()) return Away();
        ASSIGN_OR_RETURN(const auto newest, signer_.core().heads().Sign());
        if (newest->head.time <= after) return std::nullopt;
        return newest->bytes;
      });
}

absl::StatusOr<authority::SignerIssuedBatch> AuthoritySignerLink::IssueBatch(
    const std::vector<authority::SignerIssue>& requests) {
  return network_.Call([&]() -> absl::StatusOr<authority::SignerIssuedBatch> {
    if (!signer_.running()) return Away();
    std::vector<signer::IssueRequest> asked;
    for (const authority::SignerIssue& request : requests) {
      asked.push_back({.asker = From(request.requester, request.request_id),
                       .issuer = request.issuer,
                       .profile = request.profile,
                       .csr = request.csr});
    }
    signer::IssuedBatch batch = signer_.core().issuance().IssueBatch(asked);
    for (const block::Update& update : batch.updates) {
      signer_.checker().SeeUpdate(update);
    }
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
    if (!signer_.running()) return Away();
    ASSIGN_OR_RETURN(signer::Revoked revoked,
                     signer_.core().revocation().Revoke(
                         {.asker = From(request.requester, request.request_id),
                          .issuer = request.issuer,
                          .serial = request.serial,
                          .reason = request.reason,
                          .revoked_at = std::nullopt}));
    for (const block::Update& update : revoked.updates) {
      signer_.checker().SeeUpdate(update);
    }
    return ToStatus(std::move(revoked));
  });
}

absl::StatusOr<authority::SignerStatus> AuthoritySignerLink::Release(
    const authority::SignerRelease& request) {
  return network_.Call([&]() -> absl::StatusOr<authority::SignerStatus> {
    if (!signer_.running()) return Away();
    ASSIGN_OR_RETURN(signer::Revoked released,
                     signer_.core().revocation().Release(
                         {.asker = From(request.requester, request.request_id),
                          .issuer = request.issuer,
                          .serial = request.serial}));
    for (const block::Update& update : released.updates) {
      signer_.checker().SeeUpdate(update);
    }
    return ToStatus(std::move(released));
  });
}

absl::StatusOr<std::vector<storage::IssuerRow>>
AuthoritySignerLink::ListIssuers() {
  return network_.Call(
      [&]() -> absl::StatusOr<std::vector<storage::IssuerRow>> {
        if (!signer_.running()) return Away();
        std::vector<storage::IssuerRow> out;
        for (const signer::Issuer& issuer : signer_.core().issuers().all()) {
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
