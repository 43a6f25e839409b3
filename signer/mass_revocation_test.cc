#include "signer/mass_revocation.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "google/protobuf/repeated_field.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "ledger/revocation_order.h"
#include "rpc/roles.h"
#include "rpc/testing/service_ca.h"
#include "signer/requests.h"
#include "signer/testing/ledger_rules.h"
#include "signer/testing/signer_world.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using testing::EntriesOf;
using testing::ExpectLedgerKeepsTheRules;
using testing::FakeDisk;
using testing::SignerWorld;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
constexpr auto kExists = absl::StatusCode::kAlreadyExists;

constexpr char kApprover[] = "spiffe://test/person/second";
constexpr char kNobody[] = "spiffe://test/person/nobody";

// Of the caller that SignerWorld is.
const std::string& CallerUri() {
  static const std::string& uri =
      *new std::string(SignerWorld::Ask("").caller_uri);
  return uri;
}

rpc::RoleTable Roles() {
  google::protobuf::RepeatedPtrField<config::Grant> grants;
  for (const std::string& uri : {std::string(kApprover), CallerUri()}) {
    config::Grant& grant = *grants.Add();
    grant.set_uri(uri);
    grant.add_role(config::ROLE_APPROVE);
  }
  config::Grant& nobody = *grants.Add();
  nobody.set_uri(kNobody);
  nobody.add_role(config::ROLE_REVOKE);
  return *rpc::RoleTable::Create(grants);
}

// Somebody with a certificate that OpenSSL made.
struct Person {
  Person(rpc::testing::ServiceCa& ca, const std::string& uri, int days = 30) {
    const config::TlsIdentity identity = ca.Issue(uri, days);
    certificate =
        x509::DecodePem(
            "CERTIFICATE",
            crypto::testing::Shell("cat " + identity.certificate_file()))
            ->front();
    key = *crypto::LoadSoftwareKey(identity.key_file(), nullptr);
  }
  std::string Sign(const ledger::RevocationOrder& order) const {
    const auto file = ledger::SignOrder(order, certificate, *key);
    EXPECT_THAT(file, IsOk());
    return ledger::EncodeSignedOrder(*file);
  }
  std::string certificate;
  std::unique_ptr<crypto::SoftwareKey> key;
};

// OpenSSL's certificates, which are valid from the real time on, are valid
// then.
absl::Time SoonNow() {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) +
         absl::Minutes(30);
}

class MassRevocationTest : public ::testing::Test {
 protected:
  MassRevocationTest() : world_({.now = SoonNow()}) {
    world_.signer.TrustOrders(ca_.trust_file(), Roles());
    EXPECT_THAT(world_.PowerCut(), IsOk());
  }

  // In blocks of eight.
  void Issue(int number) {
    for (int i = 0; i < number; ++i) {
      const auto issued = world_.Issue(absl::StrCat("issue ", serials_.size()));
      ASSERT_THAT(issued, IsOk());
      serials_.push_back(issued->serial);
    }
  }
  void Limit(uint64_t number) {
    world_.signer.set_max_revocations_per_hour(number);
    ASSERT_THAT(world_.PowerCut(), IsOk());
  }

  RevokeManyRequest Request(const std::string& id = "many") {
    return {.asker = SignerWorld::Ask(id),
            .issuer = "issuing",
            .serials = serials_,
            .reason = 4};
  }
  // For exactly that request.
  ledger::RevocationOrder OrderFor(const RevokeManyRequest& request) {
    std::vector<std::string> sorted = request.serials;
    ledger::SortSerials(sorted);
    return {.id = "incident",
            .issuer = request.issuer,
            .reason = static_cast<uint8_t>(request.reason),
            .revoked_at = request.revoked_at,
            .serial_count = static_cast<uint32_t>(sorted.size()),
            .serials_sha256 = ledger::SerialsSha256(sorted),
            .expires = world_.now() + absl::Hours(1)};
  }

