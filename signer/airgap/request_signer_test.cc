#include "signer/airgap/request_signer.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "block/manifest.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"
#include "ledger/airgap/record_file.h"
#include "ledger/entry.h"
#include "rpc/convert/block_update.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

namespace v1 = airgap::v1;
using airgap::ExchangeFolder;
using base::testing::IsOk;
using base::testing::StatusIs;
using v1::Record;

constexpr char kChannel[] = "spiffe://test/signer/root";
constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

Record Issue(const std::string& id, const std::string& profile = "server") {
  Record record;
  v1::IssueCertificate& issue = *record.mutable_issue();
  issue.set_request_id(id);
  issue.set_issuer("issuing");
  issue.set_profile(profile);
  issue.set_csr(testing::SignerWorld::Csr());
  issue.set_requester("spiffe://test/operator/o");
  return record;
}

Record Revoke(const std::string& id, const std::string& serial,
              int reason = 1) {
  Record record;
  v1::Revoke& revoke = *record.mutable_revoke();
  revoke.set_request_id(id);
  revoke.set_issuer("issuing");
  revoke.set_serial(serial);
  revoke.set_reason(reason);
  return record;
}

Record SignCrl(uint32_t shard = 0) {
  Record record;
  record.mutable_sign_crl()->set_issuer("issuing");
  record.mutable_sign_crl()->set_shard(shard);
  return record;
}

Record Due(absl::Time by) {
  Record record;
  record.mutable_sign_due()->set_due_by_seconds(absl::ToUnixSeconds(by));
  return record;
}

// All of a result.
struct Result {
  v1::Header header = {};
  airgap::CheckedFile file = {};
  std::vector<v1::Outcome> outcomes = {};
  std::vector<block::Update> blocks = {};
  std::map<uint32_t, std::string> crls = {};  // By shard: DER.
  std::vector<ledger::Entry> entries = {};
  block::SignedHead head = {};
};

