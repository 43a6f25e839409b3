#include <string>
#include <thread>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "storage/inventory_contract_test.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;

class CertificateStoreTest : public InventoryContractTest {
 protected:
  // Certificates 1 to `count`.
  void Fill(int count) {
    std::vector<CertificateRow> rows;
    for (int i = 1; i <= count; ++i) rows.push_back(Certificate(i));
    ASSERT_THAT(inventory_->AddCertificates(rows), IsOk());
  }
  CertificateRow Held(int number) {
    return *inventory_->FindCertificate(kIssuer, Certificate(number).serial);
  }
  size_t Count(const CertificateFilter& filter) {
    return inventory_->ListCertificates(filter, "", 100)->rows.size();
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, CertificateStoreTest, kKinds, NameOfKind);

void ExpectSame(const CertificateRow& a, const CertificateRow& b) {
  EXPECT_EQ(a.issuer_id, b.issuer_id);
  EXPECT_EQ(a.serial, b.serial);
  EXPECT_EQ(a.der, b.der);
  EXPECT_EQ(a.subject, b.subject);
  EXPECT_EQ(a.names, b.names);
  EXPECT_EQ(a.not_before, b.not_before);
  EXPECT_EQ(a.not_after, b.not_after);
  EXPECT_EQ(a.profile, b.profile);
  EXPECT_EQ(a.requester, b.requester);
  EXPECT_EQ(a.request_id, b.request_id);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.revoked_at, b.revoked_at);
  EXPECT_EQ(a.block_id, b.block_id);
  EXPECT_EQ(a.place, b.place);
  EXPECT_EQ(a.issued_at, b.issued_at);
  EXPECT_EQ(a.ledger_index, b.ledger_index);
}

TEST_P(CertificateStoreTest, ACertificateComesBackAsItWas) {
  CertificateRow row = Certificate(1);
  row.der.clear();
  for (int byte = 0; byte < 256; ++byte) row.der.push_back(char(byte));
  ASSERT_THAT(inventory_->AddCertificates({row}), IsOk());
  const auto found = Open()->FindCertificate(row.issuer_id, row.serial);
  ASSERT_THAT(found, IsOk());
  ExpectSame(*found, row);
  EXPECT_THAT(inventory_->FindCertificate(row.issuer_id, "other"),
              StatusIs(absl::StatusCode::kNotFound, "6f74686572"));
}

// Several rows may go to a database as arrays, of which these are the syntax.
TEST_P(CertificateStoreTest, TextsComeBackWhateverTheyLookLike) {
  std::vector<CertificateRow> rows;
  for (const char* text :
       {"", "NULL", "null", "{a,b}", "a,b", "\"", "\\", "\\\"\\", "{}", "}{",
        " a ", "'", "\\x41", "$1", "tab\ttoo", "gr\xc3\xbc\xc3\x9f"}) {
    CertificateRow row = Certificate(int(rows.size()) + 1);
    row.profile = row.requester = text;
    row.request_id = absl::StrCat(text, rows.size());
    row.der = text;
    rows.push_back(row);
  }
  ASSERT_THAT(inventory_->AddCertificates(rows), IsOk());
  for (size_t i = 0; i < rows.size(); ++i) {
    ExpectSame(Held(int(i) + 1), rows[i]);
  }
  // And where one of them is there already.
  rows.push_back(Certificate(100));
  rows.back().requester = "\\\"";
  ASSERT_THAT(inventory_->AddCertificates(rows), IsOk());
  for (size_t i = 0; i + 1 < rows.size(); ++i) {
    ExpectSame(Held(int(i) + 1), rows[i]);
  }
  ExpectSame(Held(100), rows.back());
}

TEST_P(CertificateStoreTest, ASerialIsFoundInEachIssuer) {
  CertificateRow other = Certificate(1);
  other.issuer_id = std::string(32, '\x22');
  ASSERT_THAT(inventory_->AddCertificates({other, Certificate(1)}), IsOk());
  const auto found = inventory_->FindSerial(other.serial);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->back().issuer_id, other.issuer_id);
}

