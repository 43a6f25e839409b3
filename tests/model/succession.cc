// Signers that are restored, cloned, stand by and take over (TRUST 2.9 and 3,
// docs/backup-and-standby.md), while everything else goes on.
//
// What the documentation asks of operators holds here too:
// - A disk is lost, and a standby promoted, when the inventory has all entries:
//   what a signer wrote in its last milliseconds is lost with its disk.
// - Beside a clone, the signer makes its heads and a refresher shows them.
// - Whoever was superseded reaches no responder, and no inventory, before the
//   first head of the new epoch does.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "authority/signer_client.h"
#include "base/bytes.h"
#include "block/head.h"
#include "signer/standing.h"
#include "tests/model/world.h"

namespace chancery::model {
namespace {

constexpr char kSigner[] = "signer";  // The ledger's name in the inventory.
constexpr uint64_t kNewest = std::numeric_limits<int64_t>::max();
// Between two heads of a signer beside which another one runs.
constexpr absl::Duration kHeadInterval = absl::Seconds(30);
constexpr absl::Duration kHeadIsNew = absl::Seconds(2);

}  // namespace

void World::Succeed() {
  if (other_ == nullptr) {
    const size_t what = dice_.Below(7);
    if (what < 3) return RestoreSigner();
    if (what < 4) return StartClone();
    return StartStandby();
  }
  if (dice_.Chance(10)) return StopOther();
  switch (role_) {
    case Role::kClone:
      (void)AskOther();
      break;
    case Role::kStandby:
      if (dice_.Chance(60)) return Promote();
      if (RefresherNode& one = AnyRefresher(); one.running()) FeedOther(one);
      break;
    case Role::kSuperseded:
      for (size_t i = 0; i < 3; ++i) {
        if (other_ != nullptr && role_ == Role::kSuperseded) SupersededActs();
      }
      break;
  }
}

void World::RestartSigner() {
  if (const absl::Status status = signer().Restart(); !status.ok()) {
    checker_.Fail("signer: does not start again: " + status.ToString());
  }
  if (RefresherNode& one = AnyRefresher(); one.running() && dice_.Chance(80)) {
    FeedSigner(one);
  }
  CheckLedger();
}

void World::BackUpSigner() {
  // The first start's file is gone from it, as it is once a refresher came.
  if (signer().may_sign() && !signer().first_start()) {
    backup_ = signer().Copy();
  }
}

void World::RestoreSigner() {
  if (!backup_.has_value()) return BackUpSigner();
  if (!FollowToEnd()) return;
  LookAtFeed();
  trace().Add("restored", backup_->rows.size());
  const absl::Status started = signer().RestoreFrom(*backup_);
  if (!started.ok()) checker_.Fail("restored: " + started.ToString());
  // Clients do not wait for whoever compares.
  for (size_t i = dice_.Below(3); i > 0; --i) {
    switch (dice_.Below(3)) {
      case 0:
        Issue();
        break;
      case 1:
        Revoke();
        break;
      default:
        Refresh();
        break;
    }
  }
  if (RefresherNode& one = AnyRefresher(); one.running() && dice_.Chance(50)) {
    FeedSigner(one);
  }
}

void World::StartClone() {
  if (!signer().may_sign() || signer().first_start()) return;
  AddOther(Role::kClone, {.ledger = signer().Copy()})
      .MustNotSign("a clone signs beside the signer");
  (void)AskOther();
  ShowToClone();
}

void World::StartStandby() {
  AddOther(Role::kStandby,
           {.standby = true, .ledger = {.rows = {}, .first_start = false}})
      .MustNotSign("a standby signs that was not promoted");
}

SignerNode& World::AddOther(Role role, SignerNode::Options options) {
  constexpr const char* kNames[] = {"clone", "standby", "superseded"};
  trace().Add("begins", kNames[static_cast<int>(role)]);
  other_ = std::make_unique<SignerNode>(std::move(options), stage_.pki, clock_,
                                        dice_, checker_);
  other_->Believe(false);
  other_address_.at = other_.get();
  role_ = role;
  return *other_;
}

void World::StopOther() {
  if (other_ == nullptr) return;
  other_->Report();
  other_address_.at = nullptr;
  other_.reset();
}

void World::FeedSigner(RefresherNode& refresher) {
  if (!signer().running()) return;
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) {
    more = refresher.feeder().Step();
    trace().Add("signer", refresher.feeder().standing().state);
  }
  signer().Tick();
  // "Should the inventory be lost ..., so that nobody has a head any more, an
  // operator who knows that the ledger is the newest puts that file there".
  if (more.ok() && !signer().may_sign() && InventoryIsEmpty()) {
    const absl::Status started = signer().StartAsTheFirst();
    if (!started.ok()) checker_.Fail("signer: " + started.ToString());
  }
}

