#include "refresher/testing/fake_signer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/draft.h"
#include "merkle/tree.h"

namespace chancery::refresher::testing {
namespace {

constexpr absl::Duration kCrlLifetime = absl::Hours(24 * 9);
constexpr int kKeyCompromise = 1;
constexpr int kHold = 6;

// In pieces of four bytes.
class TextDownload final : public CrlDownload {
 public:
  TextDownload(SignedCrl facts, std::string der)
      : facts_(std::move(facts)), der_(std::move(der)) {}

  const SignedCrl& facts() const override { return facts_; }
  absl::StatusOr<std::optional<std::string>> Next() override {
    if (at_ >= der_.size()) return std::nullopt;
    std::string piece = der_.substr(at_, 4);
    at_ += piece.size();
    return piece;
  }

 private:
  const SignedCrl facts_;
  const std::string der_;
  size_t at_ = 0;
};

// Copies of an absl::Status share what it says, which ThreadSanitizer takes for
// a race where another thread drops the last one.
absl::Status Copy(const absl::Status& status) {
  return absl::Status(status.code(), status.message());
}

}  // namespace

FakeSigner::FakeSigner(const base::Clock& clock)
    : clock_(clock), issuer_(clock) {}

void FakeSigner::SetCrlShards(uint32_t shards) {
  base::MutexLock lock(mu_);
  crl_shards_ = shards;
}

void FakeSigner::SetDeltaCrls(bool has_delta_crls) {
  base::MutexLock lock(mu_);
  has_delta_crls_ = has_delta_crls;
}

std::string FakeSigner::AddBlock(uint32_t members) {
  base::MutexLock lock(mu_);
  std::string id =
      issuer_.listed().issuer_id.substr(0, 8) + std::string(8, '\0');
  id.back() = static_cast<char>(blocks_.size() + 1);
  for (uint32_t i = 0; i < members; ++i) AddMember(id);
  SignWhole(id);
  return id;
}

block::Update FakeSigner::Issue(const std::string& block_id) {
  base::MutexLock lock(mu_);
  AddMember(block_id);
  return SignPending(block_id);
}

block::Update FakeSigner::Change(const std::string& block_id, uint32_t place,
                                 ledger::StatusChange change) {
  base::MutexLock lock(mu_);
  SetStatus(block_id, place, change);
  return SignPending(block_id);
}

void FakeSigner::IssueUnsigned(const std::string& block_id) {
  base::MutexLock lock(mu_);
  AddMember(block_id);
}

void FakeSigner::RevokeUnsigned(const std::string& block_id, uint32_t place) {
  base::MutexLock lock(mu_);
  SetStatus(block_id, place, ledger::StatusChange::kRevoke);
}

void FakeSigner::AppendRaw(std::string bytes) {
  base::MutexLock lock(mu_);
  ledger_.push_back(std::move(bytes));
}

void FakeSigner::Truncate(uint64_t size) {
  base::MutexLock lock(mu_);
  ledger_.resize(size);
}

uint64_t FakeSigner::ledger_size() const {
  base::MutexLock lock(mu_);
  return ledger_.size();
}

void FakeSigner::Fail(const std::string& method, absl::Status status) {
  base::MutexLock lock(mu_);
  failures_[method] = std::move(status);
}

void FakeSigner::RefuseBlock(const std::string& block_id, absl::Status status) {
  base::MutexLock lock(mu_);
  refused_[block_id] = std::move(status);
}

void FakeSigner::ChangeManifestKey() {
  base::MutexLock lock(mu_);
  for (const auto& [id, state] : blocks_) by_former_key_.insert(id);
}

void FakeSigner::AnswerWithAnother(const std::string& block_id) {
  base::MutexLock lock(mu_);
  mixed_up_.insert(block_id);
}

void FakeSigner::SetPageSize(size_t entries) {
  base::MutexLock lock(mu_);
  page_size_ = entries;
}

std::string FakeSigner::Serial(const std::string& block_id,
                               uint32_t place) const {
  base::MutexLock lock(mu_);
  return blocks_.at(block_id).members.at(place).serial;
}

std::string FakeSigner::Der(const std::string& block_id, uint32_t place) const {
  base::MutexLock lock(mu_);
  return blocks_.at(block_id).members.at(place).der;
}

uint64_t FakeSigner::Version(const std::string& block_id) const {
  base::MutexLock lock(mu_);
  return blocks_.at(block_id).current->version();
}

std::string FakeSigner::Content(const std::string& block_id) const {
  base::MutexLock lock(mu_);
  return blocks_.at(block_id).current->Encode();
}

int FakeSigner::calls(const std::string& method) const {
  base::MutexLock lock(mu_);
  const auto found = calls_.find(method);
  return found == calls_.end() ? 0 : found->second;
}

std::vector<std::string> FakeSigner::signed_blocks() const {
  base::MutexLock lock(mu_);
  return signed_;
}

absl::StatusOr<SignedUpdates> FakeSigner::SignBlock(
    const std::string& block_id) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("SignBlock"));
  if (blocks_.count(block_id) == 0) return absl::NotFoundError("block");
  RETURN_IF_ERROR(refused_[block_id]);
  signed_.push_back(block_id);
  by_former_key_.erase(block_id);
  block::Update update = SignWhole(block_id);
  if (mixed_up_.contains(block_id)) ++update.version;
  return SignedUpdates{.updates = {std::move(update)},
                       .refresh_at = blocks_.at(block_id).refresh_at};
}

