#include "audit/head_check.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/bytes.h"

namespace chancery::audit {
namespace {

Finding About(Kind kind, std::string text, const block::Head& head,
              const std::string& where) {
  return Finding(kind, std::move(text))
      .With("where", where)
      .With("time", head.time)
      .With("size", head.ledger_size);
}

// The version that each block has at `ledger_size` which holds a response that
// lives.
std::map<std::string, uint64_t> IndexOf(const Replay& replay,
                                        uint64_t ledger_size) {
  std::map<std::string, uint64_t> index;
  for (const AuditedBlock& block : replay.blocks().blocks()) {
    const ManifestRef* const newest = block.NewestOf(ledger_size);
    if (newest != nullptr && newest->lives) index[block.id] = newest->version;
  }
  return index;
}

// A block's id begins with so much of its issuer's.
constexpr size_t kIssuerPrefix = 8;

// Whether the block is of an issuer whose ledger this is: heads also name those
// of signers without a network, which have ledgers of their own.
bool IsOurs(const Replay& replay, const std::string& block) {
  const std::string prefix = block.substr(0, kIssuerPrefix);
  if (replay.issuers().HasPrefix(prefix)) return true;
  const auto& blocks = replay.blocks().blocks();
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const AuditedBlock& one) {
                       return one.id.compare(0, kIssuerPrefix, prefix) == 0;
                     });
}

// The first entry that no manifest reflected at `ledger_size`, at the earliest.
bool Reflects(const Replay& replay, const block::Head& head) {
  for (const AuditedBlock& block : replay.blocks().blocks()) {
    const ManifestRef* const newest = block.NewestOf(head.ledger_size);
    const uint64_t reflected = newest == nullptr ? 0 : newest->ledger_size;
    for (const CertificateNumber number : block.members) {
      const uint64_t changed =
          replay.certificates().ChangedIndex(number, head.reflected_size);
      if (changed < head.reflected_size && changed >= reflected) return false;
    }
  }
  return true;
}

}  // namespace

std::optional<block::OpenedHead> CheckHeadSignature(
    const block::SignedHead& head, const PinnedKeys& keys,
    const std::string& where, Findings& findings) {
  auto opened = block::OpenHead(head, keys.set());
  if (opened.ok()) return *std::move(opened);
  findings.Add(
      Finding(Kind::kHeadNotVerified, std::string(opened.status().message()))
          .With("where", where));
  return std::nullopt;
}

void CheckHead(const Replay& replay, const block::OpenedHead& opened,
               const std::string& where, Findings& findings) {
  const block::Head& head = opened.head;
  if (head.ledger_size > replay.size()) {
    // TRUST 2.9.
    findings.Add(About(Kind::kLedgerWentBack,
                       "the ledger is behind a head that its signer signed",
                       head, where)
                     .With("found", replay.size()));
    return;
  }
  const auto root = replay.RootAt(head.ledger_size);
  if (root.has_value() && *root != head.ledger_root) {
    findings.Add(About(Kind::kHeadRootDiffers,
                       "a head's root is not that of the ledger's entries",
                       head, where)
                     .With("expected", base::Bytes(*root))
                     .With("found", base::Bytes(head.ledger_root)));
  }
  std::map<std::string, uint64_t> expected = IndexOf(replay, head.ledger_size);
  const auto differs = [&](const std::string& block, uint64_t meant,
                           uint64_t found) {
    findings.Add(About(Kind::kHeadIndexDiffers,
                       "a head's index has not the version that the ledger "
                       "has of a block; 0: none",
                       head, where)
                     .With("block", base::AsBytes(block))
                     .With("expected", meant)
                     .With("found", found));
  };
  for (const auto& [id, version] : opened.index.versions) {
    const std::string block = base::ToString(id);
    const auto meant = expected.find(block);
    const uint64_t version_meant = meant == expected.end() ? 0 : meant->second;
    if (version_meant != version &&
        (version_meant != 0 || IsOurs(replay, block)))
      differs(block, version_meant, version);
    if (meant != expected.end()) expected.erase(meant);
  }
  for (const auto& [block, version] : expected) differs(block, version, 0);
  if (!Reflects(replay, head)) {
    findings.Add(About(Kind::kHeadIndexDiffers,
                       "a head says that it reflects entries that no manifest "
                       "did",
                       head, where)
                     .With("found", head.reflected_size));
  }
}

}  // namespace chancery::audit