void World::FeedOther(RefresherNode& refresher) {
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) {
    more = refresher.standby_feeder().Step();
    trace().Add("other", refresher.standby_feeder().standing().state);
  }
}

void World::ShowToClone() {
  network_.Lose(0);
  RefresherNode& refresher = RunningRefresher();
  const auto is_new = [&] {
    const auto head = sqlite_->GetHead(kSigner);
    return head.ok() && head->time + kHeadIsNew > clock_.Now();
  };
  // The first may be one that has waited for its entries.
  absl::Status made = refresher.StepHeads();
  if (made.ok()) made = refresher.StepHeads();
  if (!made.ok() || !is_new()) return StopOther();
  FeedOther(refresher);
  clone_shown_ = clock_.Now();
}

void World::TickSigners() {
  if (dice_.Chance(70)) signer().Tick();
  if (other_ == nullptr) return;
  if (role_ == Role::kClone) {
    // Nobody would tell it that the signer lives.
    if (!signer().may_sign()) return StopOther();
    if (clock_.Now() - clone_shown_ >= kHeadInterval || dice_.Chance(30)) {
      ShowToClone();
    }
  }
  if (other_ != nullptr && dice_.Chance(70)) other_->Tick();
}

bool World::FollowToEnd() {
  network_.Lose(0);
  if (!signer().may_sign()) {
    if (!signer().running() && !signer().Restart().ok()) return false;
    FeedSigner(RunningRefresher());
  }
  if (!signer().may_sign()) return false;
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) more = RunningRefresher().follower().Step();
  const auto next = sqlite_->NextIndex(kSigner);
  if (!more.ok() || !next.ok() || *next == 0) return false;
  FeedSigner(RunningRefresher());
  return signer().may_sign() && !signer().first_start() &&
         *next == signer().core().ledger().Head().size;
}

void World::Promote() {
  if (!FollowToEnd()) return;
  LookAtFeed();
  RefresherNode& refresher = RunningRefresher();
  // Stopped; or cut off, so that it does not know.
  if (dice_.Chance(50)) signer().Crash();
  FeedOther(refresher);
  other_->MustNotSign("");
  if (dice_.Chance(20)) {
    using Failure = signer::testing::FakeDisk::Failure;
    constexpr Failure kFailures[] = {Failure::kBefore, Failure::kAfter,
                                     Failure::kNotSynced};
    other_->disk().FailWrite(1 + static_cast<int>(dice_.Below(2)),
                             kFailures[dice_.Below(std::size(kFailures))]);
  }
  auto promoted = other_catch_up_.Promote();
  if (!promoted.ok()) {
    // Whole or not, it is promoted again.
    (void)other_->Restart();
    FeedOther(refresher);
    promoted = other_catch_up_.Promote();
  }
  other_->disk().FailWrite(0, signer::testing::FakeDisk::Failure::kBefore);
  if (!promoted.ok()) {
    checker_.Fail("promote: " + promoted.status().ToString());
    return;
  }
  trace().Add("promoted", promoted->epoch, promoted->ledger_size);
  std::swap(signer_, other_);
  address_.at = signer_.get();
  other_address_.at = other_.get();
  role_ = Role::kSuperseded;
  epoch_ = promoted->epoch;
  signer().Believe(true);
  signer().MustHave(checker_.followed());
  other_->Believe(false);
  other_->MustHave(0);
  signer().Tick();
  if (!signer().may_sign()) {
    checker_.Fail("a promoted standby does not sign");
  }
  backup_.reset();  // Of another machine.
  BackUpSigner();
  CheckLedger();
  // Configured anew and started again; or the name has moved.
  if (dice_.Chance(50)) {
    for (const auto& one : refreshers_) {
      one->Kill();
      one->Start();
    }
  }
}

