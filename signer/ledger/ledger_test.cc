#include "signer/ledger/ledger.h"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/ledger/ledger_audit.h"
#include "signer/ledger/rows.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/ledger/testing/sample_certificates.h"

namespace chancery::signer {
namespace {

using ::chancery::base::testing::IsOk;
using ::chancery::base::testing::StatusIs;
using testing::ChangeSample;
using ::testing::ElementsAre;
using testing::FakeDisk;
using ::testing::IsEmpty;
using testing::IssueSample;
using testing::SampleIssuerId;
using testing::SampleSerial;

constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
const absl::Time kStart = absl::FromUnixMicros(1700000000500000);

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() { Open(); }

  absl::Status TryOpen(Ledger::Options options = {}) {
    ledger_.reset();
    auto opened = Ledger::Open(std::make_unique<testing::FakeKvStore>(disk_),
                               clock_, options);
    if (opened.ok()) ledger_ = *std::move(opened);
    return opened.status();
  }
  void Open(Ledger::Options options = {}) {
    ASSERT_THAT(TryOpen(options), IsOk());
  }

  absl::Status Issue(uint64_t serial, const std::string& request_id = "") {
    return ledger_->Execute([&](Transaction& tx) {
      return IssueSample(tx, {.serial = serial, .request_id = request_id})
          .status();
    });
  }
  absl::Status Change(uint64_t serial, ledger::StatusChange change,
                      uint8_t reason) {
    return ledger_->Execute([&](Transaction& tx) {
      return ChangeSample(tx, serial, change, reason).status();
    });
  }
  absl::Status Manifest(const std::string& block_id, uint64_t version) {
    return ledger_->Execute([&](Transaction& tx) {
      ledger::ManifestEntry entry;
      entry.block_id = block_id;
      entry.version = version;
      entry.ledger_size = tx.ledger_size();
      entry.this_update = absl::FromUnixSeconds(absl::ToUnixSeconds(tx.time()));
      entry.refresh_at = entry.this_update + absl::Hours(48);
      entry.manifest = absl::StrCat("manifest ", version);
      return tx.Append(std::move(entry)).status();
    });
  }
  absl::Status Crl(uint64_t number, uint64_t ledger_size) {
    return ledger_->Execute([&](Transaction& tx) {
      ledger::CrlEntry crl;
      crl.issuer_id = SampleIssuerId();
      crl.number = number;
      crl.this_update = absl::FromUnixSeconds(absl::ToUnixSeconds(tx.time()));
      crl.next_update = crl.this_update + absl::Hours(96);
      crl.ledger_size = ledger_size;
      crl.crl_sha256 = std::string(32, static_cast<char>(number));
      return tx.Append(crl).status();
    });
  }
  std::vector<std::string> OnCrl() {
    std::vector<std::string> serials;
    const auto view = ledger_->Read();
    EXPECT_THAT((*view)->state().RevokedCertificates(
                    SampleIssuerId(), 0,
                    [&](const RevokedCertificate& revoked) {
                      serials.push_back(revoked.serial);
                      return absl::OkStatus();
                    }),
                IsOk());
    return serials;
  }

