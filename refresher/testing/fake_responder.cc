#include "refresher/testing/fake_responder.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"

namespace chancery::refresher::testing {
namespace {

constexpr std::chrono::seconds kLongest(60);

// Copies of an absl::Status share what it says, which ThreadSanitizer takes for
// a race where another thread drops the last one.
absl::Status Copy(const absl::Status& status) {
  return absl::Status(status.code(), status.message());
}

}  // namespace

void FakeResponder::Fail(const std::string& method, absl::Status status) {
  base::MutexLock lock(mu_);
  failures_[method] = std::move(status);
}

void FakeResponder::SetReachable(bool reachable) {
  Fail("", reachable ? absl::OkStatus()
                     : absl::UnavailableError("connection refused"));
}

void FakeResponder::ForgetEverything() {
  base::MutexLock lock(mu_);
  blocks_.clear();
  templates_.clear();
  crls_.clear();
  standing_ = {};
}

void FakeResponder::RefuseBlock(const std::string& block_id) {
  base::MutexLock lock(mu_);
  refused_.insert(block_id);
}

void FakeResponder::AcceptBlock(const std::string& block_id) {
  base::MutexLock lock(mu_);
  refused_.erase(block_id);
}

void FakeResponder::RefuseCrls(bool refuse) {
  base::MutexLock lock(mu_);
  refuse_crls_ = refuse;
}

void FakeResponder::HoldApply() {
  base::MutexLock lock(mu_);
  held_ = true;
}

void FakeResponder::LetApplyGo() {
  base::MutexLock lock(mu_);
  held_ = false;
  changed_.NotifyAll();
}

void FakeResponder::BeforeVersions(std::function<void()> call) {
  base::MutexLock lock(mu_);
  before_versions_ = std::move(call);
}

void FakeResponder::BeforeCrlPart(std::function<void()> call) {
  base::MutexLock lock(mu_);
  before_crl_part_ = std::move(call);
}

void FakeResponder::AfterCrlParts(std::function<void()> call) {
  base::MutexLock lock(mu_);
  after_crl_parts_ = std::move(call);
}

uint64_t FakeResponder::Version(const std::string& block_id) const {
  base::MutexLock lock(mu_);
  const auto found = blocks_.find(block_id);
  return found == blocks_.end() ? 0 : found->second->version();
}

std::string FakeResponder::Content(const std::string& block_id) const {
  base::MutexLock lock(mu_);
  const auto found = blocks_.find(block_id);
  return found == blocks_.end() ? "" : found->second->Encode();
}

std::map<storage::CrlScope, uint64_t> FakeResponder::crls() const {
  base::MutexLock lock(mu_);
  return crls_;
}

size_t FakeResponder::blocks() const {
  base::MutexLock lock(mu_);
  return blocks_.size();
}

int FakeResponder::calls(const std::string& method) const {
  base::MutexLock lock(mu_);
  const auto found = calls_.find(method);
  return found == calls_.end() ? 0 : found->second;
}

size_t FakeResponder::largest_batch() const {
  base::MutexLock lock(mu_);
  return largest_batch_;
}

std::vector<block::Head> FakeResponder::heads() const {
  base::MutexLock lock(mu_);
  return heads_;
}

std::vector<bool> FakeResponder::deltas() const {
  base::MutexLock lock(mu_);
  return deltas_;
}

bool FakeResponder::Await(const std::function<bool()>& true_now) const {
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  while (true) {
    uint64_t seen = 0;
    {
      base::MutexLock lock(mu_);
      seen = events_;
    }
    if (true_now()) return true;
    base::MutexLock lock(mu_);
    while (events_ == seen) {
      if (!changed_.WaitUntil(mu_, deadline)) return false;
    }
  }
}

absl::StatusOr<HeldVersions> FakeResponder::GetVersions() {
  std::function<void()> before;
  {
    base::MutexLock lock(mu_);
    before = before_versions_;
  }
  if (before) before();
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("GetVersions"));
  HeldVersions held{.crls = crls_};
  for (const auto& [id, block] : blocks_) held.blocks[id] = block->version();
  return held;
}

absl::StatusOr<std::vector<ApplyResult>> FakeResponder::Apply(
    const std::vector<block::Update>& updates) {
  base::MutexLock lock(mu_);
  const absl::Status begun = Begin("Apply");
  while (held_) changed_.Wait(mu_);
  RETURN_IF_ERROR(begun);
  size_t bytes = 0;
  std::vector<ApplyResult> results;
  for (const block::Update& update : updates) {
    bytes += update.content.size();
    results.push_back(ApplyOne(update));
  }
  largest_batch_ = std::max(largest_batch_, bytes);
  Tell();
  return results;
}