  // The last step that was told, with all refusals; the reader takes updates.
  absl::StatusOr<RevokedMany> Run(const RevokeManyRequest& request) {
    RevokedMany all;
    steps_ = 0;
    const absl::Status status = world_.signer.mass_revocation().RevokeMany(
        request, [&](const RevokedMany& told) -> absl::Status {
          ++steps_;
          EXPECT_THAT(world_.reader.Take(told.updates), IsOk());
          std::vector<RefusedSerial> refused = std::move(all.refused);
          refused.insert(refused.end(), told.refused.begin(),
                         told.refused.end());
          all = told;
          all.refused = std::move(refused);
          return stop_after_ == steps_ ? absl::CancelledError("gone")
                                       : absl::OkStatus();
        });
    last_ = all;
    if (!status.ok()) return status;
    return all;
  }

  void ExpectAllRevoked(const std::string& reason = "superseded") {
    for (const std::string& serial : serials_) {
      const auto answer = world_.Answer(serial);
      EXPECT_EQ(answer.status, "revoked");
      EXPECT_EQ(answer.reason, reason);
    }
    const auto crl = world_.SignCrl();
    ASSERT_THAT(crl, IsOk());
    EXPECT_EQ(world_.openssl.ReadCrl(crl->der).entries.size(), serials_.size());
    ExpectLedgerKeepsTheRules(world_.signer.ledger(), world_.disk);
  }
  std::map<std::string, int> EntryCounts() {
    std::map<std::string, int> counts;
    for (const ledger::Entry& entry : EntriesOf(world_.signer.ledger())) {
      ++counts[ledger::EntryTypeName(entry.body)];
    }
    return counts;
  }

  rpc::testing::ServiceCa ca_{"mass_revocation"};
  SignerWorld world_;
  std::vector<std::string> serials_;
  int steps_ = 0;
  int stop_after_ = 0;
  RevokedMany last_;
};

TEST_F(MassRevocationTest, RevokesAllWithAManifestForEachBlock) {
  Issue(20);
  const int manifests = EntryCounts()["manifest"];
  const uint64_t writes = world_.disk.writes();
  const auto done = Run(Request());
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->total, 20u);
  EXPECT_EQ(done->done, 20u);
  EXPECT_EQ(done->revoked, 20u);
  EXPECT_EQ(EntryCounts()["revoke"], 20);
  EXPECT_EQ(EntryCounts()["manifest"], manifests + 3);
  EXPECT_EQ(world_.disk.writes(), writes + 1 + 3);
  ExpectAllRevoked();
}

TEST_F(MassRevocationTest, OneThatCannotBeRevokedKeepsNoOtherFromIt) {
  Issue(4);
  ASSERT_THAT(world_.Revoke("1", serials_[1], 3), IsOk());
  ASSERT_THAT(world_.Revoke("2", serials_[2], 4), IsOk());
  RevokeManyRequest request = Request();
  request.serials.push_back("unknown");
  request.serials.push_back(serials_[0]);  // Twice.
  const auto done = Run(request);
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->total, 5u);
  EXPECT_EQ(done->done, 5u);
  EXPECT_EQ(done->revoked, 2u);
  EXPECT_EQ(done->already_revoked, 1u);
  ASSERT_EQ(done->refused.size(), 2u);
  std::map<std::string, absl::Status> refused;
  for (const auto& one : done->refused) refused[one.serial] = one.why;
  EXPECT_THAT(refused["unknown"],
              StatusIs(absl::StatusCode::kNotFound, "never issued"));
  EXPECT_THAT(refused[serials_[1]],
              StatusIs(kPrecondition, "reason affiliationChanged"));
}

TEST_F(MassRevocationTest, RefusesWhatNoCertificateCanBe) {
  Issue(1);
  RevokeManyRequest request = Request();
  request.serials = {};
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "serials: 0"));
  request.serials = {serials_[0], ""};
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "serials[1]"));
  request.serials = {std::string("\0\1", 2)};
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "serials[0]"));
  request.serials = {std::string(21, 's')};
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "serials[0]"));
  request.serials.assign(MassRevocation::kMaxSerials + 1, "s");
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "200001 of them"));
  request = Request();
  request.reason = 7;
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "reason"));
  request = Request();
  request.revoked_at = world_.now() + absl::Seconds(1);
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "future"));
  request = Request("");
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "request_id"));
  EXPECT_EQ(world_.Answer(serials_[0]).status, "good");
}