TEST_P(CertificateStoreTest, AddingTwiceIsHarmless) {
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1)}), IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kRevoked, 50)),
              IsOk());
  const CertificateRow before = Held(1);
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1), Certificate(2)}),
              IsOk());
  ExpectSame(Held(1), before);
}

TEST_P(CertificateStoreTest,
       KnownOnesAmongManyAreFilledInAndRepeatedOnesHarmless) {
  CertificateRow known = Certificate(7);
  known.profile.clear();
  ASSERT_THAT(inventory_->AddCertificates({known}), IsOk());
  std::vector<CertificateRow> rows;
  for (int i = 1; i <= 250; ++i) rows.push_back(Certificate(i));
  rows.push_back(Certificate(20));
  rows.insert(rows.begin() + 40, Certificate(30));
  ASSERT_THAT(inventory_->AddCertificates(rows), IsOk());
  for (const int number : {1, 7, 20, 30, 100, 101, 200, 201, 250}) {
    ExpectSame(Held(number), Certificate(number));
  }
  EXPECT_EQ((*inventory_->CountByStatus())[CertificateStatus::kGood], 250u);

  rows.resize(120);
  rows[60].der = "other";
  rows[0] = Certificate(1000);
  EXPECT_THAT(inventory_->AddCertificates(rows),
              StatusIs(absl::StatusCode::kAlreadyExists, "other bytes"));
  EXPECT_EQ((*inventory_->CountByStatus())[CertificateStatus::kGood], 250u);
}

TEST_P(CertificateStoreTest, OtherBytesAreRefusedAndNothingIsAdded) {
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1)}), IsOk());
  CertificateRow other = Certificate(1);
  other.der = "another";
  EXPECT_THAT(inventory_->AddCertificates({Certificate(3), other}),
              StatusIs(absl::StatusCode::kAlreadyExists, "other bytes"));
  EXPECT_TRUE(inventory_->FindSerial(Certificate(3).serial)->empty());
}

TEST_P(CertificateStoreTest, WhoComesSecondFillsWhatIsMissing) {
  const CertificateRow whole = Certificate(1);
  const CertificateRow bare{.issuer_id = whole.issuer_id,
                            .serial = whole.serial,
                            .der = whole.der,
                            .not_before = whole.not_before,
                            .not_after = whole.not_after};
  ASSERT_THAT(inventory_->AddCertificates({bare}), IsOk());
  ASSERT_THAT(inventory_->AddCertificates({whole}), IsOk());
  ExpectSame(Held(1), whole);
  CertificateRow different = whole;
  different.profile = "other";
  different.place = 77;
  ASSERT_THAT(inventory_->AddCertificates({different, bare}), IsOk());
  ExpectSame(Held(1), whole);
}

// A step of the ledger looks first whether all is there, or writes first, as
// most of the step before was there or was not.
class FollowedTest : public CertificateStoreTest {
 protected:
  absl::Status Follow(std::vector<CertificateRow> rows) {
    const uint64_t from = next_++;
    return inventory_->ApplyLedgerStep({.certificates = std::move(rows),
                                        .signer = "signer",
                                        .from_index = from,
                                        .next_index = next_});
  }
  // Whoever catches up.
  void FindNothingThere() {
    ASSERT_THAT(Follow({Certificate(100 + int(next_))}), IsOk());
  }
  void FindAllThere() {
    ASSERT_THAT(inventory_->AddCertificates({Certificate(200)}), IsOk());
    ASSERT_THAT(Follow({Certificate(200)}), IsOk());
    ASSERT_THAT(Follow({Certificate(200)}), IsOk());
  }

 private:
  uint64_t next_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Kinds, FollowedTest, kKinds, NameOfKind);

TEST_P(FollowedTest, AStepFillsWhatIsMissingAndAddsWhatIsNotThere) {
  for (const bool known : {true, false}) {
    if (known) {
      FindAllThere();
    } else {
      FindNothingThere();
    }
    const int base = known ? 1 : 11;
    const CertificateRow whole = Certificate(base);
    const CertificateRow bare{.issuer_id = whole.issuer_id,
                              .serial = whole.serial,
                              .der = whole.der,
                              .not_before = whole.not_before,
                              .not_after = whole.not_after};
    ASSERT_THAT(inventory_->AddCertificates({bare, Certificate(base + 1)}),
                IsOk());
    ASSERT_THAT(Follow({whole, Certificate(base + 1), Certificate(base + 2)}),
                IsOk());
    for (int i = 0; i < 3; ++i) {
      ExpectSame(Held(base + i), Certificate(base + i));
    }
  }
}