class RequestSignerTest : public ::testing::Test {
 protected:
  explicit RequestSignerTest(const testing::TestPki::Options& options = {})
      : world_(options),
        folder_path_(
            ::testing::TempDir() + "/airgap-" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_path_);
    for (int i = 0; i < 3; ++i) {
      operator_keys_.push_back(*crypto::GenerateKey({}));
      options_.operators.keys.push_back(operator_keys_.back()->public_key());
    }
    options_.operators.threshold = 2;
    options_.channel = kChannel;
    OpenFolder();
  }

  void OpenFolder() {
    folder_.reset();
    auto folder = ExchangeFolder::Open(folder_path_, kChannel);
    ASSERT_THAT(folder, IsOk());
    folder_.emplace(*std::move(folder));
  }

  // The header of the next request, as the online side would make it.
  v1::Header Next() {
    v1::Header header;
    header.set_direction(v1::DIRECTION_REQUEST);
    header.set_channel(kChannel);
    header.set_number(sent_.size() + 1);
    if (!sent_.empty()) header.set_previous_sha256(sent_.back());
    header.set_created_seconds(absl::ToUnixSeconds(world_.now()));
    header.set_head(HeadAt(world_.now()));
    header.set_have_entries(have_entries_);
    return header;
  }
  std::string HeadAt(absl::Time time) {
    const auto head =
        block::SignHead({.time = time}, {}, *world_.pki.manifest_key());
    EXPECT_THAT(head, IsOk());
    return head.ok() ? head->head : "";
  }
  // Writes a request that these operators have signed; its path.
  std::string Write(const v1::Header& header, const std::vector<Record>& items,
                    const std::vector<int>& operators = {0, 1}) {
    const std::string path = folder_path_ + ".request";
    auto writer = airgap::RecordWriter::Create(path, header);
    EXPECT_THAT(writer, IsOk());
    for (const Record& item : items) EXPECT_THAT(writer->Add(item), IsOk());
    const auto sha256 = writer->Finish();
    EXPECT_THAT(sha256, IsOk());
    for (const int one : operators) {
      auto signature = airgap::Approve(*sha256, *operator_keys_[one]);
      EXPECT_THAT(writer->AddSignature(*signature), IsOk());
    }
    EXPECT_THAT(writer->Close(), IsOk());
    written_ = base::ToString(*sha256);
    return path;
  }
  absl::StatusOr<SignedRequest> Sign(const std::string& path) {
    shown_.clear();
    const SignerParts parts{.ledger = world_.signer.ledger(),
                            .issuers = world_.signer.issuers(),
                            .blocks = world_.signer.blocks(),
                            .issuance = world_.signer.issuance(),
                            .revocation = world_.signer.revocation(),
                            .crls = world_.signer.crls(),
                            .heads = world_.signer.heads(),
                            .manifest_key = *world_.pki.manifest_key(),
                            .clock = world_.clock};
    RequestSigner signer(parts, *folder_, options_);
    return signer.Sign(path,
                       {.show = [&](const Record& r) { shown_.push_back(r); },
                        .agree = [&] { return answer_; }});
  }
  // Signs these as the next request; what came of it.
  Result SignNext(const std::vector<Record>& items) {
    const std::string path = Write(Next(), items);
    const auto done = Sign(path);
    EXPECT_THAT(done, IsOk());
    if (!done.ok()) return {};
    sent_.push_back(written_);
    Result result = Read(done->result_file);
    have_entries_ += result.entries.size();
    return result;
  }

  Result Read(const std::string& path) {
    Result out;
    auto in = airgap::RecordReader::Open(path);
    EXPECT_THAT(in, IsOk());
    uint32_t shard = 0;
    auto file =
        airgap::CheckFile(*in, out.header, [&](uint64_t, const Record& record) {
          switch (record.record_case()) {
            case Record::kOutcome:
              out.outcomes.push_back(record.outcome());
              break;
            case Record::kBlock:
              out.blocks.push_back(rpc::FromProto(record.block().update()));
              break;
            case Record::kCrl:
              shard = record.crl().shard();
              break;
            case Record::kCrlData:
              out.crls[shard] += record.crl_data().data();
              break;
            case Record::kEntries:
              for (const std::string& entry : record.entries().entries()) {
                out.entries.push_back(
                    *ledger::ParseEntry(base::AsBytes(entry)));
              }
              break;
            case Record::kHead:
              out.head = {.head = record.head().head(),
                          .index = record.head().index()};
              break;
            default:
              break;
          }
          return absl::OkStatus();
        });
    EXPECT_THAT(file, IsOk());
    if (file.ok()) out.file = *std::move(file);
    return out;
  }

  // Everything that a refusal must leave alone.
  std::string Everything() {
    const TreeHead head = world_.signer.ledger().Head();
    std::string all = absl::StrCat(head.size, base::Hex(head.root));
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder_path_)) {
      names.insert(file.path().string());
    }
    for (const std::string& name : names) {
      absl::StrAppend(&all, name, base::ReadFile(name).value_or(""));
    }
    return all;
  }
  void ExpectRefused(const std::string& path, absl::StatusCode code,
                     const std::string& why) {
    const std::string before = Everything();
    EXPECT_THAT(Sign(path), StatusIs(code, why));
    EXPECT_EQ(Everything(), before) << why;
  }

  testing::SignerWorld world_;
  const std::string folder_path_;
  std::vector<std::unique_ptr<crypto::SoftwareKey>> operator_keys_;
  RequestSigner::Options options_;
  std::optional<ExchangeFolder> folder_;
  std::string written_;
  std::vector<std::string> sent_;
  uint64_t have_entries_ = 0;
  std::vector<Record> shown_;
  absl::Status answer_;
};

TEST_F(RequestSignerTest, SignsWhatIsAskedFor) {
  const Result first = SignNext({Issue("one"), Issue("two"), SignCrl()});
  ASSERT_EQ(first.outcomes.size(), 3u);
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(first.outcomes[i].item(), i);
    EXPECT_EQ(first.outcomes[i].refused(), "");
  }
  EXPECT_TRUE(world_.openssl.VerifiesCertificate(
      first.outcomes[0].certificate(), world_.now()));
  ASSERT_THAT(world_.reader.Take(first.blocks), IsOk());
  EXPECT_EQ(world_.Answer(first.outcomes[0].serial()).status, "good");
  EXPECT_TRUE(world_.openssl.ReadCrl(first.crls.at(0)).entries.empty());

  world_.clock.Advance(absl::Hours(24 * 25));
  const std::string serial = first.outcomes[0].serial();
  const Result second = SignNext({Revoke("three", serial), Due(world_.now())});
  ASSERT_EQ(second.outcomes.size(), 2u);
  EXPECT_EQ(second.outcomes[1].blocks(), 1u);
  EXPECT_EQ(second.outcomes[1].crls(), 1u);
  ASSERT_THAT(world_.reader.Take(second.blocks), IsOk());
  const auto crl = world_.openssl.ReadCrl(second.crls.at(0));
  EXPECT_TRUE(crl.verified);
  EXPECT_EQ(crl.entries.count(serial), 1u);
}