TEST_F(MassRevocationTest, ARequestIdIsOneList) {
  Issue(3);
  ASSERT_THAT(Run(Request()), IsOk());
  const uint64_t size = world_.signer.ledger().Head().size;
  const auto again = Run(Request());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->already_revoked, 3u);
  EXPECT_EQ(world_.signer.ledger().Head().size, size);
  RevokeManyRequest other = Request();
  other.serials.pop_back();
  EXPECT_THAT(Run(other), StatusIs(kExists, "many"));
  other = Request();
  other.reason = 1;
  EXPECT_THAT(Run(other), StatusIs(kExists, "many"));
}

// A caller that goes is not waited for, and what it left is done later.
TEST_F(MassRevocationTest, WhatACallLeftTheNextOneDoes) {
  Issue(20);
  RevokeManyRequest request = Request();
  stop_after_ = 1;
  EXPECT_THAT(Run(request), StatusIs(absl::StatusCode::kCancelled, ""));
  EXPECT_EQ(EntryCounts()["revoke"], 0);
  stop_after_ = 0;
  const auto done = Run(request);
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->revoked, 20u);
  ExpectAllRevoked();
}

// What was held by a request and released since is not held by it again.
TEST_F(MassRevocationTest, ALateRepetitionHoldsNothingAgain) {
  Issue(3);
  RevokeManyRequest request = Request();
  request.reason = 6;
  ASSERT_THAT(Run(request), IsOk());
  ASSERT_THAT(world_.Release("r", serials_[1]), IsOk());
  const auto again = Run(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->already_revoked, 2u);
  ASSERT_EQ(again->refused.size(), 1u);
  EXPECT_THAT(again->refused[0].why, StatusIs(kPrecondition, "released"));
  EXPECT_EQ(world_.Answer(serials_[1]).status, "good");
  request.asker.request_id = "other";
  ASSERT_THAT(Run(request), IsOk());
  EXPECT_EQ(world_.Answer(serials_[1]).status, "revoked");
}

TEST_F(MassRevocationTest, TheLimitIsSaidBeforeAnythingIsDone) {
  Issue(5);
  Limit(4);
  EXPECT_THAT(Run(Request()), StatusIs(kExhausted, "5 more are"));
  EXPECT_EQ(EntryCounts()["revoke"], 0);
  // What is done needs no room.
  ASSERT_THAT(world_.Revoke("1", serials_[0], 4), IsOk());
  EXPECT_THAT(Run(Request()), StatusIs(kExhausted, "1 were recorded"));
  world_.clock.Advance(absl::Hours(1));
  EXPECT_THAT(Run(Request()), IsOk());
  ExpectAllRevoked();
}

TEST_F(MassRevocationTest, AnOrderOfASecondIdentityLiftsTheLimit) {
  Issue(5);
  Limit(2);
  const Person approver(ca_, kApprover);
  RevokeManyRequest request = Request();
  request.order = approver.Sign(OrderFor(request));
  ASSERT_THAT(Run(request), IsOk());
  ExpectAllRevoked();
  // It is in the ledger, with who signed it, before what it ordered.
  bool found = false;
  for (const ledger::Entry& entry : EntriesOf(world_.signer.ledger())) {
    if (const auto* order = std::get_if<ledger::OrderEntry>(&entry.body)) {
      found = true;
      EXPECT_EQ(order->count, 5u);
      EXPECT_EQ(order->origin.caller, kApprover);
      EXPECT_EQ(order->origin.request_id, "incident");
      EXPECT_EQ(order->order, request.order);
    }
  }
  EXPECT_TRUE(found);
  // What was ordered does not count, also after a restart.
  for (int round = 0; round < 2; ++round) {
    Issue(1);
    EXPECT_THAT(world_.Revoke(absl::StrCat("r", round), serials_.back(), 4),
                IsOk());
    ASSERT_THAT(world_.PowerCut(), IsOk());
  }
  Issue(1);
  EXPECT_THAT(world_.Revoke("r2", serials_.back(), 4),
              StatusIs(kExhausted, "2 were"));
}