TEST_P(FollowedTest, AStepWithOtherBytesIsRefusedWhole) {
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1)}), IsOk());
  CertificateRow other = Certificate(1);
  other.der = "another";
  FindAllThere();
  EXPECT_THAT(Follow({Certificate(3), other}),
              StatusIs(absl::StatusCode::kAlreadyExists, "other bytes"));
  EXPECT_TRUE(inventory_->FindSerial(Certificate(3).serial)->empty());
}

TEST_P(FollowedTest, AStepWithOtherBytesIsRefusedWholeWhileItCatchesUp) {
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1)}), IsOk());
  CertificateRow other = Certificate(1);
  other.der = "another";
  FindNothingThere();
  EXPECT_THAT(Follow({Certificate(3), other}),
              StatusIs(absl::StatusCode::kAlreadyExists, "other bytes"));
  EXPECT_TRUE(inventory_->FindSerial(Certificate(3).serial)->empty());
}

TEST_P(FollowedTest, AStepMayBringTheRevocationOfWhatIsThere) {
  FindAllThere();
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1)}), IsOk());
  CertificateRow revoked = Certificate(1);
  revoked.status = CertificateStatus::kRevoked;
  revoked.reason = 1;
  revoked.revoked_at = absl::FromUnixSeconds(1'700'000'000);
  revoked.ledger_index += 1000;
  ASSERT_THAT(Follow({revoked}), IsOk());
  EXPECT_EQ(Held(1).status, CertificateStatus::kRevoked);
}

TEST_P(CertificateStoreTest, ManyMayAddOneAtOnce) {
  std::vector<std::thread> writers;
  for (int t = 0; t < 3; ++t) {
    writers.emplace_back([&] {
      const auto mine = Open();
      for (int i = 1; i <= 20; ++i) {
        EXPECT_THAT(mine->AddCertificates({Certificate(i)}), IsOk());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(Count({}), 20u);
}

TEST_P(CertificateStoreTest, TextThatIsNotTextIsReplacedInNamesOnly) {
  CertificateRow row = Certificate(1);
  row.subject = std::string("CN=a\0b", 6);
  row.names = {"DNS:two\nlines", "DNS:\xff", "DNS:\xf0\x9f\x98\x80"};
  ASSERT_THAT(inventory_->AddCertificates({row}), IsOk());
  EXPECT_EQ(Held(1).subject,
            "CN=a\xef\xbf\xbd"
            "b");
  EXPECT_THAT(Held(1).names,
              ElementsAre("DNS:two\xef\xbf\xbdlines", "DNS:\xef\xbf\xbd",
                          "DNS:\xf0\x9f\x98\x80"));
  row = Certificate(2);
  row.request_id = std::string("r\0", 2);
  EXPECT_THAT(inventory_->AddCertificates({row}),
              StatusIs(absl::StatusCode::kInvalidArgument, "r\\x00"));
  EXPECT_THAT(inventory_->FindByRequest("\xff", "r"),
              StatusIs(absl::StatusCode::kInvalidArgument, "xff"));
}

TEST_P(CertificateStoreTest, ARequestFindsItsCertificate) {
  CertificateRow other = Certificate(2);
  other.requester = "spiffe://c/client/two";
  other.request_id = Certificate(1).request_id;
  ASSERT_THAT(inventory_->AddCertificates({other, Certificate(1)}), IsOk());
  const auto found = inventory_->FindByRequest(Certificate(1).requester,
                                               Certificate(1).request_id);
  ASSERT_THAT(found, IsOk());
  ExpectSame(*found, Certificate(1));
  EXPECT_THAT(inventory_->FindByRequest(Certificate(1).requester, "r2"),
              StatusIs(absl::StatusCode::kNotFound, "r2"));
}

TEST_P(CertificateStoreTest, AStatusMovesOnlyForward) {
  Fill(1);
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kHeld, 40)),
              IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kRevoked, 50)),
              IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kGood, 45)),
              IsOk());
  EXPECT_EQ(Held(1).status, CertificateStatus::kRevoked);
  EXPECT_EQ(Held(1).reason, 4);
  EXPECT_EQ(Held(1).revoked_at, kNow);
  EXPECT_EQ(Held(1).ledger_index, 50u);
  EXPECT_THAT(inventory_->SetStatus(Status(9, CertificateStatus::kHeld, 60)),
              StatusIs(absl::StatusCode::kNotFound, "not in the inventory"));
}

