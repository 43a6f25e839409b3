#include "refresher/ledger_follower.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/head.h"
#include "block/manifest.h"
#include "ledger/entry.h"
#include "refresher/block_fetch.h"
#include "refresher/transient.h"
#include "storage/certificate_row.h"

namespace chancery::refresher {
namespace {

// So many are asked for one by one, more by reading all.
constexpr size_t kFewBlocks = 32;

storage::CertificateRow ToRow(const ledger::Entry& entry,
                              const ledger::CertificateEntry& body) {
  storage::CertificateRow row{.issuer_id = body.issuer_id,
                              .serial = body.serial,
                              .der = body.certificate,
                              .not_after = body.not_after,
                              .profile = body.profile,
                              .requester = body.origin.requester,
                              .request_id = body.origin.request_id,
                              .block_id = body.block_id,
                              .place = body.place,
                              .crl_shard = body.crl_shard,
                              .issued_at = entry.time,
                              .ledger_index = entry.index};
  return row;
}

storage::CertificateStatus ToStatus(ledger::StatusChange change) {
  switch (change) {
    case ledger::StatusChange::kRevoke:
      return storage::CertificateStatus::kRevoked;
    case ledger::StatusChange::kHold:
      return storage::CertificateStatus::kHeld;
    case ledger::StatusChange::kRelease:
      return storage::CertificateStatus::kGood;
  }
  return storage::CertificateStatus::kRevoked;
}

// False also of what cannot be read, which is for responders to refuse.
bool IsWhole(const ledger::ManifestEntry& entry) {
  const auto signed_manifest =
      block::Signed::Parse(base::AsBytes(entry.manifest));
  if (!signed_manifest.ok()) return false;
  const auto manifest =
      block::ParseManifest(base::AsBytes(signed_manifest->message));
  return manifest.ok() && manifest->base_version == 0;
}

}  // namespace

struct LedgerFollower::Page {
  uint64_t end() const { return step.next_index; }
  // Every change is in a manifest.
  bool covered() const {
    return std::all_of(changed.begin(), changed.end(), [&](const auto& block) {
      return Covers(block.first, block.second);
    });
  }
  bool Covers(const std::string& block_id, uint64_t index) const {
    const auto manifest = manifests.find(block_id);
    return manifest != manifests.end() && manifest->second.ledger_size > index;
  }

