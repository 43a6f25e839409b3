// Each write of the signer fails in turn, in each way that a disk can fail;
// then the power goes, the signer starts again and the caller repeats what it
// asked for.

#include <cstdint>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "block/record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "signer/ledger/ledger_audit.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/block_reader.h"
#include "signer/testing/ledger_rules.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::EntriesOf;
using testing::ExpectLedgerKeepsTheRules;
using testing::FakeDisk;
using ::testing::Not;
using testing::SignerWorld;

using Failure = FakeDisk::Failure;

struct Case {
  const char* name;
  Failure failure;
};

class WriteFailureTest : public ::testing::TestWithParam<Case> {
 protected:
  // A disk that lies about a sync is not found out before the power goes.
  bool Lies() const { return GetParam().failure == Failure::kIgnoredSync; }

  // `attack(world, nth)` does something whose nth write fails (0: none), looks
  // at what came of it, and returns how many writes it made until then.
  template <typename Attack>
  void ForEachWrite(Attack attack) {
    const auto run = [&](uint64_t nth) {
      SCOPED_TRACE(absl::StrCat("write ", nth));
      SignerWorld world;
      const uint64_t writes = attack(world, nth);
      ExpectLedgerKeepsTheRules(world.signer.ledger(), world.disk);
      return writes;
    };
    const uint64_t writes = run(0);
    ASSERT_GT(writes, 0u);
    for (uint64_t nth = 1; nth <= writes; ++nth) run(nth);
  }

  void Fail(SignerWorld& world, uint64_t nth) {
    world.disk.FailWrite(static_cast<int>(nth), GetParam().failure);
  }
};

INSTANTIATE_TEST_SUITE_P(
    , WriteFailureTest,
    ::testing::Values(Case{"Before", Failure::kBefore},
                      Case{"After", Failure::kAfter},
                      Case{"NotSynced", Failure::kNotSynced},
                      Case{"IgnoredSync", Failure::kIgnoredSync}),
    [](const auto& info) { return info.param.name; });

// TRUST 3: what is signed is written before it is released; a repeated request
// gets those bytes. TRUST 2.3: one certificate, whatever was lost.
TEST_P(WriteFailureTest, ARepeatedIssueEndsWithOneCertificate) {
  ForEachWrite([&](SignerWorld& world, uint64_t nth) {
    Fail(world, nth);
    const auto first = world.Issue("1");
    const uint64_t writes = world.disk.writes();
    EXPECT_EQ(first.ok(), nth == 0 || Lies());
    if (!first.ok()) {
      // Nobody knows what the disk has: nothing goes on before a restart.
      EXPECT_EQ(first.status().code(), absl::StatusCode::kUnavailable);
      EXPECT_THAT(world.Issue("1"),
                  StatusIs(absl::StatusCode::kUnavailable, ""));
      EXPECT_THAT(world.SignCrl(),
                  StatusIs(absl::StatusCode::kUnavailable, ""));
    }
    // A version that was lost with the lie is not seen: the clock goes on.
    if (Lies()) world.clock.Advance(absl::Milliseconds(1));
    EXPECT_THAT(world.PowerCut(), IsOk());
    const auto second = world.Issue("1");
    EXPECT_THAT(second, IsOk());
    if (first.ok() && !Lies()) {
      EXPECT_EQ(second->certificate, first->certificate);
    }
    const auto third = world.Issue("1");
    EXPECT_THAT(third, IsOk());
    EXPECT_EQ(third->certificate, second->certificate);
    EXPECT_THAT(world.Issue("1", testing::OpenSslCsr("other.example.com")),
                StatusIs(absl::StatusCode::kAlreadyExists, "\"1\""));
    int certificates = 0;
    for (const ledger::Entry& entry : EntriesOf(world.signer.ledger())) {
      certificates +=
          std::holds_alternative<ledger::CertificateEntry>(entry.body);
    }
    EXPECT_EQ(certificates, 1);
    EXPECT_EQ(world.Answer(second->serial).status, "good");
    EXPECT_TRUE(
        world.openssl.VerifiesCertificate(second->certificate, world.now()));
    return writes;
  });
}

// TRUST 2.2: what was once acknowledged as revoked stays so; TRUST 2.1: a
// record never says good for it again.
TEST_P(WriteFailureTest, AnAcknowledgedRevocationIsNeverLost) {
  if (Lies()) GTEST_SKIP() << "no ledger survives a disk that lies";
  ForEachWrite([&](SignerWorld& world, uint64_t nth) {
    const auto issued = world.Issue("1");
    EXPECT_THAT(issued, IsOk());
    const uint64_t before = world.disk.writes();
    Fail(world, nth);
    const auto revoked = world.Revoke("2", issued->serial, 4);
    const uint64_t writes = world.disk.writes() - before;
    // The first write is the revocation itself, the second its record.
    EXPECT_EQ(revoked.ok(), nth != 1);
    EXPECT_THAT(world.PowerCut(), IsOk());
    if (revoked.ok()) {
      EXPECT_EQ(world.State(issued->serial).status,
                CertificateStatus::kRevoked);
      // Whoever follows the ledger gets the record although signing it failed.
      const auto block = world.signer.blocks().GetBlock(
          world.State(issued->serial).block_id, 0);
      EXPECT_THAT(block, IsOk());
      EXPECT_THAT(world.reader.Take(block->updates), IsOk());
      EXPECT_EQ(world.Answer(issued->serial).status, "revoked");
    }
    const auto again = world.Revoke("2", issued->serial, 4);
    EXPECT_THAT(again, IsOk());
    EXPECT_TRUE(again->revoked);
    EXPECT_EQ(again->reason, 4);
    const auto answer = world.Answer(issued->serial);
    EXPECT_EQ(answer.status, "revoked");
    EXPECT_EQ(answer.reason, "superseded");
    EXPECT_EQ(answer.revoked_at, again->revoked_at);
    const auto crl = world.SignCrl();
    EXPECT_THAT(crl, IsOk());
    EXPECT_EQ(world.openssl.ReadCrl(crl->der).entries.count(issued->serial),
              1u);
    return writes;
  });
}