using Changes = std::map<uint32_t, uint64_t>;

TEST_P(CertificateStoreTest, TellsWhichCrlShardsOfAnIssuerChanged) {
  Fill(2);
  CertificateRow third = Certificate(3);
  third.crl_shard = 7;
  ASSERT_THAT(inventory_->AddCertificates({third}), IsOk());
  EXPECT_EQ(Held(3).crl_shard, 7u);
  EXPECT_EQ(*inventory_->StatusChanges(kIssuer, 0), Changes());
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kHeld, 50)),
              IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(2, CertificateStatus::kHeld, 51)),
              IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kGood, 52)),
              IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(3, CertificateStatus::kRevoked, 53)),
              IsOk());
  EXPECT_EQ(*inventory_->StatusChanges(kIssuer, 0),
            (Changes{{0, 52}, {7, 53}}));
  EXPECT_EQ(*inventory_->StatusChanges(kIssuer, 53), (Changes{{7, 53}}));
  EXPECT_EQ(*inventory_->StatusChanges(kIssuer, 54), Changes());
  EXPECT_EQ(*inventory_->StatusChanges(std::string(32, 'x'), 0), Changes());
}

// The authority adds a certificate before the ledger was followed to it.
TEST_P(CertificateStoreTest, TheShardIsFilledIn) {
  Fill(1);
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kHeld, 50)),
              IsOk());
  CertificateRow known = Certificate(1);
  known.crl_shard = 9;
  ASSERT_THAT(inventory_->AddCertificates({known}), IsOk());
  EXPECT_EQ(Held(1).crl_shard, 9u);
  EXPECT_EQ(*inventory_->StatusChanges(kIssuer, 50), (Changes{{9, 50}}));
}

TEST_P(CertificateStoreTest, AnImportMayBringItsRevocation) {
  CertificateRow first = Certificate(1);
  first.status = CertificateStatus::kRevoked;
  first.reason = 1;
  first.ledger_index = 0;
  ASSERT_THAT(inventory_->AddCertificates({first}), IsOk());
  EXPECT_EQ(*inventory_->StatusChanges(kIssuer, 0), (Changes{{0, 0}}));
  // Known as good, then imported as revoked.
  Fill(2);
  CertificateRow again = Certificate(2);
  again.status = CertificateStatus::kRevoked;
  again.revoked_at = kNow;
  again.ledger_index = 70;
  ASSERT_THAT(inventory_->AddCertificates({again}), IsOk());
  EXPECT_EQ(Held(2).status, CertificateStatus::kRevoked);
  EXPECT_EQ(*inventory_->StatusChanges(kIssuer, 1), (Changes{{0, 70}}));
}

TEST_P(CertificateStoreTest, PagesAreStableWhileRowsAreAdded) {
  Fill(25);
  std::vector<std::string> seen;
  std::string token;
  do {
    const auto page = inventory_->ListCertificates({}, token, 10);
    ASSERT_THAT(page, IsOk());
    for (const CertificateRow& row : page->rows) seen.push_back(row.serial);
    token = page->next_token;
    ASSERT_THAT(inventory_->AddCertificates(
                    {Certificate(100 + static_cast<int>(seen.size()))}),
                IsOk());
  } while (!token.empty() && seen.size() < 25);
  ASSERT_GE(seen.size(), 25u);
  for (int i = 1; i <= 25; ++i) EXPECT_EQ(seen[i - 1], Certificate(i).serial);
}

