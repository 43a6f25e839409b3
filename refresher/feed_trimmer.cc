#include "refresher/feed_trimmer.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "ledger/entry.h"

namespace chancery::refresher {
namespace {

constexpr uint64_t kEntriesInStep = 1000;

// When what an entry says has expired. A status belongs to a certificate whose
// entry comes before it, and so decides about it; issuers, orders and epochs do
// not expire: what has to be known of them for long lies elsewhere.
struct EndOf {
  absl::StatusOr<absl::Time> operator()(
      const ledger::CertificateEntry& entry) const {
    return entry.not_after;
  }
  absl::StatusOr<absl::Time> operator()(
      const ledger::ManifestEntry& entry) const {
    ASSIGN_OR_RETURN(const block::Signed signed_manifest,
                     block::Signed::Parse(base::AsBytes(entry.manifest)));
    ASSIGN_OR_RETURN(
        const block::Manifest manifest,
        block::ParseManifest(base::AsBytes(signed_manifest.message)));
    return manifest.next_update;
  }
  absl::StatusOr<absl::Time> operator()(const ledger::CrlEntry& entry) const {
    return entry.next_update;
  }
  template <typename Other>
  absl::StatusOr<absl::Time> operator()(const Other&) const {
    return absl::InfinitePast();
  }
};

}  // namespace

absl::StatusOr<bool> FeedTrimmer::HaveEnded(uint64_t from, uint64_t to,
                                            absl::Time time) {
  ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                   inventory_.ReadLedger(options_.signer, from, to));
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto entry = ledger::ParseEntry(base::AsBytes(entries[i]));
    const auto end =
        entry.ok() ? std::visit(EndOf(), entry->body) : entry.status();
    if (!end.ok()) {
      return absl::DataLossError(
          absl::StrCat("inventory: its copy of the ledger is damaged at entry ",
                       from + i, ": ", std::string(end.status().message())));
    }
    if (std::max(*end, entry->time) >= time) return false;
  }
  return true;
}

absl::StatusOr<bool> FeedTrimmer::Step() {
  const absl::Time ended = clock_.Now() - options_.keep;
  const std::string& signer = options_.signer;
  ASSIGN_OR_RETURN(const uint64_t first, inventory_.FirstEntry(signer));
  // After an inventory went back, what lies beyond is not joined to it yet.
  ASSIGN_OR_RETURN(const uint64_t followed, inventory_.NextIndex(signer));
  uint64_t end = first;
  while (end < first + kEntriesInStep) {
    const auto root = inventory_.LedgerRootAfter(signer, end);
    if (absl::IsNotFound(root.status())) break;
    RETURN_IF_ERROR(root.status());
    if (root->size > followed) break;
    ASSIGN_OR_RETURN(const bool all, HaveEnded(end, root->size, ended));
    if (!all) break;
    end = root->size;
  }
  if (end == first) return false;
  const absl::Status dropped = inventory_.DropLedgerBefore(signer, end);
  if (absl::IsNotFound(dropped)) return true;  // Another one was faster.
  RETURN_IF_ERROR(dropped);
  log_.Info("feed_trimmed", {{"from", first}, {"to", end}});
  return end >= first + kEntriesInStep;
}

}  // namespace chancery::refresher