  storage::LedgerStep step = {};
  bool at_end = false;  // Of the ledger, when it was read.
  // Block -> index of the last entry about one of its members.
  std::map<std::string, uint64_t> changed = {};
  struct Signed {
    uint64_t version = 0;
    uint64_t ledger_size = 0;
    bool whole = false;
  };
  std::map<std::string, Signed> manifests = {};  // The newest of each block.
  // (issuer, serial) -> block.
  std::map<std::pair<std::string, std::string>, std::string> blocks = {};
};

LedgerFollower::LedgerFollower(SignerClient& signer,
                               storage::Inventory& inventory,
                               BlockKeeper& keeper, UpdateSink& sink,
                               const rpc::Log& log, Options options)
    : signer_(signer),
      inventory_(inventory),
      keeper_(keeper),
      sink_(sink),
      log_(log),
      options_(std::move(options)) {}

absl::StatusOr<bool> LedgerFollower::Step(absl::Duration wait) {
  ASSIGN_OR_RETURN(const uint64_t from, inventory_.NextIndex(options_.signer));
  if (from < followed_) WentBack(from);
  followed_ = from;
  // Not before the first look: nobody may wait for what is there already.
  const auto page =
      signer_.ReadEntries(from, caught_up_ ? wait : absl::ZeroDuration());
  if (!page.ok()) return page.status();
  if (page->ledger_size < from) {
    return absl::FailedPreconditionError(
        absl::StrCat("ledger: the signer has ", page->ledger_size,
                     " entries, the inventory has followed ", from,
                     ": another ledger, or one from an old backup"));
  }
  ASSIGN_OR_RETURN(const std::optional<merkle::Frontier> frontier,
                   FrontierAt(from));
  if (!frontier.has_value()) {
    // While the entries were waited for.
    ASSIGN_OR_RETURN(const uint64_t now, inventory_.NextIndex(options_.signer));
    if (now < from) WentBack(0);
    return true;
  }
  Page decoded;
  decoded.step.signer = options_.signer;
  decoded.step.from_index = decoded.step.next_index = from;
  RETURN_IF_ERROR(Decode(*page, decoded));
  const bool any = !page->entries.empty();
  if (any) {
    RETURN_IF_ERROR(Complete(decoded));
    RETURN_IF_ERROR(Vouch(*frontier, decoded));
    RETURN_IF_ERROR(FetchBlocks(decoded));
    // The commit point. A crash before it follows the page again.
    const absl::Status applied = inventory_.ApplyLedgerStep(decoded.step);
    if (absl::IsFailedPrecondition(applied)) {
      // While the entries were waited for.
      WentBack(0);
      return true;
    }
    RETURN_IF_ERROR(applied);
    followed_ = decoded.end();
  }
  if (decoded.at_end || !any) caught_up_ = true;
  return any;
}

absl::StatusOr<std::optional<merkle::Frontier>> LedgerFollower::FrontierAt(
    uint64_t from) {
  if (from == 0) return merkle::Frontier();
  // From the inventory each time: what this process was told last may not be
  // what was stored, if several follow.
  const auto root = inventory_.LedgerRootUpTo(options_.signer, from);
  if (!root.ok() && !absl::IsNotFound(root.status())) return root.status();
  if (!root.ok() || root->size != from) {
    ASSIGN_OR_RETURN(const uint64_t now, inventory_.NextIndex(options_.signer));
    if (now != from) return std::nullopt;
    return absl::DataLossError(absl::StrCat(
        "inventory: its copy of the ledger does not reach entry ", from));
  }
  auto frontier = merkle::Frontier::Parse(base::AsBytes(root->frontier));
  if (!frontier.ok() || frontier->size() != from) {
    return absl::DataLossError(absl::StrCat(
        "inventory: its copy of the ledger is damaged at entry ", from));
  }
  return *std::move(frontier);
}

absl::Status LedgerFollower::Vouch(const merkle::Frontier& before, Page& page) {
  merkle::Frontier frontier = before;
  for (const std::string& entry : page.step.entries) {
    frontier.Append(merkle::LeafHash(base::AsBytes(entry)));
  }
  storage::LedgerRootRow& root = page.step.root;
  root.size = frontier.size();
  root.frontier = frontier.Encode();
  const auto signed_root = block::HeadOf(base::AsBytes(root.signed_root));
  if (!signed_root.ok()) {
    return absl::DataLossError(absl::StrCat(
        "ledger: the signer does not vouch for entries up to ", root.size, ": ",
        std::string(signed_root.status().message())));
  }
  const bool forked = signed_root->ledger_size != root.size ||
                      signed_root->ledger_root != frontier.Root();
  if (forked_.exchange(forked) != forked && forked) {
    log_.Error("ledger_forked",
               {{"entries", root.size}, {"epoch", signed_root->epoch}});
  }
  if (!forked) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "ledger forked: the signer's first ", root.size,
      " entries are not those that were followed: it was restored from a "
      "backup, or it is not the only one"));
}

void LedgerFollower::WentBack(uint64_t to) {
  log_.Warning("inventory_went_back", {{"from", followed_.load()}, {"to", to}});
  keeper_.Forget();
  followed_ = to;
  caught_up_ = false;
}