TEST_F(MassRevocationTest, AnOrderIsOneRequests) {
  Issue(3);
  Limit(1);
  const Person approver(ca_, kApprover);
  RevokeManyRequest request = Request();
  const ledger::RevocationOrder order = OrderFor(request);
  request.order = approver.Sign(order);
  ASSERT_THAT(Run(request), IsOk());
  const uint64_t size = world_.signer.ledger().Head().size;
  // The same again, and signed again, changes nothing.
  EXPECT_THAT(Run(request), IsOk());
  request.order = approver.Sign(order);
  EXPECT_THAT(Run(request), IsOk());
  EXPECT_EQ(world_.signer.ledger().Head().size, size);
  request.asker.request_id = "another";
  EXPECT_THAT(Run(request), StatusIs(kExists, "order: \"incident\""));
}

// Each row is wrong in one place.
TEST_F(MassRevocationTest, RefusesAnOrderForAnythingElse) {
  Issue(3);
  Limit(1);
  const Person approver(ca_, kApprover);
  struct Row {
    std::string name;
    void (*damage)(ledger::RevocationOrder&);
    absl::StatusCode code = kInvalid;
  };
  for (const Row& row : std::vector<Row>{
           {"issuer", [](auto& o) { o.issuer = "other"; }},
           {"reason", [](auto& o) { o.reason = 1; }},
           {"date", [](auto& o) { o.revoked_at = absl::FromUnixSeconds(1); }},
           {"count", [](auto& o) { o.serial_count = 2; }},
           {"serials", [](auto& o) { o.serials_sha256[0] ^= 1; }},
           {"expired", [](auto& o) { o.expires -= absl::Hours(1); },
            kPrecondition}}) {
    SCOPED_TRACE(row.name);
    RevokeManyRequest request = Request();
    ledger::RevocationOrder order = OrderFor(request);
    row.damage(order);
    request.order = approver.Sign(order);
    EXPECT_THAT(Run(request), StatusIs(row.code, "order: " + row.name));
  }
  EXPECT_EQ(EntryCounts()["revoke"], 0);
  EXPECT_EQ(EntryCounts()["revocation order"], 0);
}

TEST_F(MassRevocationTest, RefusesAnOrderOfAnybodyElse) {
  Issue(3);
  Limit(1);
  RevokeManyRequest request = Request();
  const ledger::RevocationOrder order = OrderFor(request);

  request.order = Person(ca_, kNobody).Sign(order);
  EXPECT_THAT(Run(request), StatusIs(kDenied, "no role `approve`"));
  request.order = Person(ca_, CallerUri()).Sign(order);
  EXPECT_THAT(Run(request), StatusIs(kDenied, "a second identity"));
  request.order = Person(ca_, kApprover, -1).Sign(order);
  EXPECT_THAT(Run(request), StatusIs(kDenied, "certificate: valid from"));
  rpc::testing::ServiceCa other("mass_revocation_other");
  request.order = Person(other, kApprover).Sign(order);
  EXPECT_THAT(Run(request), StatusIs(kDenied, "not of the service CA"));
  // For whom it is asked may not sign it either.
  request.order = Person(ca_, kApprover).Sign(order);
  request.asker.requester = kApprover;
  EXPECT_THAT(Run(request), StatusIs(kDenied, "a second identity"));
  request.asker.requester = "user:tester";
  request.order.back() ^= 1;
  EXPECT_THAT(Run(request), StatusIs(kDenied, "signature"));
  request.order = ledger::EncodeSignedOrder(
      {.content = {.message = ledger::EncodeOrder(order)}});
  EXPECT_THAT(Run(request), StatusIs(kPrecondition, "nobody has signed"));
  request.order = "no order";
  EXPECT_THAT(Run(request), StatusIs(kInvalid, "order"));
  EXPECT_EQ(EntryCounts()["revoke"], 0);
}

