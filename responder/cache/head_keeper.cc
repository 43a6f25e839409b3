#include "responder/cache/head_keeper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/wire.h"
#include "responder/cache/block_rows.h"

namespace chancery::responder {
namespace {

constexpr absl::Duration kMaxClockLag = absl::Minutes(5);

std::string EncodeRow(const block::SignedHead& signed_head) {
  std::string row;
  block::wire::PutCounted<uint32_t>(row, base::AsBytes(signed_head.head));
  block::wire::PutCounted<uint32_t>(row, base::AsBytes(signed_head.index));
  return row;
}

absl::StatusOr<block::SignedHead> ParseRow(absl::string_view row) {
  block::wire::Reader in(base::AsBytes(row));
  base::Bytes head, index;
  if (!in.Counted<uint32_t>(head) || !in.Counted<uint32_t>(index) ||
      !in.AtEnd()) {
    return absl::DataLossError("head: the row is damaged");
  }
  return block::SignedHead{.head = base::ToString(head),
                           .index = base::ToString(index)};
}

}  // namespace

HeadKeeper::HeadKeeper(const KeyRing& keys, CacheStore& store,
                       const base::Clock& clock, const rpc::Log& log,
                       Versions versions, Options options)
    : keys_(keys),
      store_(store),
      clock_(clock),
      log_(log),
      versions_(std::move(versions)),
      options_(options) {}

void HeadKeeper::Load() {
  std::optional<std::string> kept;
  const absl::Status read =
      store_.ForEach(kHeadRow, [&](absl::string_view, absl::string_view value) {
        kept = std::string(value);
      });
  if (!read.ok() || !kept.has_value()) return;
  absl::Status taken;
  if (auto row = ParseRow(*kept); row.ok()) {
    taken = Take(*row, /*loaded=*/true);
  } else {
    taken = row.status();
  }
  if (!taken.ok()) log_.Warning("head_dropped", {{"why", taken}});
}

absl::Status HeadKeeper::Put(const block::SignedHead& signed_head) {
  absl::Status taken = Take(signed_head, /*loaded=*/false);
  // An older one is what a slow refresher brings; anything else is an alarm.
  if (absl::IsInvalidArgument(taken)) {
    log_.Error("head_refused", {{"why", taken}});
  } else if (!taken.ok()) {
    log_.Warning("head_refused", {{"why", taken}});
  }
  return taken;
}

absl::Status HeadKeeper::CheckNewer(const block::Head& head,
                                    absl::Time now) const {
  if (head.time > now + kMaxClockLag) {
    return absl::InvalidArgumentError(
        absl::StrCat("head: ", absl::FormatTime(head.time),
                     " is in the future of this clock"));
  }
  if (head.epoch < keys_.Now()->epoch ||
      (newest_.has_value() && head.epoch < newest_->head.epoch)) {
    return absl::InvalidArgumentError(
        absl::StrCat("head: epoch ", head.epoch, " has passed"));
  }
  if (!newest_.has_value()) return absl::OkStatus();
  // Each root is of one size: who signs another one has another ledger.
  if (head.ledger_size == newest_->head.ledger_size &&
      head.ledger_root != newest_->head.ledger_root) {
    return absl::InvalidArgumentError(absl::StrCat(
        "head: forked: its ledger of ", head.ledger_size,
        " entries is not the one that an earlier head was about: two signers "
        "are at work"));
  }
  if (head.epoch == newest_->head.epoch && head.time < newest_->head.time) {
    return absl::FailedPreconditionError(
        absl::StrCat("head: of ", absl::FormatTime(head.time), ", one of ",
                     absl::FormatTime(newest_->head.time), " has come before"));
  }
  if (head.ledger_size < newest_->head.ledger_size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "head: its ledger has ", head.ledger_size,
        " entries, an earlier one had ", newest_->head.ledger_size));
  }
  return absl::OkStatus();
}

std::map<block::BlockId, uint64_t> HeadKeeper::Lacking(
    const block::Index& index) const {
  const std::map<block::BlockId, uint64_t> held = versions_();
  std::map<block::BlockId, uint64_t> lacking;
  for (const auto& [id, version] : index.versions) {
    const auto found = held.find(id);
    if (found == held.end() || found->second < version) lacking[id] = version;
  }
  return lacking;
}