// The feed is the ledger, entry by entry, and each result only brings news.
TEST_F(RequestSignerTest, AResultHasTheFeedSinceWhatTheRequesterHas) {
  const Result first = SignNext({Issue("one")});
  const Result second = SignNext({Revoke("two", first.outcomes[0].serial())});
  std::vector<ledger::Entry> all = first.entries;
  all.insert(all.end(), second.entries.begin(), second.entries.end());
  const auto view = world_.signer.ledger().Read();
  ASSERT_THAT(view, IsOk());
  ASSERT_EQ(all.size(), (*view)->head().size);
  for (uint64_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(ledger::EncodeEntry(all[i]),
              ledger::EncodeEntry(*(*view)->state().EntryAt(i)));
  }
  for (const Result* result : {&first, &second}) {
    const auto head = block::OpenHead(result->head, world_.pki.KeySet());
    ASSERT_THAT(head, IsOk());
    EXPECT_EQ(head->head.ledger_size, result->entries.back().index + 1);
    EXPECT_EQ(head->head.reflected_size, head->head.ledger_size);
    ASSERT_EQ(head->index.versions.size(), 1u);
    EXPECT_EQ(head->index.versions[0].second, result->blocks[0].version);
  }
  // Who lost what came before gets all of it.
  have_entries_ = 0;
  EXPECT_EQ(SignNext({SignCrl()}).entries.front().index, 0u);
}

TEST_F(RequestSignerTest, AResultIsSignedByTheManifestKeyAndNamesItsRequest) {
  const Result first = SignNext({Issue("one")});
  const Result second = SignNext({Issue("two")});
  EXPECT_EQ(first.header.request_sha256(), sent_[0]);
  EXPECT_EQ(first.header.previous_sha256(), "");
  EXPECT_EQ(second.header.request_sha256(), sent_[1]);
  EXPECT_EQ(second.header.previous_sha256(), base::ToString(first.file.sha256));
  ASSERT_EQ(second.file.signatures.size(), 1u);
  EXPECT_THAT(block::Verify(airgap::kResultType, second.file.signatures[0],
                            world_.pki.manifest_key()->public_key()),
              IsOk());
}

// TRUST 10: "signing request n again gives result n byte for byte".
TEST_F(RequestSignerTest, TheSameRequestGetsTheSameResult) {
  const std::string path = Write(Next(), {Issue("one"), SignCrl()});
  const auto first = Sign(path);
  ASSERT_THAT(first, IsOk());
  const std::string bytes = *base::ReadFile(first->result_file);
  sent_.push_back(written_);
  const std::string kept = path + ".kept";
  ASSERT_THAT(airgap::CopyFile(path, kept), IsOk());
  SignNext({Issue("two")});

  world_.clock.Advance(absl::Hours(24 * 400));
  ASSERT_THAT(world_.PowerCut(), IsOk());
  OpenFolder();
  const std::string before = Everything();
  const auto again = Sign(kept);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->repeated);
  EXPECT_TRUE(shown_.empty());
  EXPECT_EQ(*base::ReadFile(again->result_file), bytes);
  EXPECT_EQ(Everything(), before);
}

TEST_F(RequestSignerTest, EveryItemIsShownBeforeAnythingIsSigned) {
  answer_ = absl::CancelledError("nothing was signed");
  const std::string path = Write(Next(), {Issue("one"), SignCrl()});
  ExpectRefused(path, absl::StatusCode::kCancelled, "nothing was signed");
  ASSERT_EQ(shown_.size(), 3u);
  EXPECT_TRUE(shown_[0].has_header());
  EXPECT_EQ(shown_[1].SerializeAsString(), Issue("one").SerializeAsString());
  EXPECT_TRUE(shown_[2].has_sign_crl());
}

TEST_F(RequestSignerTest, AnItemThatBreaksARuleIsRefusedAlone) {
  Record other = Issue("other");
  other.mutable_issue()->set_issuer("nobody");
  Record broken = Issue("broken");
  broken.mutable_issue()->set_csr("no request");
  Record block;
  block.mutable_sign_block()->set_block_id(std::string(16, 'b'));
  const Result result =
      SignNext({Issue("a", "no-profile"), other, broken,
                Revoke("b", "\x01\x02"), SignCrl(7), block, Issue("c")});
  const char* const why[] = {"profile",      "nobody", "csr",
                             "never issued", "shard",  "block"};
  ASSERT_EQ(result.outcomes.size(), 7u);
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(absl::StrContains(result.outcomes[i].refused(), why[i]))
        << result.outcomes[i].refused();
  }
  EXPECT_EQ(result.outcomes[6].refused(), "");
  EXPECT_TRUE(world_.openssl.VerifiesCertificate(
      result.outcomes[6].certificate(), world_.now()));
}