TEST_P(CertificateStoreTest, PagesSkipNoneOfTheRowsOfOneLedgerEntry) {
  std::vector<CertificateRow> rows;
  for (int i = 1; i <= 25; ++i) {
    rows.push_back(Certificate(i));
    rows.back().ledger_index = 7;
  }
  ASSERT_THAT(inventory_->AddCertificates(rows), IsOk());
  size_t seen = 0;
  std::string token;
  do {
    const auto page =
        inventory_->ListCertificates({.issuer_id = kIssuer}, token, 4);
    ASSERT_THAT(page, IsOk());
    seen += page->rows.size();
    token = page->next_token;
  } while (!token.empty());
  EXPECT_EQ(seen, 25u);
}

TEST_P(CertificateStoreTest, ATokenOfNobodysIsRefused) {
  for (const char* token : {"x", "1", "1.2", "1.00.zz", "1.00.00.00", "-"}) {
    EXPECT_THAT(inventory_->ListCertificates({}, token, 10),
                StatusIs(absl::StatusCode::kInvalidArgument, "page_token"))
        << token;
  }
}

TEST_P(CertificateStoreTest, FiltersCombine) {
  Fill(12);
  ASSERT_THAT(inventory_->SetStatus(Status(3, CertificateStatus::kRevoked, 90)),
              IsOk());
  EXPECT_EQ(Count({.issuer_id = kIssuer}), 12u);
  EXPECT_EQ(Count({.issuer_id = std::string(32, 'x')}), 0u);
  EXPECT_EQ(Count({.status = CertificateStatus::kRevoked}), 1u);
  EXPECT_EQ(Count({.status = CertificateStatus::kGood}), 11u);
  EXPECT_EQ(Count({.text = "host-1"}), 4u);
  EXPECT_EQ(Count({.text = "b\xc3\xbc"}), 12u);
  EXPECT_EQ(Count({.text = "host-1", .profile = "client"}), 2u);
  EXPECT_EQ(Count({.requester = "spiffe://c/client/one"}), 12u);
  EXPECT_EQ(Count({.requester = "spiffe://c/client/none"}), 0u);
  EXPECT_EQ(Count({.expires_after = kNow + absl::Hours(24)}), 11u);
  EXPECT_EQ(Count({.expires_before = kNow + absl::Hours(60)}), 2u);
  const auto counts = *inventory_->CountByStatus();
  EXPECT_EQ(counts.at(CertificateStatus::kRevoked), 1u);
  EXPECT_EQ(counts.at(CertificateStatus::kGood), 11u);
}

TEST_P(CertificateStoreTest, TextIsSoughtLiterallyInEitherCase) {
  Fill(1);
  EXPECT_EQ(Count({.text = "%"}), 0u);
  EXPECT_EQ(Count({.text = "_"}), 0u);
  EXPECT_EQ(Count({.text = "\\"}), 0u);
  EXPECT_EQ(Count({.text = "HOST-1.Example"}), 1u);
}

TEST_P(CertificateStoreTest, ASerialIsFoundByItsFirstBytes) {
  CertificateRow high = Certificate(50);
  high.serial = "\xff\xff\x01";
  CertificateRow low = Certificate(51);
  low.serial = "\xfe";
  Fill(12);
  ASSERT_THAT(inventory_->AddCertificates({high, low}), IsOk());
  EXPECT_EQ(Count({.serial_prefix = std::string("\x01\0\xff\x31", 4)}), 4u);
  EXPECT_EQ(Count({.serial_prefix = std::string("\x01\0", 2)}), 12u);
  EXPECT_EQ(Count({.serial_prefix = "\xff\xff"}), 1u);
  EXPECT_EQ(Count({.serial_prefix = "\xfe"}), 1u);
}

TEST_P(CertificateStoreTest, ARowThatMakesNoSenseIsDataLoss) {
  Fill(1);
  ASSERT_THAT(OpenDatabase()->Transact([](Session& session) {
    return session.Run("UPDATE certificates SET status = 9", {}).status();
  }),
              IsOk());
  EXPECT_THAT(inventory_->FindCertificate(kIssuer, Certificate(1).serial),
              StatusIs(absl::StatusCode::kDataLoss, "status 9"));
}

}  // namespace
}  // namespace chancery::storage
