#include "signer/testing/ledger_rules.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "gtest/gtest.h"
#include "signer/ledger/ledger_audit.h"

namespace chancery::signer::testing {

std::vector<ledger::Entry> EntriesOf(const Ledger& ledger) {
  std::vector<ledger::Entry> entries;
  const uint64_t size = ledger.Head().size;
  while (entries.size() < size) {
    const auto range = ledger.ReadEntries(entries.size(), 1 << 20, 1000);
    if (!range.ok() || range->entries.empty()) {
      ADD_FAILURE() << range.status();
      break;
    }
    for (const std::string& bytes : range->entries) {
      auto entry = ledger::ParseEntry(base::AsBytes(bytes));
      EXPECT_TRUE(entry.ok()) << entry.status();
      if (entry.ok()) entries.push_back(*std::move(entry));
    }
  }
  return entries;
}

void ExpectLedgerKeepsTheRules(const Ledger& ledger, FakeDisk& disk) {
  // (issuer, serial) -> block; block -> the last entry that changed a member.
  std::map<std::pair<std::string, std::string>, std::string> block_of;
  std::map<std::string, uint64_t> changed;
  std::map<std::string, ledger::ManifestEntry> manifests;
  std::map<std::pair<std::string, uint32_t>, ledger::CrlEntry> crls;
  for (const ledger::Entry& entry : EntriesOf(ledger)) {
    if (const auto* c = std::get_if<ledger::CertificateEntry>(&entry.body)) {
      const auto serial = std::make_pair(c->issuer_id, c->serial);
      EXPECT_TRUE(block_of.emplace(serial, c->block_id).second)
          << "a serial twice";
      changed[c->block_id] = entry.index;
    }
    if (const auto* s = std::get_if<ledger::StatusEntry>(&entry.body)) {
      const auto block = block_of.find({s->issuer_id, s->serial});
      ASSERT_NE(block, block_of.end()) << "a serial that was never issued";
      changed[block->second] = entry.index;
    }
    if (const auto* m = std::get_if<ledger::ManifestEntry>(&entry.body)) {
      EXPECT_LE(m->this_update, entry.time);
      EXPECT_LE(m->ledger_size, entry.index);
      EXPECT_LT(changed[m->block_id], m->ledger_size)
          << "a manifest that does not know of a member's last change";
      const auto before = manifests.find(m->block_id);
      if (before != manifests.end()) {
        EXPECT_GT(m->version, before->second.version);
        EXPECT_GE(m->ledger_size, before->second.ledger_size);
      }
      manifests[m->block_id] = *m;
    }
    if (const auto* c = std::get_if<ledger::CrlEntry>(&entry.body)) {
      EXPECT_LE(c->this_update, entry.time);
      const auto before = crls.find({c->issuer_id, c->shard});
      if (before != crls.end()) {
        EXPECT_GT(c->number, before->second.number);
        EXPECT_GE(c->this_update,
                  before->second.this_update + absl::Seconds(1));
      }
      crls[{c->issuer_id, c->shard}] = *c;
    }
  }
  const absl::Status audit = AuditLedger(FakeKvStore(disk));
  EXPECT_TRUE(audit.ok()) << audit;
}

}  // namespace chancery::signer::testing