TEST_F(RequestSignerTest, WhatIsNotTheNextRequestChangesNothing) {
  v1::Header header = Next();
  header.set_number(2);
  header.set_previous_sha256(std::string(32, 'p'));
  ExpectRefused(Write(header, {Issue("x")}), kFailedPrecondition,
                "has number 2, the next one to be signed is 1");

  SignNext({Issue("one")});
  header = Next();
  header.set_previous_sha256(std::string(32, 'p'));
  ExpectRefused(Write(header, {Issue("x")}), kFailedPrecondition,
                "follows one with SHA-256 7070");
  header = Next();
  header.set_number(4);
  ExpectRefused(Write(header, {Issue("x")}), kFailedPrecondition,
                "has number 4, the next one to be signed is 2");
  // Replayed with other bytes.
  header = Next();
  header.set_number(1);
  header.clear_previous_sha256();
  ExpectRefused(Write(header, {Issue("x")}), absl::StatusCode::kAlreadyExists,
                "another one of this number was signed");
}

TEST_F(RequestSignerTest, TooFewOperatorsAreTooFew) {
  ExpectRefused(Write(Next(), {Issue("x")}, {}), kDenied, "0 of the operators");
  ExpectRefused(Write(Next(), {Issue("x")}, {2}), kDenied,
                "1 of the operators");
  ExpectRefused(Write(Next(), {Issue("x")}, {2, 2}), kDenied,
                "1 of the operators");
  EXPECT_THAT(Sign(Write(Next(), {Issue("x")}, {2, 0})), IsOk());
}

TEST_F(RequestSignerTest, ARequestForAnotherSignerIsRefused) {
  v1::Header header = Next();
  header.set_channel("spiffe://test/signer/other");
  ExpectRefused(Write(header, {Issue("x")}), kInvalid,
                "is for spiffe://test/signer/other");
}

TEST_F(RequestSignerTest, AFileThatIsCutOrChangedIsRefused) {
  const std::string path = Write(Next(), {Issue("x"), SignCrl()});
  const std::string whole = *base::ReadFile(path);
  for (size_t size = 0; size < whole.size(); size += 37) {
    const std::string cut = whole.substr(0, size);
    ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(cut)), IsOk());
    // Where it is cut between its signatures there are too few of them.
    const auto refused = Sign(path);
    EXPECT_FALSE(refused.ok()) << size;
  }
  std::string changed = whole;
  changed[whole.find("server")] ^= 1;
  ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(changed)), IsOk());
  ExpectRefused(path, kInvalid, "another hash");
}

// TRUST 10: "The offline clock lies between the ledger's last entry and the
// request's head time + 1 d, or is confirmed."
TEST_F(RequestSignerTest, TheClockIsHeldAgainstHeadAndLedger) {
  SignNext({Issue("one")});
  const absl::Time last = world_.now();
  v1::Header header = Next();
  header.set_head(HeadAt(last - absl::Hours(24) - absl::Seconds(1)));
  ExpectRefused(Write(header, {Issue("x")}), kFailedPrecondition,
                "more than a day after the request's head");
  header.clear_head();
  ExpectRefused(Write(header, {Issue("x")}), kFailedPrecondition,
                "has no head");
  // Exactly a day.
  header.set_head(HeadAt(last - absl::Hours(24)));
  EXPECT_THAT(Sign(Write(header, {Issue("two")})), IsOk());
  sent_.push_back(written_);

  // Weeks later, confirmed.
  world_.clock.Advance(absl::Hours(24 * 25));
  header = Next();
  header.clear_head();
  options_.confirm_clock = true;
  EXPECT_THAT(Sign(Write(header, {SignCrl()})), IsOk());
  sent_.push_back(written_);

  // Nobody can confirm a clock that is behind the ledger.
  world_.clock.Advance(-absl::Hours(1));
  ExpectRefused(Write(Next(), {Issue("x")}), kFailedPrecondition,
                "before the ledger's last entry");
}

// A ledger from an old backup, or another one.
TEST_F(RequestSignerTest, ALedgerBehindTheRequesterSignsNothing) {
  v1::Header header = Next();
  header.set_have_entries(world_.signer.ledger().Head().size + 1);
  ExpectRefused(Write(header, {Issue("x")}), kFailedPrecondition,
                "ledger behind");
}

TEST_F(RequestSignerTest, AResultIsNoRequest) {
  const std::string path = Write(Next(), {Issue("one")});
  const auto done = Sign(path);
  ASSERT_THAT(done, IsOk());
  ExpectRefused(done->result_file, kInvalid, "is a result");
}

