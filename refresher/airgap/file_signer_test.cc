#include "refresher/airgap/file_signer.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"

namespace chancery::refresher {
namespace {

namespace v1 = airgap::v1;
using base::testing::IsOk;
using base::testing::StatusIs;
using v1::Record;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
const std::string kIssuerId(32, 'i');

Record Issuer() {
  Record record;
  record.mutable_issuer()->set_name("root");
  record.mutable_issuer()->set_issuer_id(kIssuerId);
  record.mutable_issuer()->set_certificate("certificate");
  return record;
}

Record Block(const std::string& id, uint64_t version = 7) {
  Record record;
  auto& update = *record.mutable_block()->mutable_update();
  update.set_block_id(id);
  update.set_version(version);
  update.set_block("CHB1");
  return record;
}

Record Crl(uint64_t size) {
  Record record;
  record.mutable_crl()->set_issuer_id(kIssuerId);
  record.mutable_crl()->set_number(5);
  record.mutable_crl()->set_size(size);
  return record;
}

Record Data(const std::string& bytes) {
  Record record;
  record.mutable_crl_data()->set_data(bytes);
  return record;
}

// Releases, which are small.
Record Entries(uint64_t first, int count,
               const std::string& issuer = kIssuerId) {
  Record record;
  record.mutable_entries()->set_first_index(first);
  for (int i = 0; i < count; ++i) {
    record.mutable_entries()->add_entries(ledger::EncodeEntry(
        {.index = first + static_cast<uint64_t>(i),
         .time = absl::FromUnixSeconds(1'800'000'000),
         .body = ledger::StatusEntry{.change = ledger::StatusChange::kRelease,
                                     .issuer_id = issuer,
                                     .serial = "\x01",
                                     .revoked_at = absl::UnixEpoch()}}));
  }
  return record;
}

Record Head(uint64_t ledger_size) {
  static const auto key = *crypto::GenerateKey({});
  const block::SignedHead made =
      *block::SignHead({.time = absl::FromUnixSeconds(1'800'000'000),
                        .ledger_size = ledger_size},
                       {}, *key, block::kOfflineHeadType);
  Record record;
  record.mutable_head()->set_head(made.head);
  record.mutable_head()->set_index(made.index);
  return record;
}

absl::StatusOr<std::unique_ptr<FileSigner>> Open(
    const std::vector<Record>& records) {
  v1::Header header;
  header.set_direction(v1::DIRECTION_RESULT);
  header.set_channel("root");
  header.set_number(1);
  header.set_request_sha256(std::string(32, 'q'));
  const std::string path = crypto::testing::TempPath("result");
  auto writer = airgap::RecordWriter::Create(path, header);
  EXPECT_THAT(writer, IsOk());
  for (const Record& record : records) {
    EXPECT_THAT(writer->Add(record), IsOk());
  }
  EXPECT_THAT(writer->Finish(), IsOk());
  EXPECT_THAT(writer->Close(), IsOk());
  return FileSigner::Open(path);
}

const std::string kBlock = std::string(8, 'i') + std::string(8, '\0');

TEST(FileSignerTest, AnswersAsTheSignerWould) {
  const auto signer = Open({Issuer(), Crl(6), Data("CRL"), Data("DER"),
                            Entries(3, 2), Entries(5, 4), Head(9)});
  ASSERT_THAT(signer, IsOk());
  EXPECT_EQ((*signer)->first_entry(), 3u);
  EXPECT_EQ((*signer)->ledger_size(), 9u);
  // From the middle of a page to its end.
  const auto page = (*signer)->ReadEntries(6, absl::ZeroDuration());
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->entries.size(), 3u);
  EXPECT_EQ(ledger::ParseEntry(base::AsBytes(page->entries[0]))->index, 6u);
  EXPECT_TRUE((*signer)->ReadEntries(9, absl::ZeroDuration())->entries.empty());
  EXPECT_THAT((*signer)->ReadEntries(2, absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "begins with ledger entry 3"));
  const auto crl = (*signer)->SignCrl({.issuer = "root"});
  ASSERT_THAT(crl, IsOk());
  EXPECT_EQ((*crl)->facts().number, 5u);
  std::string der;
  for (auto piece = (*crl)->Next(); piece->has_value();
       piece = (*crl)->Next()) {
    der += **piece;
  }
  EXPECT_EQ(der, "CRLDER");
  EXPECT_THAT((*signer)->SignCrl({.issuer = "other"}).status(),
              StatusIs(absl::StatusCode::kNotFound, "CRL"));
  EXPECT_THAT((*signer)->GetBlock(kBlock, 0),
              StatusIs(absl::StatusCode::kNotFound, "block"));
  EXPECT_THAT((*signer)->SignBlock(kBlock),
              StatusIs(absl::StatusCode::kFailedPrecondition, "signs nothing"));
}

TEST(FileSignerTest, RefusesWhatDoesNotFitTogether) {
  const std::string stranger = std::string(8, 'x') + std::string(8, '\0');
  const struct {
    const char* name;
    std::vector<Record> records;
    const char* why;
  } cases[] = {
      {"no head", {Issuer(), Entries(0, 1)}, "has no head"},
      {"head before entries", {Issuer(), Head(0), Entries(0, 1)}, "comes last"},
      {"two heads", {Issuer(), Head(0), Head(0)}, "comes last"},
      {"head of another size", {Issuer(), Entries(0, 2), Head(3)}, "end at 2"},
      {"gap", {Issuer(), Entries(0, 2), Entries(3, 1), Head(4)}, "follow 2"},
      {"twice", {Issuer(), Entries(0, 2), Entries(1, 1), Head(2)}, "follow 2"},
      {"no entry", {Issuer(), Entries(0, 0), Head(0)}, "follow"},
      {"entry of a stranger",
       {Issuer(), Entries(0, 1, std::string(32, 'x')), Head(1)},
       "not named"},
      {"block of a stranger",
       {Issuer(), Block(stranger), Head(0)},
       "not named"},
      {"block before its issuer",
       {Block(kBlock), Issuer(), Head(0)},
       "not named"},
      {"block twice",
       {Issuer(), Block(kBlock), Block(kBlock, 8), Head(0)},
       "comes twice"},
      {"block without version",
       {Issuer(), Block(kBlock, 0), Head(0)},
       "not whole"},
      {"short id", {Issuer(), Block("iiiiiiii"), Head(0)}, "not named"},
      {"CRL of nobody", {Crl(3), Data("CRL"), Head(0)}, "without issuer"},
      {"CRL twice",
       {Issuer(), Crl(3), Data("CRL"), Crl(3), Data("CRL"), Head(0)},
       "comes twice"},
      {"CRL cut off", {Issuer(), Crl(4), Data("CRL"), Head(0)}, "other data"},
      {"CRL too long", {Issuer(), Crl(2), Data("CRL"), Head(0)}, "other data"},
      {"data without CRL", {Issuer(), Data("CRL"), Head(0)}, "other data"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(Open(one.records).status(), StatusIs(kInvalid, one.why))
        << one.name;
  }
  Record delta = Block(kBlock);
  delta.mutable_block()->mutable_update()->set_base_version(6);
  EXPECT_THAT(Open({Issuer(), delta, Head(0)}).status(),
              StatusIs(kInvalid, "not whole"));
  Record index = Entries(0, 1);
  index.mutable_entries()->set_first_index(1);
  EXPECT_THAT(Open({Issuer(), index, Head(2)}).status(),
              StatusIs(kInvalid, "another index"));
}

}  // namespace
}  // namespace chancery::refresher