absl::StatusOr<SignedUpdates> FakeSigner::GetBlock(const std::string& block_id,
                                                   uint64_t have_version) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("GetBlock"));
  const auto found = blocks_.find(block_id);
  if (found == blocks_.end()) return absl::NotFoundError("block");
  RETURN_IF_ERROR(refused_[block_id]);
  State& state = found->second;
  if (state.current == nullptr) {
    SignWhole(block_id);
  } else if (!state.pending.empty()) {
    SignPending(block_id);
  }
  SignedUpdates out{.refresh_at = state.refresh_at};
  if (state.current->version() == have_version) return out;
  const auto leads = std::find_if(
      state.deltas.begin(), state.deltas.end(), [&](const auto& delta) {
        return have_version != 0 && delta.base_version == have_version;
      });
  out.updates.assign(leads, state.deltas.end());
  if (out.updates.empty()) out.updates = {WholeUpdate(block_id, state)};
  return out;
}

absl::StatusOr<std::vector<ListedBlock>> FakeSigner::ListBlocks() {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("ListBlocks"));
  std::vector<ListedBlock> out;
  for (const auto& [id, state] : blocks_) {
    out.push_back({.block_id = id,
                   .issuer_id = issuer_.listed().issuer_id,
                   .version = state.current->version(),
                   .refresh_at = state.refresh_at,
                   .by_former_key = by_former_key_.contains(id)});
  }
  return out;
}

absl::StatusOr<std::unique_ptr<CrlDownload>> FakeSigner::SignCrl(
    const CrlRequest& request) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("SignCrl"));
  if (request.issuer != issuer_.listed().name || request.shard >= crl_shards_) {
    return absl::NotFoundError("issuer or shard");
  }
  RETURN_IF_ERROR(refused_[absl::StrCat("crl ", request.shard)]);
  SignedCrl& crl = crls_[{request.shard, request.is_delta}];
  if (crl.number <= request.have_number || crl.number == 0) {
    crl = {.issuer_id = issuer_.listed().issuer_id,
           .number = ++crl_numbers_[request.shard],
           .this_update = WholeSeconds(clock_.Now()),
           .ledger_size = ledger_.size()};
    if (request.is_delta) {
      crl.base_number = crls_[{request.shard, false}].number;
    }
    crl.next_update = crl.this_update + kCrlLifetime;
    crl.refresh_at = crl.this_update + kCrlLifetime / 2;
    Append(ledger::CrlEntry{.issuer_id = issuer_.listed().issuer_id,
                            .shard = request.shard,
                            .kind = request.is_delta ? ledger::CrlKind::kDelta
                                                     : ledger::CrlKind::kFull,
                            .number = crl.number,
                            .this_update = crl.this_update,
                            .next_update = crl.next_update,
                            .ledger_size = crl.ledger_size,
                            .crl_sha256 = std::string(32, 'h')});
  }
  std::string der = absl::StrCat(request.is_delta ? "delta " : "CRL ",
                                 request.shard, " ", crl.number);
  crl.size = der.size();
  return std::make_unique<TextDownload>(crl, std::move(der));
}

absl::Duration FakeSigner::last_wait() const {
  base::MutexLock lock(mu_);
  return last_wait_;
}

void FakeSigner::BeforeEntries(std::function<void()> call) {
  base::MutexLock lock(mu_);
  before_entries_ = std::move(call);
}

absl::StatusOr<LedgerPage> FakeSigner::ReadEntries(uint64_t from,
                                                   absl::Duration wait) {
  std::function<void()> before;
  {
    base::MutexLock lock(mu_);
    before = before_entries_;
  }
  if (before) before();
  base::MutexLock lock(mu_);
  last_wait_ = wait;
  RETURN_IF_ERROR(Begin("ReadEntries"));
  LedgerPage page{.ledger_size = ledger_.size()};
  for (uint64_t i = from;
       i < ledger_.size() && page.entries.size() < page_size_; ++i) {
    page.entries.push_back(ledger_[i]);
  }
  if (!page.entries.empty()) {
    merkle::Frontier frontier;
    for (uint64_t i = 0; i < from + page.entries.size(); ++i) {
      frontier.Append(merkle::LeafHash(base::AsBytes(ledger_[i])));
    }
    block::Head facts;
    facts.time = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
    facts.ledger_size = frontier.size();
    facts.ledger_root = frontier.Root();
    ASSIGN_OR_RETURN(page.signed_root,
                     block::SignLedgerRoot(facts, issuer_.manifest_key()));
  }
  return page;
}

absl::StatusOr<std::vector<ListedIssuer>> FakeSigner::ListIssuers() {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("ListIssuers"));
  ListedIssuer issuer = issuer_.listed();
  issuer.crl_shards = crl_shards_;
  issuer.has_delta_crls = has_delta_crls_;
  return std::vector<ListedIssuer>{issuer};
}

