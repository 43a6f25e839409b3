#include "refresher/ledger_copy.h"

#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"

namespace chancery::refresher {
namespace {

// What databases keep sizes in.
constexpr uint64_t kMaxSize = std::numeric_limits<int64_t>::max();

}  // namespace

absl::StatusOr<storage::LedgerRootRow> RootUpTo(storage::LedgerFeed& feed,
                                                const std::string& signer,
                                                uint64_t size) {
  auto root = feed.LedgerRootUpTo(signer, size);
  if (absl::IsNotFound(root.status())) return storage::LedgerRootRow();
  return root;
}

absl::StatusOr<storage::LedgerRootRow> NewestRoot(storage::LedgerFeed& feed,
                                                  const std::string& signer) {
  return RootUpTo(feed, signer, kMaxSize);
}

absl::StatusOr<merkle::Hash> CopiedRootAt(storage::LedgerFeed& feed,
                                          const std::string& signer,
                                          uint64_t size) {
  ASSIGN_OR_RETURN(const storage::LedgerRootRow root,
                   RootUpTo(feed, signer, size));
  merkle::Frontier frontier;
  if (root.size > 0) {
    auto parsed = merkle::Frontier::Parse(base::AsBytes(root.frontier));
    if (!parsed.ok() || parsed->size() != root.size) {
      return absl::DataLossError(absl::StrCat(
          "inventory: its copy of the ledger is damaged at entry ", root.size));
    }
    frontier = *std::move(parsed);
  }
  if (root.size == size) return frontier.Root();
  ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                   feed.ReadLedger(signer, root.size, size));
  for (const std::string& entry : entries) {
    frontier.Append(merkle::LeafHash(base::AsBytes(entry)));
  }
  return frontier.Root();
}

}  // namespace chancery::refresher