absl::Status LedgerFollower::Decode(const LedgerPage& entries, Page& page) {
  const uint64_t from = page.end();
  auto& blocks = page.blocks;
  ledger_size_ = entries.ledger_size;
  page.step.next_index = from + entries.entries.size();
  page.at_end = page.end() >= entries.ledger_size;
  page.step.entries.insert(page.step.entries.end(), entries.entries.begin(),
                           entries.entries.end());
  page.step.root.signed_root = entries.signed_root;
  for (size_t i = 0; i < entries.entries.size(); ++i) {
    const auto entry = ledger::ParseEntry(base::AsBytes(entries.entries[i]));
    if (!entry.ok() || entry->index != from + i) {
      return absl::DataLossError(
          absl::StrCat("ledger: entry ", from + i, ": ",
                       entry.ok() ? "has another index"
                                  : std::string(entry.status().message())));
    }
    if (const auto* made =
            std::get_if<ledger::CertificateEntry>(&entry->body)) {
      storage::CertificateRow row = ToRow(*entry, *made);
      const absl::Status filled = storage::FillFromDer(row);
      if (!filled.ok()) {
        log_.Warning("certificate_unreadable",
                     {{"ledger_index", entry->index}, {"why", filled}});
      }
      blocks[{row.issuer_id, row.serial}] = row.block_id;
      page.changed[row.block_id] = entry->index;
      page.step.certificates.push_back(std::move(row));
    } else if (const auto* status =
                   std::get_if<ledger::StatusEntry>(&entry->body)) {
      page.step.statuses.push_back({.issuer_id = status->issuer_id,
                                    .serial = status->serial,
                                    .status = ToStatus(status->change),
                                    .reason = status->reason,
                                    .revoked_at = status->revoked_at,
                                    .ledger_index = entry->index});
      std::string& block = blocks[{status->issuer_id, status->serial}];
      if (block.empty()) {
        const auto row =
            inventory_.FindCertificate(status->issuer_id, status->serial);
        if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
        if (row.ok()) block = row->block_id;
      }
      if (!block.empty()) page.changed[block] = entry->index;
    } else if (const auto* manifest =
                   std::get_if<ledger::ManifestEntry>(&entry->body)) {
      page.manifests[manifest->block_id] = {
          .version = manifest->version,
          .ledger_size = manifest->ledger_size,
          .whole = IsWhole(*manifest)};
    }
  }
  return absl::OkStatus();
}

absl::Status LedgerFollower::Complete(Page& page) {
  using std::chrono::steady_clock;
  const auto deadline =
      steady_clock::now() + absl::ToChronoNanoseconds(options_.grace);
  while (page.at_end && !page.covered()) {
    const absl::Duration left =
        absl::FromChrono(deadline - steady_clock::now());
    if (left < absl::Milliseconds(1)) break;
    const auto next = signer_.ReadEntries(page.end(), left);
    // What there is can be followed without.
    if (!next.ok() || next->entries.empty()) break;
    RETURN_IF_ERROR(Decode(*next, page));
  }
  return absl::OkStatus();
}

absl::Status LedgerFollower::FetchBlocks(const Page& page) {
  // Block -> the version that it must have.
  std::map<std::string, uint64_t> wanted;
  for (const auto& [block_id, manifest] : page.manifests) {
    wanted[block_id] = manifest.version;
  }
  ASSIGN_OR_RETURN(auto lacking, Lacking(wanted));
  if (page.at_end && !lacking.empty()) {
    std::map<std::string, uint64_t> awaited;
    absl::Duration grace = options_.grace;
    for (const auto& [block_id, has] : lacking) {
      const Page::Signed& manifest = page.manifests.at(block_id);
      awaited[block_id] = manifest.version;
      if (manifest.whole) grace = std::max(grace, options_.grace_of_blocks);
    }
    keeper_.AwaitStored(awaited, grace);
    ASSIGN_OR_RETURN(lacking, Lacking(awaited));
  }
  // What no manifest of this page covers: whatever the signer makes of it.
  std::map<std::string, uint64_t> uncovered;
  for (const auto& [block_id, index] : page.changed) {
    if (!page.Covers(block_id, index)) {
      uncovered[block_id] = std::numeric_limits<uint64_t>::max();
    }
  }
  ASSIGN_OR_RETURN(auto signed_anew, Lacking(uncovered));
  lacking.merge(signed_anew);
  for (const auto& [block_id, have] : lacking) {
    // Whoever compares the signer's list with the inventory comes back to one
    // that could not be fetched.
    RETURN_IF_ERROR(
        FetchAndOffer(keeper_, sink_, log_, block_id, have).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, uint64_t>> LedgerFollower::Lacking(
    const std::map<std::string, uint64_t>& wanted) {
  std::map<std::string, uint64_t> held;
  if (wanted.size() > kFewBlocks) {
    ASSIGN_OR_RETURN(held, inventory_.BlockVersions());
  } else {
    for (const auto& [block_id, version] : wanted) {
      ASSIGN_OR_RETURN(held[block_id], inventory_.BlockVersion(block_id));
    }
  }
  std::map<std::string, uint64_t> lacking;
  for (const auto& [block_id, version] : wanted) {
    const auto found = held.find(block_id);
    const uint64_t have = found == held.end() ? 0 : found->second;
    if (have < version) lacking[block_id] = have;
  }
  return lacking;
}

}  // namespace chancery::refresher