  FakeDisk disk_;
  base::testing::FakeClock clock_{kStart};
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, IsEmptyAtFirst) {
  const auto view = ledger_->Read();
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ((*view)->head().size, 0u);
  EXPECT_EQ((*view)->head().root, merkle::EmptyRoot());
  EXPECT_EQ((*view)->time(), kStart);
}

TEST_F(LedgerTest, SaysOkOnlyAfterASync) {
  ASSERT_THAT(Issue(1), IsOk());
  EXPECT_EQ(disk_.syncs(), 1u);
  disk_.Crash();
  Open();
  const auto view = ledger_->Read();
  ASSERT_THAT(view, IsOk());
  const auto certificate =
      (*view)->state().Certificate(SampleIssuerId(), SampleSerial(1));
  ASSERT_THAT(certificate, IsOk());
  EXPECT_EQ(certificate->status, CertificateStatus::kGood);
  EXPECT_EQ(*(*view)->state().CertificateDer(*certificate), "certificate 1");
  EXPECT_THAT((*view)->state().Certificate(SampleIssuerId(), SampleSerial(2)),
              StatusIs(absl::StatusCode::kNotFound, "serial"));
}

TEST_F(LedgerTest, ACommandThatFailsLeavesNothing) {
  EXPECT_THAT(ledger_->Execute([](Transaction& tx) -> absl::Status {
    EXPECT_THAT(IssueSample(tx, {.serial = 1}), IsOk());
    EXPECT_THAT(tx.state().Certificate(SampleIssuerId(), SampleSerial(1)),
                IsOk());
    EXPECT_EQ(tx.ledger_size(), 1u);
    return absl::AbortedError("changed its mind");
  }),
              StatusIs(absl::StatusCode::kAborted, "changed its mind"));
  EXPECT_EQ(ledger_->Head().size, 0u);
  EXPECT_TRUE(disk_.durable().empty());
  EXPECT_THAT(Issue(1), IsOk());
}

TEST_F(LedgerTest, AnAppendThatFailsLeavesNothingInItsCommand) {
  ASSERT_THAT(Issue(1), IsOk());
  ASSERT_THAT(ledger_->Execute([](Transaction& tx) -> absl::Status {
    EXPECT_THAT(IssueSample(tx, {.serial = 1}),
                StatusIs(absl::StatusCode::kAlreadyExists, "serial"));
    return IssueSample(tx, {.serial = 2}).status();
  }),
              IsOk());
  EXPECT_EQ(ledger_->Head().size, 2u);
}

TEST_F(LedgerTest, AFailedWriteEndsItUntilItIsOpenedAgain) {
  disk_.FailWrite(1, FakeDisk::Failure::kNotSynced);
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  EXPECT_THAT(Issue(1), StatusIs(kUnavailable, "opened again"));
  EXPECT_THAT(Issue(2), StatusIs(kUnavailable, "opened again"));
  EXPECT_THAT(ledger_->Read(), StatusIs(kUnavailable, "opened again"));
  EXPECT_THAT(ledger_->ReadEntries(0, 1, 1),
              StatusIs(kUnavailable, "opened again"));
  disk_.Crash();
  Open();
  EXPECT_EQ(ledger_->Head().size, 0u);
  EXPECT_THAT(Issue(2), IsOk());
}

TEST_F(LedgerTest, AReadOnlyCommandWritesNothing) {
  EXPECT_THAT(ledger_->Execute([](Transaction&) { return absl::OkStatus(); }),
              IsOk());
  EXPECT_EQ(disk_.writes(), 0u);
}

TEST_F(LedgerTest, ARequestIdBelongsToOneRequest) {
  ASSERT_THAT(Issue(1, "r"), IsOk());
  ASSERT_THAT(Issue(2), IsOk());
  ledger::Origin origin{.caller = "spiffe://test/authority/1",
                        .requester = "spiffe://test/client/1",
                        .request_id = "r"};
  const auto view = ledger_->Read();
  const auto known = (*view)->state().Request(origin);
  ASSERT_THAT(known, IsOk());
  ASSERT_TRUE(known->has_value());
  EXPECT_EQ((*known)->index, 0u);
  EXPECT_EQ((*known)->request_hash, std::string(32, 'h'));
  origin.requester = "spiffe://test/client/2";
  EXPECT_EQ(*(*view)->state().Request(origin), std::nullopt);

  EXPECT_THAT(ledger_->Execute([](Transaction& tx) {
    ledger::StatusEntry change;
    change.issuer_id = SampleIssuerId();
    change.serial = SampleSerial(1);
    change.reason = 1;
    change.revoked_at = absl::UnixEpoch();
    change.origin = {.caller = "spiffe://test/authority/1",
                     .requester = "spiffe://test/client/1",
                     .request_id = "r",
                     .request_hash = std::string(32, 'x')};
    return tx.Append(change).status();
  }),
              StatusIs(absl::StatusCode::kAlreadyExists, "another request"));
}

TEST_F(LedgerTest, TimeNeverFalls) {
  ASSERT_THAT(Issue(1), IsOk());
  clock_.Advance(absl::Milliseconds(-400));  // The same second.
  ASSERT_THAT(Issue(2), IsOk());
  const auto view = ledger_->Read();
  EXPECT_EQ((*view)->state().EntryAt(1)->time, kStart);
  clock_.Advance(absl::Milliseconds(-200));
  EXPECT_THAT(Issue(3), StatusIs(kPrecondition, "clock is behind the ledger"));
  EXPECT_THAT(ledger_->Read(),
              StatusIs(kPrecondition, "clock is behind the ledger"));
  EXPECT_THAT(ledger_->ReadEntries(0, 1 << 20, 10), IsOk());
  Open({.confirm_clock = true});
  EXPECT_THAT(Issue(3), StatusIs(kPrecondition, "clock is behind the ledger"));
}

TEST_F(LedgerTest, ALeapOfTheClockIsConfirmedOnce) {
  const Ledger::Options options = {.max_clock_gap = absl::Hours(1)};
  Open(options);
  ASSERT_THAT(Issue(1), IsOk());
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Issue(2), IsOk());
  clock_.Advance(absl::Hours(1) + absl::Seconds(1));
  EXPECT_THAT(Issue(3), StatusIs(kPrecondition, "clock is too far ahead"));
  Open({.max_clock_gap = absl::Hours(1), .confirm_clock = true});
  EXPECT_THAT(ledger_->Read(), IsOk());
  ASSERT_THAT(Issue(3), IsOk());
  clock_.Advance(absl::Hours(2));
  EXPECT_THAT(Issue(4), StatusIs(kPrecondition, "clock is too far ahead"));
}