void World::SupersededActs() {
  if (!other_->running()) {
    other_->MustNotSign("a superseded signer came back and signs");
    if (const absl::Status status = other_->Restart(); !status.ok()) {
      checker_.Fail("superseded: " + status.ToString());
    }
    return;
  }
  const bool known = ShownEpoch() >= epoch_;
  const size_t what = dice_.Below(4);
  if (what == 0 && known) {
    network_.Lose(0);
    FeedOther(RunningRefresher());
    other_->MustNotSign("a superseded signer was told and signs");
    other_->Tick();
    const auto report = other_->core().standing().Look();
    if (!report.ok()) return;
    if (report->state == signer::StandingState::kStandby) {
      role_ = Role::kStandby;
    } else if (report->state == signer::StandingState::kForked) {
      StopOther();  // "Then empty its folder".
    }
  } else if (what == 1 && known) {
    // A refresher that looks for the signer where it was.
    const SignerAddress nobody;
    RefresherNode late("late", RefresherNode::World{.signer = other_address_,
                                                    .standby = nobody,
                                                    .inventory = *inventory_,
                                                    .responders = responders_,
                                                    .network = network_,
                                                    .dice = dice_,
                                                    .clock = clock_,
                                                    .log = log_});
    (void)late.follower().Step();
    (void)late.StepHeads();
  } else {
    BringToResponders(AskOther());
  }
}

World::Made World::AskOther() {
  // Versions are microseconds: two signers do not meet in one.
  constexpr absl::Duration kApart = absl::Milliseconds(1);
  clock_.Advance(kApart);
  Made made;
  const std::string serial = AnySerial();
  const std::string id = absl::StrCat("elsewhere-", ++requests_);
  const std::string issuer = stage_.pki.issuer().name;
  switch (dice_.Below(4)) {
    case 0: {
      // It may come further than the signer has.
      std::vector<authority::SignerIssue> orders(1 + dice_.Below(12));
      for (size_t i = 0; i < orders.size(); ++i) {
        orders[i] = {.request_id = absl::StrCat(id, "-", i),
                     .requester = "a client",
                     .issuer = issuer,
                     .profile = "server",
                     .csr = stage_.csrs.back()};
      }
      auto issued = other_authority_.IssueBatch(orders);
      if (issued.ok()) made.updates = std::move(issued->updates);
      break;
    }
    case 1: {
      auto revoked = other_authority_.Revoke({.request_id = id,
                                              .requester = "a client",
                                              .issuer = issuer,
                                              .serial = serial,
                                              .reason = 5});
      if (revoked.ok()) made.updates = std::move(revoked->updates);
      break;
    }
    case 2: {
      const auto blocks = other_link_.ListBlocks();
      if (!blocks.ok() || blocks->empty()) break;
      auto one = other_link_.SignBlock(
          (*blocks)[dice_.Below(blocks->size())].block_id);
      if (one.ok()) made.updates = std::move(one->updates);
      break;
    }
    default: {
      auto head =
          other_link_.GetHead(absl::InfinitePast(), absl::ZeroDuration());
      if (head.ok()) made.head = *std::move(head);
      break;
    }
  }
  clock_.Advance(kApart);
  if (!made.updates.empty() || made.head.has_value()) {
    trace().Add("superseded made something");
  }
  return made;
}

void World::BringToResponders(const Made& made) {
  for (const auto& responder : responders_) {
    if (!responder->running()) continue;
    if (checker_.EpochAt(responder->number()) < epoch_) continue;
    for (const block::Update& update : made.updates) {
      (void)responder->Apply(update);
    }
    if (made.head.has_value()) (void)responder->PutHead(*made.head);
  }
}

bool World::InventoryIsEmpty() {
  return absl::IsNotFound(sqlite_->LedgerRootUpTo(kSigner, kNewest).status()) &&
         absl::IsNotFound(sqlite_->GetHead(kSigner).status());
}

uint64_t World::ShownEpoch() {
  uint64_t epoch = 0;
  if (const auto head = sqlite_->GetHead(kSigner); head.ok()) {
    epoch = head->epoch;
  }
  const auto row = sqlite_->LedgerRootUpTo(kSigner, kNewest);
  if (!row.ok()) return epoch;
  const auto root = block::HeadOf(base::AsBytes(row->signed_root));
  return root.ok() ? std::max(epoch, root->epoch) : epoch;
}

void World::LookAtFeed() {
  const auto newest = sqlite_->LedgerRootUpTo(kSigner, kNewest);
  const uint64_t size = newest.ok() ? newest->size : 0;
  const auto entries = sqlite_->ReadLedger(kSigner, seen_of_feed_, size);
  if (!entries.ok()) {
    checker_.Fail("inventory: " + entries.status().ToString());
    return;
  }
  checker_.SeeFollowed(seen_of_feed_, *entries);
  seen_of_feed_ = size;
  signer().MustHave(checker_.followed());
  signer().Report();
  if (other_ != nullptr) other_->Report();
}

RefresherNode& World::RunningRefresher() {
  RefresherNode& one = *refreshers_.front();
  if (!one.running()) one.Start();
  return one;
}

}  // namespace chancery::model
