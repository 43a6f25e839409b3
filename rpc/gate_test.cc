#include "rpc/gate.h"

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "rpc/decide_each.h"
#include "rpc/issue_rates.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
constexpr char kAda[] = "spiffe://test/client/ada";

class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    std::filesystem::remove_all(folder_);
    EXPECT_THAT(base::MakeDirectories(folder_), IsOk());
    auto opened = AuditLog::Open(
        {.path = folder_ + "/log", .service = "spiffe://test/signer/one"},
        clock_, log_);
    EXPECT_THAT(opened, IsOk());
    audit_ = *std::move(opened);
    grant_.set_uri(kAda);
    grant_.add_role(config::ROLE_ISSUE);
    grant_.add_role(config::ROLE_REVOKE);
  }

  void MakeGate() {
    google::protobuf::RepeatedPtrField<config::Grant> grants;
    *grants.Add() = grant_;
    auto roles = RoleTable::Create(grants);
    ASSERT_THAT(roles, IsOk());
    roles_ = *std::move(roles);
    gate_ = std::make_unique<Gate>(
        roles_, log_, GateMemory{.audit = audit_.get(), .rates = &rates_},
        clock_);
  }
  absl::Status Ask(const Demand& demand) {
    if (gate_ == nullptr) MakeGate();
    const auto decision = gate_->Decide(ada_, demand, "Call");
    if (!decision.ok()) return decision.status();
    return gate_->Conclude(absl::OkStatus(), ada_, demand, *decision, "Call");
  }
  static Demand ToIssue(const std::string& profile, const std::string& name) {
    return {Role::kIssue,
            {.issuer = "issuing",
             .profile = profile,
             .request_id = "r-1",
             .names = [name]() -> absl::StatusOr<std::vector<x509::AltName>> {
               if (name == "broken") return absl::InvalidArgumentError("csr");
               return std::vector<x509::AltName>{
                   {.kind = x509::AltNameKind::kDns, .value = name}};
             }}};
  }
  // All that was written, once the log has ended.
  std::string Written() {
    gate_.reset();
    audit_.reset();
    return *base::ReadFile(folder_ + "/log");
  }

  const std::string folder_ = crypto::testing::TempPath("gate");
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::ostringstream lines_;
  const Log log_{{}, clock_, lines_};
  const Identity ada_ = *ParseIdentity(kAda);
  config::Grant grant_;
  IssueRates rates_;
  RoleTable roles_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<Gate> gate_;
};

TEST_F(GateTest, AGrantWithoutLimitsAllowsAll) {
  EXPECT_THAT(Ask(ToIssue("server", "a.example.com")), IsOk());
  EXPECT_THAT(Ask({Role::kRevoke, {.issuer = "issuing", .serial = "\x0a"}}),
              IsOk());
  EXPECT_THAT(Ask(Role::kCrl), StatusIs(kDenied, "has no role `crl`"));
  const std::string written = Written();
  EXPECT_THAT(written,
              HasSubstr("\"event\":\"allowed\",\"identity\":\"spiffe://test/"
                        "client/ada\",\"role\":\"issue\",\"action\":\"Call\","
                        "\"issuer\":\"issuing\",\"profile\":\"server\","
                        "\"names\":[\"DNS:a.example.com\"],\"request_id\":"
                        "\"r-1\"}"));
  EXPECT_THAT(written, HasSubstr("\"serial\":\"0a\""));
  EXPECT_THAT(written, HasSubstr("\"event\":\"refused\""));
  EXPECT_THAT(written, HasSubstr("has no role `crl`"));
}

// What a grant does not allow does not become allowed by asking for many.
TEST_F(GateTest, EachOfManyIsDecidedAboutForItself) {
  grant_.add_profile("server");
  grant_.set_max_issued_per_hour(3);
  MakeGate();
  std::vector<Asked> asked;
  for (const auto& [profile, name] :
       std::vector<std::pair<std::string, std::string>>{
           {"server", "a.example.com"},
           {"client", "b.example.com"},
           {"server", "broken"},
           {"server", "c.example.com"},
           {"server", "d.example.com"},
           {"server", "e.example.com"}}) {
    asked.push_back({ada_, ToIssue(profile, name)});
  }
  std::vector<size_t> carried;
  const auto told = DecideEach(
      *gate_, asked, "Issue", [&](const std::vector<size_t>& allowed) {
        carried = allowed;
        return std::vector<absl::Status>{absl::OkStatus(),
                                         absl::NotFoundError("no such issuer"),
                                         absl::OkStatus()};
      });
  EXPECT_THAT(carried, ElementsAre(0, 3, 4));
  ASSERT_EQ(told.size(), 6u);
  EXPECT_THAT(told[0], IsOk());
  EXPECT_THAT(told[1], StatusIs(kDenied, "profile \"client\""));
  EXPECT_THAT(told[2], StatusIs(absl::StatusCode::kInvalidArgument, "csr"));
  EXPECT_THAT(told[3], StatusIs(absl::StatusCode::kNotFound, "no such issuer"));
  EXPECT_THAT(told[4], IsOk());
  EXPECT_THAT(told[5], StatusIs(absl::StatusCode::kResourceExhausted,
                                "max_issued_per_hour is 3"));
  const std::string written = Written();
  EXPECT_THAT(written, HasSubstr("DNS:a.example.com"));
  EXPECT_THAT(written, HasSubstr("DNS:d.example.com"));
  EXPECT_THAT(written, HasSubstr("\"event\":\"refused\""));
  EXPECT_THAT(written, HasSubstr("\"event\":\"failed\""));
}