// Whatever stops it, signing the same request again ends as if nothing had.
TEST_F(RequestSignerTest, ACrashAnywhereIsRepairedBySigningAgain) {
  const char* const steps[] = {"begun", "item", "written", "kept"};
  uint64_t number = 0;
  for (const std::string step : steps) {
    const std::string id = "request " + step;
    const std::string path = Write(Next(), {Issue(id), SignCrl()});
    options_.after_step = [&](const char* at) {
      return at == step ? absl::UnavailableError("the power is gone")
                        : absl::OkStatus();
    };
    EXPECT_THAT(Sign(path), StatusIs(absl::StatusCode::kUnavailable, "power"));
    ASSERT_THAT(world_.PowerCut(), IsOk());
    OpenFolder();
    options_.after_step = nullptr;
    ++number;
    if (step != "kept") {
      // Nobody gets another request in between.
      const std::string first = *base::ReadFile(path);
      ExpectRefused(Write(Next(), {Issue("usurper")}),
                    absl::StatusCode::kAlreadyExists, "was begun");
      ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(first)),
                  IsOk());
    }
    world_.clock.Advance(absl::Seconds(5));
    const auto done = Sign(path);
    ASSERT_THAT(done, IsOk()) << step;
    EXPECT_EQ(done->repeated, step == "kept");
    const Result result = Read(done->result_file);
    EXPECT_EQ(result.header.number(), number);
    ASSERT_EQ(result.outcomes.size(), 2u);
    ASSERT_THAT(world_.reader.Take(result.blocks), IsOk());
    EXPECT_EQ(world_.Answer(result.outcomes[0].serial()).status, "good");
    // Issued once.
    const int issued = static_cast<int>(std::count_if(
        result.entries.begin(), result.entries.end(),
        [&](const ledger::Entry& entry) {
          const auto* made = std::get_if<ledger::CertificateEntry>(&entry.body);
          return made != nullptr && made->origin.request_id == id;
        }));
    EXPECT_EQ(issued, 1) << step;
    sent_.push_back(result.header.request_sha256());
    have_entries_ += result.entries.size();
  }
}

class BrRequestSignerTest : public RequestSignerTest {
 protected:
  BrRequestSignerTest()
      : RequestSignerTest({.policy = RevocationPolicy::kBr}) {}
};

// TRUST 10: "Presigned leaves only for private policies."
TEST_F(BrRequestSignerTest, LeavesDoNotCrossTheGap) {
  const auto leaf = world_.Issue("by another way");
  ASSERT_THAT(leaf, IsOk());
  Record block;
  block.mutable_sign_block()->set_block_id(world_.State(leaf->serial).block_id);
  const Result result =
      SignNext({Issue("one"), block, Due(world_.now() + absl::Hours(9999))});
  ASSERT_EQ(result.outcomes.size(), 3u);
  EXPECT_TRUE(absl::StrContains(result.outcomes[0].refused(), "policy br"));
  EXPECT_TRUE(absl::StrContains(result.outcomes[1].refused(), "policy br"));
  EXPECT_EQ(result.outcomes[2].refused(), "");
  EXPECT_EQ(result.outcomes[2].blocks(), 0u);
  EXPECT_EQ(result.outcomes[2].crls(), 1u);
  EXPECT_TRUE(result.blocks.empty());
  EXPECT_EQ(result.crls.size(), 1u);
}

class ShardedRequestSignerTest : public RequestSignerTest {
 protected:
  ShardedRequestSignerTest() : RequestSignerTest({.crl_shards = 4}) {}
};

TEST_F(ShardedRequestSignerTest, OnlyCrlsThatLackARevocationAreDue) {
  const Result first = SignNext({Issue("one"), Due(world_.now())});
  EXPECT_EQ(first.outcomes[1].crls(), 4u);
  world_.clock.Advance(absl::Hours(1));
  const std::string serial = first.outcomes[0].serial();
  const Result second = SignNext({Revoke("two", serial), Due(world_.now())});
  EXPECT_EQ(second.outcomes[1].crls(), 1u);
  ASSERT_EQ(second.crls.size(), 1u);
  const auto& [shard, der] = *second.crls.begin();
  EXPECT_EQ(shard, world_.State(serial).crl_shard);
  EXPECT_EQ(world_.openssl.ReadCrl(der).entries.count(serial), 1u);
  // By the time at which the others want to be signed again, they are.
  const Result third = SignNext({Due(world_.now() + absl::Hours(24 * 7))});
  EXPECT_EQ(third.outcomes[0].crls(), 4u);
}

}  // namespace
}  // namespace chancery::signer
