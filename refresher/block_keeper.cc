#include "refresher/block_keeper.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/block.h"
#include "crypto/digest.h"

namespace chancery::refresher {

absl::Time SpreadRefresh(const std::string& block_id, uint64_t version,
                         absl::Time this_update, absl::Time refresh_at) {
  if (refresh_at == absl::InfiniteFuture() || refresh_at <= this_update) {
    return refresh_at;
  }
  const std::string name = absl::StrCat(block_id, version);
  const crypto::Sha256Digest digest = crypto::Sha256(base::AsBytes(name));
  const double fraction = (digest[0] * 256 + digest[1]) / 65536.0;
  return refresh_at - absl::Trunc((refresh_at - this_update) * (fraction / 16),
                                  absl::Seconds(1));
}

absl::StatusOr<Updates> BlockKeeper::Store(const Updates& updates) {
  Updates out;
  for (const block::Update& update : updates) {
    if (update.is_delta() && HasTooManyDeltas(update.block_id)) {
      RETURN_IF_ERROR(Fetch(update.block_id, 0).status());
      // Responders hold its base: the delta is the shorter way for them.
      out.push_back(update);
      continue;
    }
    const absl::Status stored = StoreOne(update, nullptr);
    if (!absl::IsFailedPrecondition(stored)) {
      RETURN_IF_ERROR(stored);
      out.push_back(update);
      continue;
    }
    // Deltas overtake one another on their way here. The inventory says where
    // it is: it may have lost, by a failover, what was stored through us.
    ASSIGN_OR_RETURN(const uint64_t have, store_.BlockVersion(update.block_id));
    ASSIGN_OR_RETURN(const Updates missing, Fetch(update.block_id, have));
    out.insert(out.end(), missing.begin(), missing.end());
  }
  return out;
}

absl::Status BlockKeeper::StoreSigned(const SignedUpdates& signed_updates) {
  for (const block::Update& update : signed_updates.updates) {
    RETURN_IF_ERROR(StoreOne(update, &signed_updates.refresh_at));
  }
  return absl::OkStatus();
}

absl::StatusOr<Updates> BlockKeeper::Fetch(const std::string& block_id,
                                           uint64_t have) {
  ASSIGN_OR_RETURN(SignedUpdates got, signer_.GetBlock(block_id, have));
  absl::Status stored = StoreSigned(got);
  if (absl::IsFailedPrecondition(stored) && have != 0) {
    // The inventory holds less than was thought.
    ASSIGN_OR_RETURN(got, signer_.GetBlock(block_id, 0));
    stored = StoreSigned(got);
  }
  RETURN_IF_ERROR(stored);
  return std::move(got.updates);
}

void BlockKeeper::AwaitStored(const std::map<std::string, uint64_t>& versions,
                              absl::Duration wait) const {
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
  base::MutexLock lock(mu_);
  const auto stored = [&](const auto& wanted) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const auto found = seen_.find(wanted.first);
    return found != seen_.end() && found->second.version >= wanted.second;
  };
  while (!std::all_of(versions.begin(), versions.end(), stored) &&
         noted_.WaitUntil(mu_, deadline)) {
  }
}

void BlockKeeper::Forget() {
  base::MutexLock lock(mu_);
  seen_.clear();
}

absl::Status BlockKeeper::StoreOne(const block::Update& update,
                                   const absl::Time* refresh_at) {
  if (update.is_delta()) {
    // Has the templates of its base.
    RETURN_IF_ERROR(
        store_.AddDelta(update.block_id, {.base_version = update.base_version,
                                          .version = update.version,
                                          .data = update.content}));
  } else {
    // Templates first: a block whose templates are missing cannot be sent on.
    // Each time: the inventory may have been restored from an older copy.
    RETURN_IF_ERROR(StoreTemplates(update.templates));
    ASSIGN_OR_RETURN(const block::Manifest manifest,
                     block::ManifestOf(base::AsBytes(update.content)));
    if (base::ToString(manifest.block_id) != update.block_id ||
        manifest.version != update.version) {
      return absl::InvalidArgumentError(
          "update: block or version differ from the manifest's");
    }
    storage::BlockRow row{
        .block_id = update.block_id,
        .issuer_id = base::ToString(manifest.issuer_id),
        .version = update.version,
        .refresh_at = SpreadRefresh(
            update.block_id, update.version, manifest.this_update,
            refresh_at == nullptr ? manifest.refresh_at : *refresh_at),
        .this_update = manifest.this_update,
        .next_update = manifest.next_update,
        .data = update.content};
    for (const block::TemplateId& id : manifest.templates) {
      row.template_ids.push_back(base::ToString(id));
    }
    RETURN_IF_ERROR(store_.PutBlock(row));
  }
  Note(update);
  return absl::OkStatus();
}

absl::Status BlockKeeper::StoreTemplates(
    const std::vector<std::string>& templates) {
  for (const std::string& encoded : templates) {
    const std::string id =
        base::ToString(crypto::Sha256(base::AsBytes(encoded)));
    RETURN_IF_ERROR(store_.PutTemplate(id, encoded));
  }
  return absl::OkStatus();
}

void BlockKeeper::Note(const block::Update& update) {
  base::MutexLock lock(mu_);
  Seen& seen = seen_[update.block_id];
  if (update.version <= seen.version) return;
  seen.version = update.version;
  seen.deltas = update.is_delta() ? seen.deltas + 1 : 0;
  noted_.NotifyAll();
}

bool BlockKeeper::HasTooManyDeltas(const std::string& block_id) const {
  base::MutexLock lock(mu_);
  const auto found = seen_.find(block_id);
  return found != seen_.end() && found->second.deltas >= kMaxDeltas;
}

}  // namespace chancery::refresher