absl::StatusOr<std::optional<block::SignedHead>> FakeSigner::GetHead(
    absl::Time after, absl::Duration /*wait*/) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("GetHead"));
  block::Head head;
  head.time = std::max(absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now())),
                       head_time_ + absl::Microseconds(1));
  if (head.time <= after) return std::nullopt;
  head_time_ = head.time;
  head.ledger_size = head.reflected_size = ledger_.size();
  merkle::Frontier frontier;
  for (const std::string& entry : ledger_) {
    frontier.Append(merkle::LeafHash(base::AsBytes(entry)));
  }
  head.ledger_root = frontier.Root();
  block::Index index;
  for (const auto& [id, state] : blocks_) {
    if (state.current == nullptr) continue;
    index.versions.emplace_back(*block::ToBlockId(id),
                                state.current->version());
  }
  ASSIGN_OR_RETURN(block::SignedHead made,
                   block::SignHead(head, index, issuer_.manifest_key()));
  return made;
}

absl::Status FakeSigner::Begin(const std::string& method) {
  ++calls_[method];
  RETURN_IF_ERROR(Copy(failures_[""]));
  return Copy(failures_[method]);
}

void FakeSigner::Append(ledger::EntryBody body) {
  ledger_.push_back(ledger::EncodeEntry({.index = ledger_.size(),
                                         .time = clock_.Now(),
                                         .body = std::move(body)}));
}

void FakeSigner::AddMember(const std::string& block_id) {
  State& state = blocks_[block_id];
  FakeIssuer::Member member = issuer_.Certify(++last_serial_);
  const auto place = static_cast<uint32_t>(state.members.size());
  Append(ledger::CertificateEntry{
      .issuer_id = issuer_.listed().issuer_id,
      .serial = member.serial,
      .not_after = member.not_after,
      .block_id = block_id,
      .place = place,
      .block_capacity = FakeIssuer::kCapacity,
      .lifetime_class = 128,
      .profile = "server",
      .origin = {.requester = "spiffe://test/client/one",
                 .request_id = absl::StrCat("request ", last_serial_),
                 .request_hash = std::string(32, 'h')},
      .certificate = member.der});
  state.members.push_back(std::move(member));
  state.pending.insert(place);
}

void FakeSigner::SetStatus(const std::string& block_id, uint32_t place,
                           ledger::StatusChange change) {
  State& state = blocks_.at(block_id);
  FakeIssuer::Member& member = state.members.at(place);
  member.revoked = change != ledger::StatusChange::kRelease;
  member.reason = change == ledger::StatusChange::kRevoke ? kKeyCompromise
                  : change == ledger::StatusChange::kHold ? kHold
                                                          : 0;
  member.revoked_at =
      member.revoked ? WholeSeconds(clock_.Now()) : absl::UnixEpoch();
  Append(ledger::StatusEntry{.change = change,
                             .issuer_id = issuer_.listed().issuer_id,
                             .serial = member.serial,
                             .reason = static_cast<uint8_t>(member.reason),
                             .revoked_at = member.revoked_at});
  state.pending.insert(place);
}

void FakeSigner::EndBlock(const std::string& block_id) {
  base::MutexLock lock(mu_);
  SignWhole(block_id);
  blocks_.at(block_id).refresh_at = absl::InfiniteFuture();
}

block::Update FakeSigner::SignWhole(const std::string& block_id) {
  State& state = blocks_[block_id];
  state.current = std::make_unique<block::Block>(issuer_.SignWhole(
      block_id, state.current.get(), state.members, ledger_.size()));
  state.deltas.clear();
  state.pending.clear();
  state.refresh_at = state.current->manifest().refresh_at;
  AppendManifest(block_id, *state.current);
  return WholeUpdate(block_id, state);
}

block::Update FakeSigner::SignPending(const std::string& block_id) {
  State& state = blocks_.at(block_id);
  block::SignedDelta made = issuer_.SignDelta(
      block_id, *state.current, state.members, state.pending, ledger_.size());
  block::Update update = WholeUpdate(block_id, state);
  update.base_version = state.current->version();
  update.version = made.block.version();
  update.content = made.delta.Encode();
  *state.current = std::move(made.block);
  state.deltas.push_back(update);
  state.pending.clear();
  AppendManifest(block_id, *state.current);
  return update;
}

block::Update FakeSigner::WholeUpdate(const std::string& block_id,
                                      const State& state) const {
  return {.block_id = block_id,
          .version = state.current->version(),
          .content = state.current->Encode(),
          .templates = issuer_.templates()};
}

void FakeSigner::AppendManifest(const std::string& block_id,
                                const block::Block& block) {
  const block::Manifest& manifest = block.manifest();
  Append(ledger::ManifestEntry{.block_id = block_id,
                               .version = manifest.version,
                               .ledger_size = manifest.ledger_size,
                               .this_update = manifest.this_update,
                               .refresh_at = manifest.refresh_at,
                               .manifest = block.signed_manifest().Encode()});
}

}  // namespace chancery::refresher::testing