// Of the call itself only the role is looked at.
TEST_F(GateTest, ACallOfManyNeedsTheRoleAndIsNoDecision) {
  grant_.add_profile("server");
  EXPECT_THAT(Ask(Demand::Each(Role::kIssue)), IsOk());
  EXPECT_THAT(Ask(Demand::Each(Role::kCrl)), StatusIs(kDenied, "`crl`"));
  EXPECT_THAT(Written(), Not(HasSubstr("\"event\":\"allowed\"")));
}

TEST_F(GateTest, LimitsProfilesIssuersAndNames) {
  grant_.add_profile("server");
  grant_.add_issuer("issuing");
  grant_.mutable_names()->add_dns(".example.com");
  EXPECT_THAT(Ask(ToIssue("server", "a.example.com")), IsOk());
  EXPECT_THAT(Ask(ToIssue("client", "a.example.com")),
              StatusIs(kDenied, "profile \"client\" is not granted"));
  EXPECT_THAT(Ask(ToIssue("", "a.example.com")), StatusIs(kDenied, "profile"));
  EXPECT_THAT(Ask(ToIssue("server", "a.example.org")),
              StatusIs(kDenied, "the name DNS:a.example.org is not granted"));
  EXPECT_THAT(Ask(ToIssue("server", "broken")),
              StatusIs(absl::StatusCode::kInvalidArgument, "csr"));
  EXPECT_THAT(Ask({Role::kIssue, {.issuer = "issuing", .profile = "server"}}),
              StatusIs(kDenied, "only some names are granted"));
  Demand other = ToIssue("server", "a.example.com");
  other.subject.issuer = "other";
  EXPECT_THAT(Ask(other), StatusIs(kDenied, "issuer \"other\""));
  EXPECT_THAT(Ask({Role::kRevoke, {.issuer = "other", .serial = "\x0a"}}),
              StatusIs(kDenied, "issuer \"other\""));
  EXPECT_THAT(Written(), HasSubstr("the name DNS:a.example.org is not"));
}

TEST_F(GateTest, RevokesOnlyItsOwn) {
  grant_.set_revoke_own(true);
  const auto ask = [&](absl::Status own) {
    return Ask(
        {Role::kRevoke,
         {.serial = "\x0a", .own = [own](const Identity&) { return own; }}});
  };
  EXPECT_THAT(ask(absl::OkStatus()), IsOk());
  EXPECT_THAT(ask(absl::PermissionDeniedError("another's")),
              StatusIs(kDenied, "another's"));
  EXPECT_THAT(ask(absl::UnavailableError("away")),
              StatusIs(absl::StatusCode::kUnavailable, "away"));
  EXPECT_THAT(Ask(Role::kRevoke), StatusIs(kDenied, "only what it asked for"));
}

TEST_F(GateTest, CountsWhatIsIssued) {
  grant_.set_max_issued_per_hour(2);
  EXPECT_THAT(Ask(ToIssue("server", "a.example.com")), IsOk());
  EXPECT_THAT(Ask(ToIssue("server", "a.example.com")), IsOk());
  EXPECT_THAT(Ask(ToIssue("server", "a.example.com")),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "max_issued_per_hour is 2"));
  EXPECT_THAT(Ask(Role::kRevoke), IsOk());
  // Another gate, of the same process or the next, knows of it.
  MakeGate();
  EXPECT_THAT(Ask(ToIssue("server", "a.example.com")),
              StatusIs(absl::StatusCode::kResourceExhausted, ""));
  clock_.Advance(absl::Minutes(61));
  EXPECT_THAT(Ask(ToIssue("server", "a.example.com")), IsOk());
}

TEST_F(GateTest, SaysWhatWasAllowedAndDidNotHappen) {
  MakeGate();
  const Demand demand(Role::kRevoke);
  for (const absl::Status& end :
       {absl::NotFoundError("no such serial"), absl::InternalError("key 7"),
        absl::PermissionDeniedError("order: of the same person")}) {
    const auto decision = gate_->Decide(ada_, demand, "Revoke");
    ASSERT_THAT(decision, IsOk());
    EXPECT_EQ(gate_->Conclude(end, ada_, demand, *decision, "Revoke"), end);
  }
  const std::string written = Written();
  EXPECT_THAT(written, HasSubstr("\"event\":\"failed\""));
  EXPECT_THAT(written, HasSubstr("NOT_FOUND: no such serial"));
  EXPECT_THAT(written, HasSubstr("\"why\":\"INTERNAL\""));
  EXPECT_THAT(written, Not(HasSubstr("key 7")));
  EXPECT_THAT(written, HasSubstr("\"event\":\"refused\""));
}

TEST_F(GateTest, WithoutALogItDecidesAllTheSame) {
  audit_.reset();
  grant_.add_profile("server");
  EXPECT_THAT(Ask(ToIssue("server", "broken")), IsOk());
  EXPECT_THAT(Ask(ToIssue("client", "broken")), StatusIs(kDenied, "profile"));
}

}  // namespace
}  // namespace chancery::rpc
