#include "refresher/discovery.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "refresher/fanout.h"
#include "refresher/testing/fake_responder.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakeResolver final : public Resolver {
 public:
  absl::StatusOr<std::vector<std::string>> Resolve(
      const std::string& host) override {
    asked.push_back(host);
    return answer;
  }
  absl::StatusOr<std::vector<std::string>> answer =
      absl::UnavailableError("not asked yet");
  std::vector<std::string> asked;
};

class DiscoveryTest : public testing::RefresherFixture {
 protected:
  // A responder with all that looks after it.
  struct Link {
    Link(const DiscoveryTest& test, const std::string& name,
         const std::string& address)
        : ended(test.ended_),
          replicator(responder, *test.real_inventory_, test.clock_,
                     {.name = name, .address = address}),
          worker(replicator, test.log_, {.converge_interval = absl::Hours(1)}) {
    }
    ~Link() { ++ended; }

    std::atomic<int>& ended;
    testing::FakeResponder responder;
    Replicator replicator;
    ResponderWorker worker;
  };

  absl::StatusOr<std::shared_ptr<ResponderWorker>> Make(
      const std::string& name, const std::string& address) {
    if (!refuses_.ok()) return refuses_;
    auto link = std::make_shared<Link>(*this, name, address);
    newest_ = &link->responder;
    return std::shared_ptr<ResponderWorker>(link, &link->worker);
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& worker : *responders_.Get()) {
      names.push_back(worker->state().name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  mutable std::atomic<int> ended_ = 0;
  absl::Status refuses_;
  testing::FakeResponder* newest_ = nullptr;
  FakeResolver resolver_;
  ResponderSet responders_;
  Discovery discovery_{
      resolver_,
      responders_,
      [this](const std::string& name, const std::string& address) {
        return Make(name, address);
      },
      clock_,
      log_,
      {.name = "edge",
       .host = "edge.example",
       .port = 9090,
       .forget_after = absl::Seconds(60)}};
};

TEST_F(DiscoveryTest, EachAddressIsAResponderOfItsOwn) {
  resolver_.answer = std::vector<std::string>{"10.0.0.1", "fd00::1"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_THAT(resolver_.asked, ElementsAre("edge.example"));
  EXPECT_THAT(Names(), ElementsAre("edge/10.0.0.1", "edge/fd00::1"));
  std::vector<std::string> addresses;
  for (const auto& worker : *responders_.Get()) {
    addresses.push_back(worker->state().address);
  }
  EXPECT_THAT(addresses, ElementsAre("10.0.0.1:9090", "[fd00::1]:9090"));
}

TEST_F(DiscoveryTest, ANewAddressIsFilledAndThenOfferedEverything) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(keeper_.Fetch(block, 0), IsOk());
  resolver_.answer = std::vector<std::string>{"10.0.0.1"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  resolver_.answer = std::vector<std::string>{"10.0.0.1", "10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_TRUE(newest_->Await(
      [&] { return newest_->Version(block) == signer_.Version(block); }));

  Fanout fanout(responders_);
  const block::Update delta = signer_.Revoke(block, 0);
  EXPECT_EQ(fanout.Offer({delta}, absl::ZeroDuration()).total, 2u);
  EXPECT_TRUE(
      newest_->Await([&] { return newest_->Version(block) == delta.version; }));
}

TEST_F(DiscoveryTest, WhatTheNameHasLostForAWhileIsDropped) {
  resolver_.answer = std::vector<std::string>{"10.0.0.1", "10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  resolver_.answer = std::vector<std::string>{"10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  clock_.Advance(absl::Seconds(59));
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("edge/10.0.0.1", "edge/10.0.0.2"));
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("edge/10.0.0.2"));
  // Its thread ends with the next look.
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_EQ(ended_, 1);
}

TEST_F(DiscoveryTest, OneThatIsBackInTimeKeepsItsWorker) {
  resolver_.answer = std::vector<std::string>{"10.0.0.1"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  const auto worker = responders_.Get()->front();
  resolver_.answer = std::vector<std::string>{"10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  clock_.Advance(absl::Seconds(59));
  resolver_.answer = std::vector<std::string>{"10.0.0.1", "10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  resolver_.answer = std::vector<std::string>{"10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  clock_.Advance(absl::Seconds(59));
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_EQ(responders_.Get()->front(), worker);
}

TEST_F(DiscoveryTest, ANameThatCannotBeResolvedDropsNobody) {
  resolver_.answer = std::vector<std::string>{"10.0.0.1", "10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  resolver_.answer = absl::UnavailableError("no DNS");
  EXPECT_THAT(discovery_.Step(),
              StatusIs(absl::StatusCode::kUnavailable, "no DNS"));
  clock_.Advance(absl::Hours(1));
  EXPECT_FALSE(discovery_.Step().ok());
  // Time that nobody could say counts for nothing either.
  resolver_.answer = std::vector<std::string>{"10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("edge/10.0.0.1", "edge/10.0.0.2"));
}

TEST_F(DiscoveryTest, OneInAReadersHandsEndsWhenThatOneLetsGo) {
  resolver_.answer = std::vector<std::string>{"10.0.0.1"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  auto reader = responders_.Get();
  resolver_.answer = std::vector<std::string>{"10.0.0.2"};
  ASSERT_THAT(discovery_.Step(), IsOk());
  clock_.Advance(absl::Minutes(1));
  for (int i = 0; i < 2; ++i) ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("edge/10.0.0.2"));
  EXPECT_EQ(ended_, 0);
  reader = nullptr;
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_EQ(ended_, 1);
}

TEST_F(DiscoveryTest, WhatCannotBeMadeIsTriedAgain) {
  resolver_.answer = std::vector<std::string>{"10.0.0.1"};
  refuses_ = absl::ResourceExhaustedError("no thread");
  EXPECT_THAT(discovery_.Step(),
              StatusIs(absl::StatusCode::kResourceExhausted, "no thread"));
  EXPECT_THAT(Names(), IsEmpty());
  refuses_ = absl::OkStatus();
  ASSERT_THAT(discovery_.Step(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("edge/10.0.0.1"));
}

}  // namespace
}  // namespace chancery::refresher