absl::Status HeadKeeper::Take(const block::SignedHead& signed_head,
                              bool loaded) {
  ASSIGN_OR_RETURN(block::OpenedHead opened,
                   block::OpenHead(signed_head, *keys_.Now()));
  base::MutexLock lock(mu_);
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(CheckNewer(opened.head, now));
  const bool again =
      newest_.has_value() && opened.head.time == newest_->head.time;
  if (again && opened.head != newest_->head) {
    return absl::InvalidArgumentError("head: another one of the same time");
  }
  if (again) {
    Look();
    return absl::OkStatus();
  }
  LookAtKeySetVersion(opened.head.key_set_version);
  // What does not reach the disk is sent again after the next start.
  if (!loaded) store_.Put(kHeadRow, EncodeRow(signed_head)).IgnoreError();
  newest_ = std::move(opened);
  Waiting waiting{.head = newest_->head, .lacking = Lacking(newest_->index)};
  // A young head that was kept counts as if it had just come; of an older one
  // nobody knows what it does not say.
  const bool counts = !loaded || now - waiting.head.time < options_.max_age;
  if (!counts) return absl::OkStatus();
  if (waiting.lacking.empty()) {
    Meet(waiting.head);
  } else {
    // Blocks without life are sent no more.
    if (first_.has_value()) {
      const block::Index& newest = newest_->index;
      std::erase_if(first_->lacking, [&newest](const auto& row) {
        return newest.VersionOf(row.first) == 0;
      });
      last_ = std::move(waiting);
    } else {
      first_ = std::move(waiting);
    }
    Advance();
  }
  Look();
  return absl::OkStatus();
}

void HeadKeeper::LookAtKeySetVersion(uint64_t version) {
  const uint64_t present = keys_.Now()->version;
  if ((version > present) == key_set_is_old_) return;
  key_set_is_old_ = !key_set_is_old_;
  if (!key_set_is_old_) return;
  log_.Error("key_set_is_old", {{"version", present}, {"signer", version}});
}

void HeadKeeper::KeysChanged() {
  base::MutexLock lock(mu_);
  if (!newest_.has_value()) return;
  const absl::Status believed = block::CheckKey(*newest_, *keys_.Now());
  if (believed.ok()) {
    LookAtKeySetVersion(newest_->head.key_set_version);
    return;
  }
  log_.Error("head_dropped", {{"why", believed}});
  newest_.reset();
  met_.reset();
  first_.reset();
  last_.reset();
  lost_ = false;
  // The next one takes its place; this one would be refused at the next start.
  store_.Delete(kHeadRow).IgnoreError();
  Look();
}

void HeadKeeper::Meet(const block::Head& head) {
  met_ = head;
  lost_ = false;
  if (first_.has_value() && first_->head.time <= head.time) first_.reset();
  if (last_.has_value() && last_->head.time <= head.time) last_.reset();
}

void HeadKeeper::Advance() {
  while (first_.has_value() && first_->lacking.empty()) {
    Meet(block::Head(first_->head));
    if (!first_.has_value()) first_ = std::exchange(last_, std::nullopt);
  }
}

absl::Status HeadKeeper::CheckEpoch(const block::Manifest& manifest) const {
  base::MutexLock lock(mu_);
  if (!newest_.has_value() || manifest.epoch >= newest_->head.epoch ||
      manifest.version <= newest_->index.VersionOf(manifest.block_id) ||
      std::find(newest_->issuers.begin(), newest_->issuers.end(),
                manifest.issuer_id) == newest_->issuers.end()) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrCat("manifest: version ", manifest.version, " of epoch ",
                   manifest.epoch, ", which has passed: the signer of epoch ",
                   newest_->head.epoch, " does not name it"));
}

void HeadKeeper::Holds(const block::BlockId& block, uint64_t version) {
  base::MutexLock lock(mu_);
  for (auto* waiting : {&first_, &last_}) {
    if (!waiting->has_value()) continue;
    auto& lacking = (*waiting)->lacking;
    const auto found = lacking.find(block);
    if (found != lacking.end() && found->second <= version) {
      lacking.erase(found);
    }
  }
  Advance();
  Look();
}

void HeadKeeper::Lost(const block::BlockId& block) {
  base::MutexLock lock(mu_);
  if (!newest_.has_value() || newest_->index.VersionOf(block) == 0) return;
  lost_ = true;
  first_ = Waiting{.head = newest_->head, .lacking = Lacking(newest_->index)};
  last_.reset();
}

void HeadKeeper::Tick() {
  base::MutexLock lock(mu_);
  Look();
}

void HeadKeeper::Look() {
  may_answer_.store(
      met_.has_value() && clock_.Now() - met_->time < options_.hard_age,
      std::memory_order_relaxed);
}

absl::Status HeadKeeper::Ready() const {
  base::MutexLock lock(mu_);
  if (!met_.has_value()) {
    return absl::UnavailableError(
        newest_.has_value()
            ? "not everything that the signer's newest head names is here yet"
            : "no head of the signer has come yet");
  }
  if (lost_) {
    return absl::UnavailableError(
        "something was dropped and has not come again yet");
  }
  const absl::Duration age = clock_.Now() - met_->time;
  if (age < options_.max_age) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the newest head of which everything is here is ",
                   absl::ToInt64Seconds(age), " s old"));
}

HeadKeeper::Standing HeadKeeper::standing() const {
  base::MutexLock lock(mu_);
  Standing out{.met = met_};
  if (last_.has_value()) {
    out.blocks_behind = last_->lacking.size();
  } else if (first_.has_value()) {
    out.blocks_behind = first_->lacking.size();
  }
  return out;
}

}  // namespace chancery::responder
