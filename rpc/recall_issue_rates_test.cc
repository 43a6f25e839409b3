#include "rpc/recall_issue_rates.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "rpc/audit_log/audit_log.h"
#include "rpc/audit_log/log_files.h"
#include "rpc/audit_log/record.h"
#include "rpc/log.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr char kAda[] = "spiffe://test/client/ada";
constexpr char kBob[] = "spiffe://test/client/bob";
constexpr char kFree[] = "spiffe://test/client/free";

RoleTable Roles(uint32_t limit = 10) {
  google::protobuf::RepeatedPtrField<config::Grant> grants;
  for (const char* uri : {kAda, kBob, kFree}) {
    config::Grant& grant = *grants.Add();
    grant.set_uri(uri);
    grant.add_role(config::ROLE_ISSUE);
    if (uri != kFree) grant.set_max_issued_per_hour(limit);
  }
  return *RoleTable::Create(grants);
}

class RecallIssueRatesTest : public ::testing::Test {
 protected:
  RecallIssueRatesTest() {
    std::filesystem::remove_all(folder_);
    EXPECT_THAT(base::MakeDirectories(folder_), IsOk());
  }

  // Decisions of one process, whose log has files of this size.
  void Open(uint64_t max_bytes = 64 << 20) {
    auto opened = AuditLog::Open({.path = path_,
                                  .service = "spiffe://test/signer/one",
                                  .max_bytes = max_bytes},
                                 clock_, log_);
    ASSERT_THAT(opened, IsOk());
    audit_ = *std::move(opened);
  }
  void Write(const std::string& identity, const std::string& role = "issue",
             AuditEvent event = AuditEvent::kAllowed) {
    EXPECT_THAT(audit_->Await(audit_->Append(
                    {.event = event, .identity = identity, .role = role})),
                IsOk());
  }
  // How much of the hour this identity has used, as the files say.
  uint64_t Recalled(const std::string& identity) {
    IssueRates rates;
    EXPECT_THAT(RecallIssueRates(path_, Roles(), clock_.Now(), rates), IsOk());
    uint64_t left = 0;
    while (rates.Take(identity, clock_.Now(), 1000)) ++left;
    return 1000 - left;
  }

  const std::string folder_ = crypto::testing::TempPath("recall");
  const std::string path_ = folder_ + "/log";
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::ostringstream lines_;
  const Log log_{{}, clock_, lines_};
  std::unique_ptr<AuditLog> audit_;
};

TEST_F(RecallIssueRatesTest, CountsWhatWasLetIn) {
  Open();
  for (int i = 0; i < 3; ++i) Write(kAda);
  Write(kBob);
  Write(kFree);
  Write(kAda, "revoke");
  Write(kAda, "issue", AuditEvent::kRefused);
  Write(kAda, "issue", AuditEvent::kFailed);
  EXPECT_EQ(Recalled(kAda), 3u);
  EXPECT_EQ(Recalled(kBob), 1u);
  EXPECT_EQ(Recalled(kFree), 0u);  // Nobody counts it.
  clock_.Advance(absl::Minutes(60));
  EXPECT_EQ(Recalled(kAda), 3u);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Recalled(kAda), 0u);
}

TEST_F(RecallIssueRatesTest, OfTheHourEveryFileIsRead) {
  Open(2000);
  for (int i = 0; i < 10; ++i) Write(kAda);
  clock_.Advance(absl::Hours(2));
  for (int i = 0; i < 50; ++i) {
    Write(kAda);
    clock_.Advance(absl::Minutes(1));
  }
  ASSERT_GT(AuditLogFiles(path_).size(), 5u);
  EXPECT_EQ(Recalled(kAda), 50u);
  // Those that are older than the hour are not.
  std::ofstream(AuditLogFiles(path_).front()) << "{\"event\":\"allowed\"";
  EXPECT_EQ(Recalled(kAda), 50u);
}

// Whom a request names, and what, is written down too.
TEST_F(RecallIssueRatesTest, OnlyTheCallerCounts) {
  Open();
  EXPECT_THAT(audit_->Await(audit_->Append(
                  {.identity = kBob, .role = "issue", .requester = kAda})),
              IsOk());
  EXPECT_THAT(audit_->Await(audit_->Append(
                  {.identity = kFree,
                   .role = "issue",
                   .request_id = absl::StrCat("\"identity\":\"", kAda, "\"")})),
              IsOk());
  EXPECT_EQ(Recalled(kAda), 0u);
  EXPECT_EQ(Recalled(kBob), 1u);
}

TEST_F(RecallIssueRatesTest, AClockThatWasSetBackForgivesNothing) {
  Open();
  Write(kAda);
  clock_.Advance(-absl::Hours(5));
  Write(kAda);
  EXPECT_EQ(Recalled(kAda), 2u);
}

TEST_F(RecallIssueRatesTest, WithoutALogThereIsNothing) {
  EXPECT_EQ(Recalled(kAda), 0u);
}

TEST_F(RecallIssueRatesTest, AFileThatCannotBeReadIsNamed) {
  EXPECT_THAT(base::MakeDirectories(path_), IsOk());
  IssueRates rates;
  const absl::Status read =
      RecallIssueRates(path_, Roles(), clock_.Now(), rates);
  EXPECT_FALSE(read.ok());
  EXPECT_TRUE(absl::StrContains(read.message(), path_)) << read;
  EXPECT_THAT(RecallIssueRates(path_, Roles(0), clock_.Now(), rates), IsOk());
}

TEST(CheckIssueRatesTest, ALimitNeedsALog) {
  config::AuditLogFile file;
  EXPECT_THAT(CheckIssueRates(file, Roles()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "audit_log.path`: value ``: is required with "
                       "max_issued_per_hour"));
  EXPECT_THAT(CheckIssueRates(file, Roles(0)), IsOk());
  file.set_path("/var/log/audit");
  EXPECT_THAT(CheckIssueRates(file, Roles()), IsOk());
}

}  // namespace
}  // namespace chancery::rpc