// Each write fails once, in each way; then the power goes, the signer starts
// again and the caller repeats the call.
TEST_F(MassRevocationTest, EachWriteMayFailAndNothingIsHalfDoneOrTwice) {
  const Person approver(ca_, kApprover);
  for (const FakeDisk::Failure failure :
       {FakeDisk::Failure::kBefore, FakeDisk::Failure::kAfter,
        FakeDisk::Failure::kNotSynced}) {
    for (int nth = 1; nth <= 4; ++nth) {
      SCOPED_TRACE(
          absl::StrCat("write ", nth, " failure ", static_cast<int>(failure)));
      serials_.clear();
      SignerWorld world({.now = SoonNow()});
      world.signer.TrustOrders(ca_.trust_file(), Roles());
      world.signer.set_max_revocations_per_hour(1);
      ASSERT_THAT(world.PowerCut(), IsOk());
      for (int i = 0; i < 20; ++i) {
        const auto issued = world.Issue(absl::StrCat("issue ", i));
        ASSERT_THAT(issued, IsOk());
        serials_.push_back(issued->serial);
      }
      RevokeManyRequest request = Request();
      request.order = approver.Sign(OrderFor(request));
      const auto run = [&] {
        return world.signer.mass_revocation().RevokeMany(
            request, [](const RevokedMany&) { return absl::OkStatus(); });
      };
      world.disk.FailWrite(nth, failure);
      const absl::Status first = run();
      // The first write is the revocations, the others the blocks' records.
      EXPECT_EQ(first.ok(), nth != 1) << first;
      ASSERT_THAT(world.PowerCut(), IsOk());
      int revoked = 0;
      for (const std::string& serial : serials_) {
        revoked += world.State(serial).status == CertificateStatus::kRevoked;
      }
      EXPECT_TRUE(revoked == 0 || revoked == 20) << revoked;
      EXPECT_THAT(run(), IsOk());
      std::map<std::string, int> counts;
      for (const ledger::Entry& entry : EntriesOf(world.signer.ledger())) {
        ++counts[ledger::EntryTypeName(entry.body)];
      }
      EXPECT_EQ(counts["revoke"], 20);
      EXPECT_EQ(counts["revocation order"], 1);
      for (size_t i = 0; i < serials_.size(); i += 8) {
        const std::string& serial = serials_[i];  // One of each block.
        const auto block =
            world.signer.blocks().GetBlock(world.State(serial).block_id, 0);
        ASSERT_THAT(block, IsOk());
        ASSERT_THAT(world.reader.Take(block->updates), IsOk());
        EXPECT_EQ(world.Answer(serial).status, "revoked");
      }
      ExpectLedgerKeepsTheRules(world.signer.ledger(), world.disk);
    }
  }
}

// A block of which more is revoked than one transaction takes.
TEST_F(MassRevocationTest, ALargeOneGoesInSeveralTransactions) {
  Issue(20);
  RevocationLimit limit(20);
  const OrderVerifier orders("", rpc::RoleTable(), world_.clock);
  MassRevocation small({.ledger = world_.signer.ledger(),
                        .issuers = world_.signer.issuers(),
                        .blocks = world_.signer.blocks(),
                        .limit = limit,
                        .orders = orders,
                        .clock = world_.clock,
                        .max_entries = 9});
  const uint64_t writes = world_.disk.writes();
  std::vector<uint64_t> done;
  ASSERT_THAT(small.RevokeMany(Request(),
                               [&](const RevokedMany& told) {
                                 done.push_back(told.done);
                                 return world_.reader.Take(told.updates);
                               }),
              IsOk());
  // Blocks of 8, 8 and 4: none is torn in two.
  EXPECT_THAT(done, ElementsAre(0, 8, 16, 20));
  EXPECT_EQ(world_.disk.writes(), writes + 6);
  ExpectAllRevoked();
}

}  // namespace
}  // namespace chancery::signer