// TRUST 2.6, 2.8, 3: a manifest that left is in the ledger; no version is given
// out twice with different contents (the reader would notice).
TEST_P(WriteFailureTest, NoVersionOfABlockIsSignedTwice) {
  if (Lies()) GTEST_SKIP() << "no ledger survives a disk that lies";
  ForEachWrite([&](SignerWorld& world, uint64_t nth) {
    const auto issued = world.Issue("1");
    EXPECT_THAT(issued, IsOk());
    world.clock.Advance(absl::Hours(1));
    const uint64_t before = world.disk.writes();
    Fail(world, nth);
    const auto resigned = world.SignBlockOf(issued->serial);
    const uint64_t writes = world.disk.writes() - before;
    EXPECT_EQ(resigned.ok(), nth == 0);
    EXPECT_THAT(world.PowerCut(), IsOk());
    EXPECT_THAT(world.SignBlockOf(issued->serial), IsOk());
    EXPECT_EQ(world.Answer(issued->serial).status, "good");
    return writes;
  });
}

// TRUST 3, 7: a CRL that left is in the ledger; the next has a higher number.
TEST_P(WriteFailureTest, NoCrlNumberIsUsedTwice) {
  if (Lies()) GTEST_SKIP() << "no ledger survives a disk that lies";
  ForEachWrite([&](SignerWorld& world, uint64_t nth) {
    const auto first = world.SignCrl();
    EXPECT_THAT(first, IsOk());
    const uint64_t before = world.disk.writes();
    Fail(world, nth);
    const auto second = world.SignCrl();
    EXPECT_EQ(second.ok(), nth == 0);
    const uint64_t writes = world.disk.writes() - before;
    EXPECT_THAT(world.PowerCut(), IsOk());
    const auto third = world.SignCrl();
    EXPECT_THAT(third, IsOk());
    const auto old = world.openssl.ReadCrl((second.ok() ? second : first)->der);
    const auto next = world.openssl.ReadCrl(third->der);
    EXPECT_TRUE(next.verified);
    EXPECT_GT(next.number, old.number);
    EXPECT_GE(next.this_update, old.this_update + absl::Seconds(1));
    return writes;
  });
}

// TRUST 2.1: a certificate that a lying disk lost does not exist. Nothing is
// said of it, not even revoked.
TEST(LostCertificateTest, IsUnknownToEveryCall) {
  SignerWorld world;
  ASSERT_THAT(world.Issue("0"), IsOk());
  world.disk.FailWrite(1, Failure::kNotSynced);
  EXPECT_THAT(world.Issue("1"), Not(IsOk()));
  const FakeDisk::Rows durable = world.disk.durable();
  ASSERT_THAT(world.PowerCut(), IsOk());
  EXPECT_EQ(world.disk.durable(), durable);
  EXPECT_THAT(AuditLedger(testing::FakeKvStore(world.disk)), IsOk());
  EXPECT_EQ(EntriesOf(world.signer.ledger()).size(), 2u);
  EXPECT_THAT(world.Revoke("2", std::string(17, '\1')),
              StatusIs(absl::StatusCode::kNotFound, "never issued"));
}

// Rows of signed bytes, which no entry can bring back: 'd' and 'v' (FORMAT.md).
bool HoldsSignedBytes(const std::string& key) {
  return key[0] == 'd' || key[0] == 'v';
}

// TRUST 3: the state follows from the entries, so an audit notices each row
// that was set back alone. Signed bytes that were set back never say good of
// what is revoked (TRUST 2.1).
TEST(DamagedLedgerTest, NoRowGoesBackUnnoticed) {
  SignerWorld world;
  const auto issued = world.Issue("1");
  ASSERT_THAT(issued, IsOk());
  const std::string block_id = world.State(issued->serial).block_id;
  const FakeDisk::Rows before = world.disk.durable();
  ASSERT_THAT(world.Revoke("2", issued->serial, 1), IsOk());
  const FakeDisk::Rows after = world.disk.durable();
  int rows = 0;
  for (const auto& [key, value] : after) {
    const auto old = before.find(key);
    if (old != before.end() && old->second == value) continue;
    SCOPED_TRACE(base::Hex(base::AsBytes(key)));
    ++rows;
    FakeDisk::Rows damaged = after;
    if (old == before.end()) {
      damaged.erase(key);
    } else {
      damaged[key] = old->second;
    }
    world.signer.Kill();
    world.disk.set_durable(damaged);
    if (!HoldsSignedBytes(key)) {
      EXPECT_THAT(AuditLedger(testing::FakeKvStore(world.disk)),
                  StatusIs(absl::StatusCode::kDataLoss, "ledger"));
      continue;
    }
    ASSERT_THAT(world.signer.Start(), IsOk());
    const auto block = world.signer.blocks().GetBlock(block_id, 0);
    if (!block.ok()) {
      EXPECT_EQ(block.status().code(), absl::StatusCode::kDataLoss);
      continue;
    }
    testing::BlockReader reader(world.pki.KeySet());
    ASSERT_THAT(reader.Take(block->updates), IsOk());
    EXPECT_EQ(reader.Record(issued->serial).status,
              block::RecordStatus::kRevoked);
  }
  EXPECT_GT(rows, 5);
}

}  // namespace
}  // namespace chancery::signer
