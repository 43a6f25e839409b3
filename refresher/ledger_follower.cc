#include "refresher/ledger_follower.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "ledger/entry.h"
#include "refresher/block_fetch.h"
#include "refresher/transient.h"
#include "storage/certificate_row.h"

namespace chancery::refresher {
namespace {

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
  storage::LedgerStep step = {};
  // Block -> index of the last entry about one of its members.
  std::map<std::string, uint64_t> changed = {};
  struct Signed {
    uint64_t version = 0;
    uint64_t ledger_size = 0;
    bool whole = false;
  };
  std::map<std::string, Signed> manifests = {};  // The newest of each block.
};

// Blocks that must be fetched, each with the version that the inventory has.
struct LedgerFollower::Due {
  std::map<std::string, uint64_t> blocks = {};
  bool signed_whole = false;  // One of them was.
};

LedgerFollower::LedgerFollower(SignerClient& signer,
                               storage::Inventory& inventory,
                               BlockKeeper& keeper, UpdateSink& sink,
                               const rpc::Log& log, std::string signer_name,
                               bool patient)
    : signer_(signer),
      inventory_(inventory),
      keeper_(keeper),
      sink_(sink),
      log_(log),
      signer_name_(std::move(signer_name)),
      patient_(patient) {}

absl::StatusOr<bool> LedgerFollower::Step() {
  ASSIGN_OR_RETURN(const uint64_t from, inventory_.NextIndex(signer_name_));
  if (from < followed_) {
    log_.Warning("inventory_went_back",
                 {{"from", followed_.load()}, {"to", from}});
    keeper_.Forget();
    behind_ = true;
    caught_up_ = false;
    whole_ = false;
  }
  followed_ = from;
  absl::StatusOr<LedgerPage> page = signer_.ReadEntries(from);
  if (!page.ok()) {
    // Somebody followed it once; without the signer nothing is added either.
    if (IsTransient(page.status()) && from > 0 && !behind_) whole_ = true;
    return page.status();
  }
  if (page->ledger_size < from) {
    return absl::FailedPreconditionError(
        absl::StrCat("ledger: the signer has ", page->ledger_size,
                     " entries, the inventory has followed ", from,
                     ": another ledger, or one from an old backup"));
  }
  ledger_size_ = page->ledger_size;
  const bool waited = waited_until_ > from;
  if (waited && from + page->entries.size() > waited_until_) {
    page->entries.resize(waited_until_ - from);
  }
  const uint64_t next = from + page->entries.size();
  const bool more = next < page->ledger_size && !page->entries.empty();
  if (more && !caught_up_) behind_ = true;
  if (!page->entries.empty()) {
    ASSIGN_OR_RETURN(Page decoded, Decode(*page, from));
    ASSIGN_OR_RETURN(const Due due, FindDue(decoded));
    if (patient_ && !waited && !more && due.signed_whole) {
      waited_until_ = next;
      return false;
    }
    RETURN_IF_ERROR(FetchBlocks(due));
    decoded.step.signer = signer_name_;
    decoded.step.next_index = next;
    // The commit point. A crash before it follows the page again.
    RETURN_IF_ERROR(inventory_.ApplyLedgerStep(decoded.step));
    followed_ = next;
  }
  if (!more) {
    caught_up_ = true;
    whole_ = true;
  }
  return more;
}

absl::StatusOr<LedgerFollower::Page> LedgerFollower::Decode(
    const LedgerPage& entries, uint64_t from) {
  Page page;
  std::map<std::pair<std::string, std::string>, std::string> blocks;
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
  return page;
}

absl::StatusOr<LedgerFollower::Due> LedgerFollower::FindDue(const Page& page) {
  // Block -> the version that it must have; 0: whatever the signer makes of a
  // change that no manifest of this page covers.
  std::map<std::string, uint64_t> wanted;
  for (const auto& [block_id, manifest] : page.manifests) {
    if (keeper_.SeenVersion(block_id) < manifest.version) {
      wanted[block_id] = manifest.version;
    }
  }
  for (const auto& [block_id, index] : page.changed) {
    const auto covered = page.manifests.find(block_id);
    if (covered == page.manifests.end() || covered->second.ledger_size <= index)
      wanted[block_id] = 0;
  }
  Due due;
  if (wanted.empty()) return due;
  ASSIGN_OR_RETURN(const auto versions, inventory_.BlockVersions());
  for (const auto& [block_id, version] : wanted) {
    const auto found = versions.find(block_id);
    const uint64_t have = found == versions.end() ? 0 : found->second;
    if (version != 0 && have >= version) continue;
    due.blocks[block_id] = have;
    const auto manifest = page.manifests.find(block_id);
    if (version != 0 && manifest->second.whole) due.signed_whole = true;
  }
  return due;
}

absl::Status LedgerFollower::FetchBlocks(const Due& due) {
  for (const auto& [block_id, have] : due.blocks) {
    // Whoever compares the signer's list with the inventory comes back to one
    // that could not be fetched.
    RETURN_IF_ERROR(
        FetchAndOffer(keeper_, sink_, log_, block_id, have).status());
  }
  return absl::OkStatus();
}

}  // namespace chancery::refresher