absl::StatusOr<uint64_t> FakeResponder::PutCrl(const storage::CrlRow& crl,
                                               storage::CrlPieces pieces) {
  std::function<void()> before, after;
  {
    base::MutexLock lock(mu_);
    before = before_crl_part_;
    after = after_crl_parts_;
  }
  for (bool more = true; more;) {
    before();
    ASSIGN_OR_RETURN(const std::optional<std::string> piece, pieces());
    more = piece.has_value();
  }
  after();
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("PutCrl"));
  if (refuse_crls_) return absl::InvalidArgumentError("crl: bad signature");
  uint64_t& held = crls_[crl.scope()];
  held = std::max(held, crl.number);
  Tell();
  return held;
}

// Judges as a real one does, but believes any head.
absl::StatusOr<HeadStanding> FakeResponder::PutHead(
    const block::SignedHead& signed_head) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("PutHead"));
  ASSIGN_OR_RETURN(const block::Head head,
                   block::HeadOf(base::AsBytes(signed_head.head)));
  ASSIGN_OR_RETURN(const block::Index index,
                   block::Index::Parse(base::AsBytes(signed_head.index)));
  if (!heads_.empty() && head.time < heads_.back().time) {
    return absl::FailedPreconditionError("a newer head has come before");
  }
  heads_.push_back(head);
  standing_.blocks_behind = 0;
  for (const auto& [id, version] : index.versions) {
    const auto held = blocks_.find(base::ToString(id));
    if (held == blocks_.end() || held->second->version() < version) {
      ++standing_.blocks_behind;
    }
  }
  standing_.ready = standing_.blocks_behind == 0;
  if (standing_.ready) {
    standing_.met = head.time;
    standing_.reflected_size = head.reflected_size;
  }
  return standing_;
}

absl::StatusOr<ResponderStatus> FakeResponder::GetStatus() {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Begin("GetStatus"));
  ResponderStatus status{.blocks = blocks_.size(),
                         .crls = crls_.size(),
                         .http_address = "127.0.0.1:80",
                         .version = "test",
                         .head = standing_};
  for (const auto& [id, block] : blocks_) {
    status.certificates += block->count();
    status.newest_version = std::max(status.newest_version, block->version());
  }
  return status;
}

absl::Status FakeResponder::Begin(const std::string& method) {
  ++calls_[method];
  Tell();
  RETURN_IF_ERROR(Copy(failures_[""]));
  return Copy(failures_[method]);
}

ApplyResult FakeResponder::ApplyOne(const block::Update& update) {
  const absl::Status taken = Take(update);
  const auto held = blocks_.find(update.block_id);
  return {.block_id = update.block_id,
          .version = held == blocks_.end() ? 0 : held->second->version(),
          .accepted = taken.ok(),
          .detail = std::string(taken.message())};
}

absl::Status FakeResponder::Take(const block::Update& update) {
  const auto held = blocks_.find(update.block_id);
  if (held != blocks_.end() && held->second->version() >= update.version) {
    return absl::OkStatus();
  }
  if (refused_.count(update.block_id) > 0) {
    return absl::InvalidArgumentError("bad signature");
  }
  for (const std::string& encoded : update.templates) {
    ASSIGN_OR_RETURN(block::OcspTemplate one,
                     block::OcspTemplate::Parse(base::AsBytes(encoded)));
    templates_[one.id()] =
        std::make_shared<const block::OcspTemplate>(std::move(one));
  }
  const base::Bytes content = base::AsBytes(update.content);
  if (update.is_delta()) {
    if (held == blocks_.end()) {
      return absl::FailedPreconditionError("no block");
    }
    ASSIGN_OR_RETURN(const block::Delta delta, block::Delta::Parse(content));
    ASSIGN_OR_RETURN(block::Block next, held->second->Apply(delta));
    *held->second = std::move(next);
  } else {
    ASSIGN_OR_RETURN(block::Block next,
                     block::Block::Parse(content, templates_));
    RETURN_IF_ERROR(next.Check());
    blocks_[update.block_id] = std::make_unique<block::Block>(std::move(next));
  }
  deltas_.push_back(update.is_delta());
  return absl::OkStatus();
}

void FakeResponder::Tell() {
  ++events_;
  changed_.NotifyAll();
}

}  // namespace chancery::refresher::testing