TEST_F(LedgerTest, FillsBlocksInOrderAndClosesThem) {
  for (uint64_t serial = 0; serial < 6; ++serial) {
    ASSERT_THAT(Issue(serial), IsOk());
  }
  clock_.Advance(absl::Hours(24));
  ASSERT_THAT(Issue(6), IsOk());
  const auto view = ledger_->Read();
  std::vector<std::string> shapes;
  ASSERT_THAT((*view)->state().Blocks([&](const BlockState& block) {
    shapes.push_back(absl::StrCat(block.count, block.open ? " open" : ""));
    EXPECT_EQ(block.changes, block.count);
    EXPECT_TRUE(block.HasUnsignedChanges());
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(shapes, ElementsAre("4", "2", "1 open"));

  std::vector<uint32_t> places;
  ASSERT_THAT((*view)->state().Members(MakeBlockId(SampleIssuerId(), 1),
                                       [&](const CertificateState& member) {
                                         places.push_back(member.place);
                                         return absl::OkStatus();
                                       }),
              IsOk());
  EXPECT_THAT(places, ElementsAre(0, 1));
}

TEST_F(LedgerTest, RefusesAPlaceThatIsNotTheNext) {
  ASSERT_THAT(Issue(1), IsOk());
  ledger::CertificateEntry made;
  {
    const auto view = ledger_->Read();
    made =
        std::get<ledger::CertificateEntry>((*view)->state().EntryAt(0)->body);
  }
  made.serial = SampleSerial(2);
  const auto append = [&] {
    return ledger_->Execute(
        [&](Transaction& tx) { return tx.Append(made).status(); });
  };
  EXPECT_THAT(append(), StatusIs(kPrecondition, "place: 0"));
  made.place = 2;
  EXPECT_THAT(append(), StatusIs(kPrecondition, "place: 2"));
  made.place = 1;
  made.block_capacity = 8;
  EXPECT_THAT(append(), StatusIs(kPrecondition, "capacity"));
  made.block_id = MakeBlockId(SampleIssuerId(), 7);
  EXPECT_THAT(append(), StatusIs(kPrecondition, "next block"));
}

TEST_F(LedgerTest, KnowsWhatASigningDoesNotReflect) {
  ASSERT_THAT(Issue(1), IsOk());
  ASSERT_THAT(Issue(2), IsOk());
  const std::string id = MakeBlockId(SampleIssuerId(), 0);
  ASSERT_THAT(Manifest(id, 10), IsOk());
  ASSERT_THAT(Change(2, ledger::StatusChange::kRevoke, 1), IsOk());
  const auto view = ledger_->Read();
  const auto block = (*view)->state().Block(id);
  ASSERT_THAT(block, IsOk());
  EXPECT_TRUE(block->HasUnsignedChanges());
  EXPECT_EQ(block->version, 10u);
  EXPECT_EQ(block->changes, 3u);
  EXPECT_EQ(block->signed_ledger_size, 2u);
  EXPECT_EQ(*(*view)->state().ManifestSha256(id, 10), block->manifest_sha256);
  std::vector<std::string> changed;
  ASSERT_THAT(
      (*view)->state().ChangedMembers(id, block->signed_ledger_size,
                                      [&](const CertificateState& member) {
                                        changed.push_back(member.serial);
                                        return absl::OkStatus();
                                      }),
      IsOk());
  EXPECT_THAT(changed, ElementsAre(SampleSerial(2)));
  int blocks = 0;
  const auto count = [&](const BlockState&) {
    ++blocks;
    return absl::OkStatus();
  };
  ASSERT_THAT((*view)->state().BlocksChangedSince(3, count), IsOk());
  EXPECT_EQ(blocks, 1);
  ASSERT_THAT((*view)->state().BlocksChangedSince(4, count), IsOk());
  EXPECT_EQ(blocks, 1);
  EXPECT_THAT(Manifest(id, 10), StatusIs(kPrecondition, "version: 10"));
  EXPECT_THAT(Manifest("no such block id", 11),
              StatusIs(absl::StatusCode::kNotFound, "block"));
}

TEST_F(LedgerTest, DeltasLeadFromTheBlockToThePresent) {
  ASSERT_THAT(Issue(1), IsOk());
  const std::string id = MakeBlockId(SampleIssuerId(), 0);
  const auto put = [&](uint64_t version) {
    return ledger_->Execute([&](Transaction& tx) {
      return tx.PutBlock(id, version, absl::StrCat("block ", version));
    });
  };
  const auto append = [&](uint64_t base, uint64_t version) {
    return ledger_->Execute([&](Transaction& tx) {
      return tx.AppendDelta(id, base, version, absl::StrCat("delta ", version));
    });
  };
  ASSERT_THAT(Manifest(id, 5), IsOk());
  EXPECT_THAT(append(0, 5), StatusIs(kPrecondition, "needs a stored block"));
  EXPECT_THAT(put(4), StatusIs(kPrecondition, "version 4"));
  ASSERT_THAT(put(5), IsOk());
  EXPECT_THAT(append(5, 5), StatusIs(kPrecondition, "from version 5 to 5"));
  ASSERT_THAT(Manifest(id, 6), IsOk());
  EXPECT_THAT(append(4, 6), StatusIs(kPrecondition, "does not lead from 5"));
  ASSERT_THAT(append(5, 6), IsOk());
  ASSERT_THAT(Manifest(id, 300), IsOk());
  ASSERT_THAT(append(6, 300), IsOk());
  {
    const auto view = ledger_->Read();
    EXPECT_EQ((*view)->state().BlockBytes(id)->bytes, "block 5");
    const auto deltas = (*view)->state().Deltas(id);
    ASSERT_THAT(deltas, IsOk());
    ASSERT_EQ(deltas->size(), 2u);
    EXPECT_EQ((*deltas)[0].base_version, 5u);
    EXPECT_EQ((*deltas)[1].version, 300u);
    EXPECT_EQ((*deltas)[1].bytes, "delta 300");
  }
  ASSERT_THAT(Manifest(id, 301), IsOk());
  ASSERT_THAT(put(301), IsOk());
  const auto view = ledger_->Read();
  EXPECT_EQ((*view)->state().BlockBytes(id)->version, 301u);
  EXPECT_THAT(*(*view)->state().Deltas(id), IsEmpty());
}

TEST_F(LedgerTest, ATemplateNeverChanges) {
  const auto put = [&](const std::string& bytes) {
    return ledger_->Execute(
        [&](Transaction& tx) { return tx.PutTemplate("id", bytes); });
  };
  ASSERT_THAT(put("one"), IsOk());
  ASSERT_THAT(put("one"), IsOk());
  EXPECT_THAT(put("two"), StatusIs(absl::StatusCode::kAlreadyExists, "6964"));
  EXPECT_EQ(*(*ledger_->Read())->state().Template("id"), "one");
}

// TRUST 7: an entry leaves only after CRLs that follow its end named it.
TEST_F(LedgerTest, ACertificateStaysOnTheCrlPastItsEnd) {
  ASSERT_THAT(ledger_->Execute([](Transaction& tx) -> absl::Status {
    EXPECT_THAT(IssueSample(tx, {.serial = 1, .lifetime = absl::Hours(1)}),
                IsOk());
    EXPECT_THAT(IssueSample(tx, {.serial = 2}), IsOk());
    EXPECT_THAT(IssueSample(tx, {.serial = 3, .lifetime = absl::Hours(1)}),
                IsOk());
    EXPECT_THAT(ChangeSample(tx, 1, ledger::StatusChange::kRevoke, 1), IsOk());
    return ChangeSample(tx, 2, ledger::StatusChange::kHold, 6).status();
  }),
              IsOk());
  EXPECT_THAT(OnCrl(), ElementsAre(SampleSerial(1), SampleSerial(2)));
  ASSERT_THAT(Crl(1, 5), IsOk());
  clock_.Advance(absl::Hours(2));
  ASSERT_THAT(Crl(2, 6), IsOk());  // The first past its end.
  EXPECT_THAT(OnCrl(), ElementsAre(SampleSerial(1), SampleSerial(2)));
  clock_.Advance(absl::Hours(1));
  // Revoked past its end, after what the third CRL reflects: it must be on the
  // fourth.
  ASSERT_THAT(Change(3, ledger::StatusChange::kRevoke, 4), IsOk());
  ASSERT_THAT(Crl(3, 7), IsOk());
  EXPECT_THAT(OnCrl(), ElementsAre(SampleSerial(2), SampleSerial(3)));
  ASSERT_THAT(Change(2, ledger::StatusChange::kRelease, 0), IsOk());
  EXPECT_THAT(OnCrl(), ElementsAre(SampleSerial(3)));
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Crl(4, 9), IsOk());
  EXPECT_THAT(OnCrl(), IsEmpty());
}

TEST_F(LedgerTest, CrlNumbersAndTimesOnlyGrow) {
  ASSERT_THAT(Crl(7, 0), IsOk());
  EXPECT_THAT(Crl(8, 1), StatusIs(kPrecondition, "this update"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Crl(7, 1), StatusIs(kPrecondition, "CRL number: 7"));
  EXPECT_THAT(Crl(8, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, "ledger size: 2"));
  ASSERT_THAT(Crl(8, 1), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Crl(9, 0), StatusIs(kPrecondition, "ledger size: 0"));
  const auto view = ledger_->Read();
  const auto crl = (*view)->state().Crl(SampleIssuerId(), 0);
  ASSERT_THAT(crl, IsOk());
  ASSERT_TRUE(crl->has_value());
  EXPECT_EQ((*crl)->number, 8u);
  EXPECT_EQ((*crl)->crl_sha256, std::string(32, 8));
  EXPECT_EQ(*(*view)->state().Crl(SampleIssuerId(), 1), std::nullopt);
}

TEST_F(LedgerTest, NothingIsSignedForTheFuture) {
  ASSERT_THAT(Issue(1), IsOk());
  EXPECT_THAT(ledger_->Execute([](Transaction& tx) {
    ledger::ManifestEntry entry;
    entry.block_id = MakeBlockId(SampleIssuerId(), 0);
    entry.version = 1;
    entry.this_update =
        absl::FromUnixSeconds(absl::ToUnixSeconds(tx.time()) + 1);
    entry.refresh_at = absl::InfiniteFuture();
    entry.manifest = "m";
    return tx.Append(entry).status();
  }),
              StatusIs(absl::StatusCode::kInvalidArgument, "in the future"));
}

TEST_F(LedgerTest, AViewDoesNotMove) {
  ASSERT_THAT(Issue(1), IsOk());
  const auto view = ledger_->Read();
  ASSERT_THAT(Issue(2), IsOk());
  ASSERT_THAT(Change(1, ledger::StatusChange::kRevoke, 1), IsOk());
  EXPECT_EQ((*view)->head().size, 1u);
  EXPECT_EQ(
      (*view)->state().Certificate(SampleIssuerId(), SampleSerial(1))->status,
      CertificateStatus::kGood);
}

TEST_F(LedgerTest, FeedsItsEntriesInPieces) {
  for (uint64_t serial = 0; serial < 5; ++serial) {
    ASSERT_THAT(Issue(serial), IsOk());
  }
  std::vector<merkle::Hash> leaves;
  for (uint64_t from = 0; from < 5;) {
    const auto range = ledger_->ReadEntries(from, 1, 10);
    ASSERT_THAT(range, IsOk());
    ASSERT_EQ(range->entries.size(), 1u);  // One even if it is too large.
    leaves.push_back(merkle::LeafHash(base::AsBytes(range->entries[0])));
    from += range->entries.size();
  }
  EXPECT_EQ(merkle::RootOf(leaves), ledger_->Head().root);
  EXPECT_EQ(ledger_->ReadEntries(1, 1 << 20, 3)->entries.size(), 3u);
  EXPECT_EQ(ledger_->ReadEntries(1, 1 << 20, 10)->entries.size(), 4u);
  EXPECT_THAT(ledger_->ReadEntries(5, 1 << 20, 10)->entries, IsEmpty());
  EXPECT_THAT(ledger_->ReadEntries(6, 1 << 20, 10),
              StatusIs(absl::StatusCode::kOutOfRange, "from: 6"));
}

TEST_F(LedgerTest, OpensAcrossCheckpoints) {
  for (uint64_t size : {1023, 1024, 1025, 2050}) {
    ASSERT_THAT(ledger_->Execute([&](Transaction& tx) -> absl::Status {
      while (tx.ledger_size() < size) {
        const auto index = IssueSample(
            tx, {.serial = tx.ledger_size(), .block_capacity = 4096});
        if (!index.ok()) return index.status();
      }
      return absl::OkStatus();
    }),
                IsOk());
    const TreeHead head = ledger_->Head();
    Open();
    EXPECT_EQ(ledger_->Head().size, size);
    EXPECT_EQ(ledger_->Head().root, head.root);
    EXPECT_EQ(ledger_->Head().last_time, head.last_time);
  }
  EXPECT_THAT(AuditLedger(testing::FakeKvStore(disk_)), IsOk());
}

// Two logs that are one up to entry 1,022, and in each others from there on.
TEST_F(LedgerTest, KnowsWhetherItGoesOnAsAnotherOne) {
  const auto grow = [this](uint64_t size) {
    return ledger_->Execute([&](Transaction& tx) -> absl::Status {
      while (tx.ledger_size() < size) {
        const auto index = IssueSample(
            tx, {.serial = tx.ledger_size(), .block_capacity = 4096});
        if (!index.ok()) return index.status();
      }
      return absl::OkStatus();
    });
  };
  ASSERT_THAT(grow(1022), IsOk());
  const FakeDisk::Rows shared = disk_.durable();
  ASSERT_THAT(grow(1030), IsOk());
  const std::vector<std::string> all =
      ledger_->ReadEntries(0, 1 << 30, 2000)->entries;
  const auto theirs = [&all](uint64_t from, uint64_t to) {
    return std::vector<std::string>(all.begin() + static_cast<int64_t>(from),
                                    all.begin() + static_cast<int64_t>(to));
  };
  std::vector<merkle::Hash> leaves;
  for (const std::string& entry : all) {
    leaves.push_back(merkle::LeafHash(base::AsBytes(entry)));
  }
  const auto root = [&leaves](uint64_t size) {
    return merkle::RootOf(std::span(leaves).first(size));
  };
  const auto goes_on = [&](uint64_t from, uint64_t to) {
    const auto same = ledger_->GoesOnWith(from, theirs(from, to), root(to));
    EXPECT_THAT(same, IsOk()) << from << " to " << to;
    return same.value_or(false);
  };
  EXPECT_TRUE(goes_on(0, 1030));
  EXPECT_TRUE(goes_on(1020, 1025));
  EXPECT_TRUE(goes_on(1030, 1030));

  disk_.set_durable(shared);
  Open();
  EXPECT_TRUE(goes_on(1000, 1030));
  EXPECT_TRUE(goes_on(1022, 1030));
  clock_.Advance(absl::Seconds(1));  // The entries of the fork are of later.
  for (const uint64_t size : {1023, 1024, 1025}) {
    ASSERT_THAT(grow(size), IsOk());
    EXPECT_FALSE(goes_on(1022, 1030)) << size;
    EXPECT_FALSE(goes_on(1000, 1030)) << size;
    EXPECT_FALSE(goes_on(1022, 1023)) << size;
    EXPECT_TRUE(goes_on(1000, 1022)) << size;
  }
  const TreeHead head = ledger_->Head();
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ledger_->GoesOnWith(1023, theirs(1023, 1030), root(1030)),
              StatusIs(kInvalid, "the 7 entries from 1023 on"));
  EXPECT_THAT(ledger_->GoesOnWith(1022, theirs(1022, 1030), root(1029)),
              StatusIs(kInvalid, "root"));
  EXPECT_THAT(ledger_->GoesOnWith(1026, theirs(1026, 1030), root(1030)),
              StatusIs(absl::StatusCode::kOutOfRange, "from: 1026"));
  EXPECT_EQ(ledger_->Head().root, head.root);
}

// Each kind of row is damaged in turn; opening or the audit sees it.
TEST_F(LedgerTest, NoticesDamage) {
  for (uint64_t serial = 0; serial < 6; ++serial) {
    ASSERT_THAT(Issue(serial, absl::StrCat("r", serial)), IsOk());
  }
  ASSERT_THAT(Change(1, ledger::StatusChange::kRevoke, 1), IsOk());
  ASSERT_THAT(Manifest(MakeBlockId(SampleIssuerId(), 0), 3), IsOk());
  ASSERT_THAT(Crl(1, 8), IsOk());
  ASSERT_THAT(AuditLedger(testing::FakeKvStore(disk_)), IsOk());
  const FakeDisk::Rows whole = disk_.durable();
  constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
  int seen = 0;
  for (const auto& [key, value] : whole) {
    const auto row = static_cast<Row>(key[0]);
    const bool log = row == Row::kEntry || row == Row::kMarker;
    if (!log && !IsDerived(key[0])) continue;
    SCOPED_TRACE(key[0]);
    ++seen;
    for (const bool remove : {true, false}) {
      FakeDisk::Rows damaged = whole;
      remove ? (void)damaged.erase(key) : (void)++damaged[key].append("x")[0];
      disk_.set_durable(damaged);
      EXPECT_THAT(AuditLedger(testing::FakeKvStore(disk_)),
                  StatusIs(kDataLoss, "ledger"));
      if (log) {
        EXPECT_THAT(TryOpen(), StatusIs(kDataLoss, "ledger"));
      }
    }
  }
  EXPECT_GT(seen, 30);
  FakeDisk::Rows damaged = whole;
  damaged[EntryKey(9)] = damaged[EntryKey(8)];
  disk_.set_durable(damaged);
  EXPECT_THAT(TryOpen(), StatusIs(kDataLoss, "entry 9"));
}

}  // namespace
}  // namespace chancery::signer
