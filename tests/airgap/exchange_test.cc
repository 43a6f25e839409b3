// Both sides of an air gap in one process: a real signer, a real inventory, and
// files between them.
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "block/block.h"
#include "block/head.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "ledger/airgap/approval.h"
#include "ledger/airgap/record_file.h"
#include "refresher/airgap/request_export.h"
#include "refresher/airgap/result_import.h"
#include "rpc/log.h"
#include "signer/airgap/request_signer.h"
#include "signer/testing/signer_world.h"
#include "signer/testing/test_pki.h"
#include "storage/open.h"
#include "storage/read_crl.h"
#include "storage/testing/failing_inventory.h"
#include "x509/certificate/pem.h"

namespace chancery {
namespace {

namespace v1 = airgap::v1;
using airgap::ExchangeFolder;
using base::testing::IsOk;
using base::testing::StatusIs;
using v1::Record;

constexpr char kChannel[] = "spiffe://test/signer/root";
constexpr char kOnline[] = "spiffe://test/signer/issuing";
constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

Record Issue(const std::string& id) {
  Record record;
  v1::IssueCertificate& issue = *record.mutable_issue();
  issue.set_request_id(id);
  issue.set_issuer("issuing");
  issue.set_profile("server");
  issue.set_csr(signer::testing::SignerWorld::Csr());
  issue.set_requester("spiffe://test/operator/o");
  return record;
}

Record Revoke(const std::string& id, const std::string& serial) {
  Record record;
  v1::Revoke& revoke = *record.mutable_revoke();
  revoke.set_request_id(id);
  revoke.set_issuer("issuing");
  revoke.set_serial(serial);
  revoke.set_reason(1);
  return record;
}

Record Due(absl::Time by) {
  Record record;
  record.mutable_sign_due()->set_due_by_seconds(absl::ToUnixSeconds(by));
  return record;
}

class ExchangeTest : public ::testing::Test {
 protected:
  explicit ExchangeTest(const signer::testing::TestPki::Options& pki = {})
      : path_(::testing::TempDir() + "/exchange-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()),
        world_(pki) {
    std::filesystem::remove_all(path_);
    EXPECT_THAT(base::MakeDirectories(path_), IsOk());
    options_.channel = kChannel;
    options_.operators = {.keys = {operator_->public_key()}, .threshold = 1};
    offline_.emplace(*ExchangeFolder::Open(path_ + "/offline", kChannel));
    NewInventory();
    OpenOnline();
  }

  // An empty one, as after a database was lost.
  void NewInventory() {
    auto inventory = storage::OpenSqlite(
        absl::StrCat(path_, "/inventory-", inventories_++, ".sqlite"));
    ASSERT_THAT(inventory, IsOk());
    inventory_ = *std::move(inventory);
    failing_.Replace(*inventory_);
    const auto head =
        block::SignHead({.time = world_.now()}, {}, *world_.pki.manifest_key());
    ASSERT_THAT(inventory_->PutHead(kOnline, {.time = world_.now(),
                                              .head = head->head,
                                              .index = head->index}),
                IsOk());
  }
  void OpenOnline() {
    online_.reset();
    online_.emplace(*ExchangeFolder::Open(path_ + "/online", kChannel));
  }

  absl::StatusOr<refresher::ExportedRequest> Export(
      const std::vector<Record>& items,
      refresher::RequestOptions options = {}) {
    // The issuing signer's heads come every minute.
    const auto head =
        block::SignHead({.time = world_.now()}, {}, *world_.pki.manifest_key());
    EXPECT_THAT(inventory_->PutHead(kOnline, {.time = world_.now(),
                                              .head = head->head,
                                              .index = head->index}),
                IsOk());
    options.channel = kChannel;
    options.head_of = kOnline;
    return refresher::ExportRequest(
        {.cursor = *inventory_,
         .heads = *inventory_,
         .folder = *online_,
         .clock = world_.clock},
        options, [&](airgap::RecordWriter& writer) -> absl::Status {
          for (const Record& item : items) {
            if (auto added = writer.Add(item); !added.ok()) return added;
          }
          return absl::OkStatus();
        });
  }
  // Approves and signs it; the result's path on the "stick".
  std::string Sign(const refresher::ExportedRequest& request) {
    const std::string stick = path_ + "/request";
    EXPECT_THAT(airgap::CopyFile(request.file, stick), IsOk());
    auto in = airgap::RecordReader::Open(stick);
    v1::Header header;
    const auto file = airgap::CheckFile(
        *in, header, [](uint64_t, const Record&) { return absl::OkStatus(); });
    EXPECT_THAT(file, IsOk());
    EXPECT_THAT(airgap::AppendSignature(
                    stick, *airgap::Approve(file->sha256, *operator_)),
                IsOk());
    signer::RequestSigner signer({.ledger = world_.signer.ledger(),
                                  .issuers = world_.signer.issuers(),
                                  .blocks = world_.signer.blocks(),
                                  .issuance = world_.signer.issuance(),
                                  .revocation = world_.signer.revocation(),
                                  .crls = world_.signer.crls(),
                                  .heads = world_.signer.heads(),
                                  .manifest_key = *world_.pki.manifest_key(),
                                  .clock = world_.clock},
                                 *offline_, options_);
    const auto done =
        signer.Sign(stick, {.show = [](const Record&) {},
                            .agree = [] { return absl::OkStatus(); }});
    EXPECT_THAT(done, IsOk());
    const std::string result = path_ + "/result";
    if (done.ok()) {
      EXPECT_THAT(airgap::CopyFile(done->result_file, result), IsOk());
    }
    return result;
  }
  absl::StatusOr<refresher::ImportedResult> Import(const std::string& path) {
    outcomes_.clear();
    const block::KeySet keys = world_.pki.KeySet();
    return refresher::ImportResult(
        {.inventory = failing_, .folder = *online_, .keys = keys, .log = log_},
        kChannel, path, [&](const v1::Outcome& outcome) {
          outcomes_.push_back(outcome);
          return absl::OkStatus();
        });
  }
  // All three.
  void Exchange(const std::vector<Record>& items) {
    const auto request = Export(items);
    ASSERT_THAT(request, IsOk());
    const std::string result = Sign(*request);
    ASSERT_THAT(Import(result), IsOk());
  }

  // The inventory has everything that the ledger has.
  void ExpectAllThere() {
    const std::string& issuer = world_.pki.issuer().issuer_id;
    const auto view = *world_.signer.ledger().Read();
    EXPECT_EQ(*inventory_->NextIndex(kChannel), view->head().size);
    EXPECT_THAT(view->state().Blocks([&](const signer::BlockState& block) {
      EXPECT_EQ(*inventory_->BlockVersion(block.block_id), block.version);
      const auto row = inventory_->GetBlock(block.block_id);
      EXPECT_THAT(row, IsOk());
      std::vector<std::string> templates;
      for (const std::string& id : row->template_ids) {
        templates.push_back(*inventory_->GetTemplate(id));
      }
      // As a responder takes it.
      EXPECT_THAT(world_.reader.Take({{.block_id = block.block_id,
                                       .version = row->version,
                                       .base_version = 0,
                                       .content = row->data,
                                       .templates = templates}}),
                  IsOk());
      return view->state().Members(
          block.block_id, [&](const signer::CertificateState& member) {
            const auto found =
                inventory_->FindCertificate(issuer, member.serial);
            EXPECT_THAT(found, IsOk());
            EXPECT_EQ(found->der, *view->state().CertificateDer(member));
            EXPECT_EQ(static_cast<int>(found->status),
                      static_cast<int>(member.status));
            EXPECT_EQ(found->revoked_at, member.revoked_at);
            return absl::OkStatus();
          });
    }),
                IsOk());
    const auto newest = view->state().Crl(issuer, 0);
    const auto rows = *inventory_->ListCrls();
    ASSERT_EQ(rows.size(), newest->has_value() ? 1u : 0u);
    if (newest->has_value()) {
      EXPECT_EQ(rows[0].number, (*newest)->number);
      const auto der = storage::ReadCrl(*inventory_, rows[0].scope());
      ASSERT_THAT(der, IsOk());
      EXPECT_TRUE(world_.openssl.ReadCrl(*der).verified);
    }
    const auto head = inventory_->GetHead(kChannel);
    ASSERT_THAT(head, IsOk());
    EXPECT_THAT(block::OpenHead({.head = head->head, .index = head->index},
                                world_.pki.KeySet()),
                IsOk());
    const auto issuers = *inventory_->ListIssuers();
    ASSERT_EQ(issuers.size(), 1u);
    EXPECT_EQ(issuers[0].certificate, world_.pki.issuer().certificate);
    EXPECT_EQ(issuers[0].chain, world_.pki.issuer().chain);
  }

  const std::string path_;
  signer::testing::SignerWorld world_;
  const std::unique_ptr<crypto::SoftwareKey> operator_ =
      *crypto::GenerateKey({});
  signer::RequestSigner::Options options_;
  std::optional<ExchangeFolder> offline_, online_;
  int inventories_ = 0;
  std::unique_ptr<storage::Inventory> inventory_;
  storage::testing::FailingInventory failing_{*inventory_};
  std::ostringstream lines_;
  const rpc::Log log_{{}, world_.clock, lines_};
  std::vector<v1::Outcome> outcomes_;
};

TEST_F(ExchangeTest, WhatWasSignedIsInTheInventory) {
  Exchange({Issue("one"), Issue("two"), Due(world_.now())});
  ASSERT_EQ(outcomes_.size(), 3u);
  ExpectAllThere();
  const std::string serial = outcomes_[0].serial();
  EXPECT_EQ(world_.Answer(serial).status, "good");

  world_.clock.Advance(absl::Hours(24 * 30));
  Exchange({Revoke("three", serial), Issue("four"), Due(world_.now())});
  ExpectAllThere();
  EXPECT_EQ(world_.Answer(serial).status, "revoked");
  EXPECT_EQ(lines_.str(), "");
}

class ExchangeBelowARootTest : public ExchangeTest {
 protected:
  ExchangeBelowARootTest() : ExchangeTest({.below_a_root = true}) {}
};

// Whoever is given a certificate gets to the root with what the inventory has.
TEST_F(ExchangeBelowARootTest, TheChainCrossesTheGap) {
  Exchange({Issue("one"), Due(world_.now())});
  ExpectAllThere();
  ASSERT_EQ(outcomes_.size(), 2u);
  std::string chain;
  const auto issuers = *inventory_->ListIssuers();
  for (const std::string& der : issuers[0].chain) {
    chain += x509::EncodePem("CERTIFICATE", base::AsBytes(der));
  }
  const std::string command = absl::StrCat(
      "openssl verify -x509_strict -attime ", absl::ToUnixSeconds(world_.now()),
      " -CAfile ",
      crypto::testing::WriteTemp(
          "root.pem",
          x509::EncodePem("CERTIFICATE",
                          base::AsBytes(world_.pki.root_certificate()))));
  const std::string leaf = crypto::testing::WriteTemp(
      "leaf.pem", x509::EncodePem("CERTIFICATE",
                                  base::AsBytes(outcomes_[0].certificate())));
  EXPECT_TRUE(crypto::testing::Succeeds(
      absl::StrCat(command, " -untrusted ",
                   crypto::testing::WriteTemp("chain.pem", chain), " ", leaf)));
  EXPECT_FALSE(crypto::testing::Succeeds(absl::StrCat(command, " ", leaf)));
}

// Nobody online can sign it: refreshers count it as due when it is time for a
// walk, not when a signer that can be called would want to be.
TEST_F(ExchangeTest, ABlockIsDueWhenItIsTimeForAVisit) {
  Exchange({Issue("one"), Due(world_.now())});
  const auto blocks = *inventory_->ListBlockTimes(std::nullopt);
  ASSERT_EQ(blocks.size(), 1u);
  const absl::Duration valid = blocks[0].next_update - blocks[0].this_update;
  EXPECT_LE(blocks[0].refresh_at - blocks[0].this_update, valid * 0.75);
  EXPECT_GE(blocks[0].refresh_at - blocks[0].this_update, valid * 0.70);
  const auto crls = *inventory_->ListCrls();
  ASSERT_EQ(crls.size(), 1u);
  EXPECT_GE(crls[0].refresh_at - crls[0].this_update,
            (crls[0].next_update - crls[0].this_update) * 0.7);
}

TEST_F(ExchangeTest, ImportingAgainChangesNothing) {
  const auto request = Export({Issue("one"), Due(world_.now())});
  const std::string result = Sign(*request);
  ASSERT_THAT(Import(result), IsOk());
  const std::string kept = path_ + "/kept";
  ASSERT_THAT(airgap::CopyFile(result, kept), IsOk());
  world_.clock.Advance(absl::Hours(24 * 30));
  Exchange({Revoke("two", outcomes_[0].serial()), Due(world_.now())});

  const auto again = Import(kept);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->blocks + again->crls + again->entries, 0u);
  ExpectAllThere();
}

// Killed at any call to the database, before or after it was done.
TEST_F(ExchangeTest, ACrashAnywhereIsRepairedByImportingAgain) {
  Exchange({Issue("zero")});
  int round = 0;
  for (const bool after : {false, true}) {
    for (int call = 0;; ++call, ++round) {
      world_.clock.Advance(absl::Minutes(10));
      const auto request =
          Export({Issue(absl::StrCat("one ", round)), Due(world_.now())});
      ASSERT_THAT(request, IsOk());
      const std::string result = Sign(*request);
      failing_.FailAt(call, after);
      const auto cut = Import(result);
      const bool failed = !cut.ok();
      failing_.Heal();
      OpenOnline();
      ASSERT_THAT(Import(result), IsOk());
      ExpectAllThere();
      if (HasFailure() || !failed) break;
    }
  }
  EXPECT_GT(round, 10);
}

TEST_F(ExchangeTest, WhatIsNotTheAnswerToWhatWasAskedIsRefused) {
  const auto request = Export({Issue("one")});
  const std::string result = Sign(*request);
  // As if it had never been exported.
  std::filesystem::rename(path_ + "/online", path_ + "/away");
  OpenOnline();
  EXPECT_THAT(Import(result),
              StatusIs(kFailedPrecondition, "the newest request is 0"));
  // Another request of that number was.
  ASSERT_THAT(Export({Issue("other")}), IsOk());
  EXPECT_THAT(Import(result),
              StatusIs(kFailedPrecondition, "answers a request with SHA-256"));
  EXPECT_EQ(*inventory_->NextIndex(kChannel), 0u);
}

TEST_F(ExchangeTest, OnlyTheManifestKeyOfTheIssuersCounts) {
  const auto request = Export({Issue("one")});
  const std::string result = Sign(*request);
  const std::string whole = *base::ReadFile(result);
  auto in = airgap::RecordReader::Open(result);
  v1::Header header;
  const auto file = airgap::CheckFile(
      *in, header, [](uint64_t, const Record&) { return absl::OkStatus(); });
  ASSERT_THAT(file, IsOk());
  // Without a signature; then with a stranger's.
  Record record;
  record.mutable_signature()->set_key_id(
      base::ToString(file->signatures[0].key_id));
  record.mutable_signature()->set_signature(file->signatures[0].signature);
  const std::string bare =
      whole.substr(0, whole.size() - record.ByteSizeLong() - 4);
  ASSERT_THAT(base::WriteFileAtomically(result, base::AsBytes(bare)), IsOk());
  EXPECT_THAT(Import(result), StatusIs(kDenied, "has 0 signatures"));
  const auto forged = block::Sign(airgap::kResultType,
                                  base::ToString(file->sha256), *operator_);
  ASSERT_THAT(airgap::AppendSignature(result, *forged), IsOk());
  EXPECT_THAT(Import(result), StatusIs(kDenied, "is not in the key set"));
  // The right key's, of another type.
  ASSERT_THAT(base::WriteFileAtomically(result, base::AsBytes(bare)), IsOk());
  const auto other =
      block::Sign(airgap::kRequestType, base::ToString(file->sha256),
                  *world_.pki.manifest_key());
  ASSERT_THAT(airgap::AppendSignature(result, *other), IsOk());
  EXPECT_THAT(Import(result), StatusIs(kDenied, "does not verify"));
  // As it was made.
  EXPECT_EQ(*inventory_->NextIndex(kChannel), 0u);
  ASSERT_THAT(base::WriteFileAtomically(result, base::AsBytes(whole)), IsOk());
  EXPECT_THAT(Import(result), IsOk());
}

TEST_F(ExchangeTest, ADamagedResultIsRefusedWhole) {
  const auto request = Export({Issue("one"), Due(world_.now())});
  const std::string result = Sign(*request);
  const std::string whole = *base::ReadFile(result);
  for (size_t size = 0; size < whole.size(); size += 211) {
    const std::string cut = whole.substr(0, size);
    ASSERT_THAT(base::WriteFileAtomically(result, base::AsBytes(cut)), IsOk());
    EXPECT_FALSE(Import(result).ok()) << size;
  }
  std::string changed = whole;
  changed[whole.size() / 2] ^= 1;
  ASSERT_THAT(base::WriteFileAtomically(result, base::AsBytes(changed)),
              IsOk());
  EXPECT_THAT(Import(result), StatusIs(kInvalid, "air-gap file"));
  EXPECT_EQ(*inventory_->NextIndex(kChannel), 0u);
  EXPECT_TRUE(inventory_->BlockVersions()->empty());
  EXPECT_TRUE(inventory_->ListCrls()->empty());
  EXPECT_FALSE(std::filesystem::exists(online_->DraftFile()));
}

TEST_F(ExchangeTest, AResultWithAGapBeforeItIsRefused) {
  Exchange({Issue("one")});
  const auto request = Export({Issue("two")});
  const std::string result = Sign(*request);
  NewInventory();
  EXPECT_THAT(Import(result), StatusIs(kFailedPrecondition,
                                       "the inventory lacks those from 0"));
  // The results that are kept bring it all back, in their order.
  ASSERT_THAT(Import(online_->ResultFile(1)), IsOk());
  ASSERT_THAT(Import(result), IsOk());
  ExpectAllThere();
}

// A database that was lost for good: the next exchange brings everything.
TEST_F(ExchangeTest, ALostInventoryIsFilledByTheNextResult) {
  Exchange({Issue("one"), Due(world_.now())});
  NewInventory();
  Exchange({Issue("two")});
  ExpectAllThere();
}

TEST_F(ExchangeTest, OneRequestIsUnderWay) {
  const auto first = Export({Issue("one")});
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Export({Issue("two")}),
              StatusIs(kFailedPrecondition, "request 1 has no result yet"));
  const auto second = Export({Issue("two")}, {.replace = true});
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->number, 1u);
  ASSERT_THAT(Import(Sign(*second)), IsOk());
  EXPECT_EQ(outcomes_[0].request_id(), "two");
  EXPECT_EQ(Export({Issue("three")})->number, 2u);
}

TEST_F(ExchangeTest, ARequestWithoutAHeadHasToBeMeant) {
  auto empty = storage::OpenSqlite(path_ + "/empty.sqlite");
  ASSERT_THAT(empty, IsOk());
  const refresher::ExportParts parts{.cursor = **empty,
                                     .heads = **empty,
                                     .folder = *online_,
                                     .clock = world_.clock};
  refresher::RequestOptions options{.channel = kChannel, .head_of = kOnline};
  const auto add = [](airgap::RecordWriter& writer) {
    return writer.Add(Issue("one"));
  };
  EXPECT_THAT(refresher::ExportRequest(parts, options, add),
              StatusIs(kFailedPrecondition, "--no-head"));
  options.may_lack_head = true;
  const auto made = refresher::ExportRequest(parts, options, add);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->head, absl::InfinitePast());
}

}  // namespace
}  // namespace chancery
