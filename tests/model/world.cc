#include "tests/model/world.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "crypto/testing/repeatable_key.h"
#include "storage/open.h"

namespace chancery::model {
namespace {

constexpr int kSteps = 80;
constexpr size_t kResponders = 3;
constexpr size_t kRefreshers = 2;
constexpr char kClient[] = "spiffe://model/client/1";
constexpr absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
// Within the issuer's validity and the OCSP signer's.
constexpr absl::Duration kLongestRun = absl::Hours(26);

void CopyDatabase(const std::string& from, const std::string& to) {
  for (const char* end : {"", "-wal", "-shm"}) {
    std::filesystem::remove(to + end);
    if (std::filesystem::exists(from + end)) {
      std::filesystem::copy_file(from + end, to + end);
    }
  }
}

std::vector<std::string> MakeCsrs() {
  std::vector<std::string> csrs;
  for (int i = 0; i < 2 * kSteps; ++i) {
    csrs.push_back(signer::testing::QuickCsr(
        "www.example.com",
        *crypto::testing::RepeatableKey::Named(absl::StrCat("request/", i))));
  }
  return csrs;
}

}  // namespace

Stage MakeStage() {
  // Memory, where there is some: what is tested is not the file system.
  const bool shm = access("/dev/shm", W_OK) == 0;
  const char* temporary = std::getenv("TEST_TMPDIR");
  std::string folder = absl::StrCat(shm         ? "/dev/shm"
                                    : temporary ? temporary
                                                : "/tmp",
                                    "/chancery-model-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) std::abort();
  // The schema, made once.
  (void)storage::OpenSqlite(folder + "/empty");
  const auto remove = [folder](const void*) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  };
  return Stage{
      .pki = signer::testing::TestPki({.now = kStart,
                                       .delegate_lifetime = absl::Hours(30),
                                       .ocsp_validity = absl::Hours(20),
                                       .crl_validity = absl::Hours(40),
                                       .block_capacity = 4,
                                       .leaf_validity = absl::Hours(24),
                                       .seed = "the model"}),
      .csrs = MakeCsrs(),
      .folder = folder,
      .removes_folder = std::shared_ptr<const void>(nullptr, remove)};
}

std::optional<Violation> Play(const Stage& stage, uint64_t seed, Trace* trace) {
  World world(stage, seed);
  for (int step = 0; step < kSteps && world.violation().empty(); ++step) {
    world.Step();
  }
  if (world.violation().empty()) world.Settle();
  std::optional<Violation> broken;
  if (!world.violation().empty()) {
    broken = {.what = world.violation(), .log = world.log()};
    for (const std::string& line : world.trace().lines()) {
      absl::StrAppend(&broken->log, "trace: ", line, "\n");
    }
  }
  if (trace != nullptr) *trace = std::move(world.trace());
  return broken;
}

World::World(const Stage& stage, uint64_t seed)
    : stage_(stage),
      dice_(seed),
      clock_(kStart),
      log_({}, clock_, lines_),
      network_(dice_),
      checker_(stage.pki.issuer().ocsp_signer_not_after),
      signer_(std::make_unique<SignerNode>(SignerNode::Options(), stage.pki,
                                           clock_, dice_, checker_)),
      address_{signer_.get()},
      authority_signer_(address_, network_),
      near_(dice_),
      other_link_(other_address_, near_),
      other_authority_(other_address_, near_),
      other_catch_up_(other_address_, near_),
      publisher_(*this) {
  database_ = stage_.folder + "/inventory";
  CopyDatabase(stage_.folder + "/empty", database_);
  CopyDatabase(stage_.folder + "/empty", stage_.folder + "/copy");
  OpenInventory();
  for (size_t i = 0; i < kResponders; ++i) {
    responders_.push_back(std::make_unique<ResponderNode>(
        ResponderNode::Options{
            .number = static_cast<int>(i),
            .folder = absl::StrCat(stage_.folder, "/responder-", i)},
        stage_.pki, clock_, log_, dice_, checker_));
  }
  for (size_t i = 0; i < kRefreshers; ++i) {
    refreshers_.push_back(std::make_unique<RefresherNode>(
        absl::StrCat("refresher-", i),
        RefresherNode::World{.signer = address_,
                             .standby = other_address_,
                             .inventory = *inventory_,
                             .responders = responders_,
                             .network = network_,
                             .dice = dice_,
                             .clock = clock_,
                             .log = log_}));
  }
  directory_ = std::make_unique<authority::IssuerDirectory>(authority_signer_,
                                                            *inventory_);
  authority::CertificateAuthority::Options options;
  // One thread: what comes when is for the dice to say.
  options.publication = std::launch::deferred;
  options.sleep = [](absl::Duration) { return false; };
  authority_ = std::make_unique<authority::CertificateAuthority>(
      authority::CertificateAuthority::Parts{.signer = authority_signer_,
                                             .certificates = *inventory_,
                                             .issuers = *directory_,
                                             .publisher = &publisher_,
                                             .clock = clock_,
                                             .random = dice_,
                                             .log = log_},
      options);
}

void World::OpenInventory() {
  auto opened = storage::OpenSqlite(database_);
  if (!opened.ok()) {
    checker_.Fail("inventory: " + std::string(opened.status().message()));
    return;
  }
  std::unique_ptr<storage::Inventory> before = std::move(sqlite_);
  sqlite_ = *std::move(opened);
  if (inventory_ == nullptr) {
    inventory_ = std::make_unique<storage::testing::FailingInventory>(*sqlite_);
  } else {
    inventory_->Replace(*sqlite_);
  }
}

void World::Step() {
  network_.Lose(dice_.Chance(30) ? 15 : 0);
  const size_t what = dice_.Below(100);
  trace().Add("step", what, absl::ToUnixMicros(clock_.Now()));
  if (what < 16) {
    Issue();
  } else if (what < 24) {
    Revoke();
  } else if (what < 28) {
    Release();
  } else if (what < 31) {
    RevokeDuringSigning();
  } else if (what < 41) {
    Follow();
  } else if (what < 49) {
    Refresh();
  } else if (what < 53) {
    Crls();
  } else if (what < 60) {
    Converge();
  } else if (what < 62) {
    Head();
  } else if (what < 65) {
    if (RefresherNode& one = AnyRefresher(); one.running()) FeedSigner(one);
  } else if (what < 72) {
    KillSomething();
  } else if (what < 75) {
    FailSignerDisk();
  } else if (what < 78) {
    FailInventory();
  } else if (what < 79) {
    RestoreInventory();
  } else if (what < 81) {
    KeepCopies();
  } else if (what < 82) {
    responders_[dice_.Below(kResponders)]->DeliverLate();
  } else if (what < 83) {
    StealRefresher();
  } else if (what < 92) {
    Succeed();
  } else {
    Advance();
  }
  TickSigners();
  LookAtFeed();
  LookAround();
}

void World::Issue() {
  // The same order again, as a client does that was not answered.
  size_t number;
  if (!open_requests_.empty() && dice_.Chance(50)) {
    number = open_requests_[dice_.Below(open_requests_.size())];
  } else {
    number = ++requests_;
    open_requests_.push_back(number);
  }
  const std::string id = absl::StrCat("request-", number);
  const auto issued = authority_->Issue({.request_id = id,
                                         .requester = kClient,
                                         .issuer = stage_.pki.issuer().name,
                                         .profile = "server",
                                         .csr = stage_.csrs.at(number)});
  if (!issued.ok()) {
    // A signer that stops refuses for a moment what it is still asked.
    if (!absl::IsUnavailable(issued.status()) &&
        (!signer().serving() || signer().may_sign())) {
      checker_.Fail(absl::StrCat("issue: ", issued.status().ToString()));
    }
    return;
  }
  const storage::CertificateRow& row = issued->certificate;
  if (!sqlite_->FindCertificate(row.issuer_id, row.serial).ok()) {
    checker_.Fail("a certificate was given out that the inventory lacks");
  }
  const bool first = !checker_.certificates().contains(row.serial);
  checker_.Issued(id, row.serial, row.der, row.not_after, clock_.Now());
  // Answered orders are repeated now and then too.
  if (dice_.Chance(80)) std::erase(open_requests_, number);
  if (first) {
    CheckAcknowledged(row.serial, issued->acknowledged.responders,
                      Answer::Kind::kGood);
  }
}

void World::Revoke() {
  const std::string serial = AnySerial();
  if (serial.empty()) return;
  constexpr int kReasons[] = {0, 1, 3, 4, 6, 6};
  const int reason = kReasons[dice_.Below(std::size(kReasons))];
  checker_.StatusAsked(serial, reason);
  const auto changed =
      authority_->Revoke({.request_id = absl::StrCat("revoke-", ++requests_),
                          .requester = kClient,
                          .issuer = stage_.pki.issuer().name,
                          .serial = serial,
                          .reason = reason});
  if (!changed.ok()) return;
  const storage::CertificateRow& row = changed->certificate;
  checker_.StatusAnswered(serial,
                          row.status == storage::CertificateStatus::kHeld
                              ? CertificateStatus::kHeld
                              : CertificateStatus::kRevoked,
                          row.reason, clock_.Now());
  CheckAcknowledged(serial, changed->acknowledged.responders,
                    Answer::Kind::kRevoked);
}

void World::Release() {
  const std::string serial = AnySerial();
  if (serial.empty()) return;
  const Checker::Certificate& known = checker_.certificates().at(serial);
  const bool revoked =
      !known.uncertain && known.status == CertificateStatus::kRevoked;
  if (!revoked) checker_.StatusAsked(serial, std::nullopt);
  const auto changed =
      authority_->Release({.request_id = absl::StrCat("release-", ++requests_),
                           .requester = kClient,
                           .issuer = stage_.pki.issuer().name,
                           .serial = serial});
  if (!changed.ok()) return;
  if (revoked) checker_.Fail("a revoked certificate was released");
  checker_.StatusAnswered(serial, CertificateStatus::kGood, 0, clock_.Now());
}

void World::RevokeDuringSigning() {
  const std::string serial = AnySerial();
  RefresherNode& refresher = AnyRefresher();
  if (serial.empty() || !signer().may_sign() || !refresher.running()) return;
  signer::testing::TestSigner& core = signer().core();
  const auto view = core.ledger().Read();
  if (!view.ok()) return;
  const auto state = (*view)->state().Certificate(signer().issuer_id(), serial);
  // A repeated revocation would leave no entry to wait for.
  if (!state.ok() || state->status == CertificateStatus::kRevoked) return;
  constexpr int kReason = 4;
  checker_.StatusAsked(serial, kReason);
  absl::StatusOr<signer::Revoked> revoked = absl::UnavailableError("not asked");
  const std::string id = absl::StrCat("direct-", ++requests_);
  const auto revoke = [&] {
    revoked = core.revocation().Revoke(
        {.asker = {.caller_uri = "spiffe://model/operator/1",
                   .requester = "",
                   .request_id = id},
         .issuer = stage_.pki.issuer().name,
         .serial = serial,
         .reason = kReason,
         .revoked_at = std::nullopt});
  };
  if (dice_.Chance(50)) {
    signer().DuringNextSignature(revoke);
    (void)refresher.crls().StepNow();
  } else {
    SignBlockDuring(state->block_id, revoke);
  }
  signer().DuringNextSignature(nullptr);
  if (!revoked.ok()) return;
  checker_.StatusAnswered(serial, CertificateStatus::kRevoked, revoked->reason,
                          clock_.Now());
}

// The order waits for the block that is being signed, but for its entry: so it
// has a thread. What it does when goes by that block's lock alone.
void World::SignBlockDuring(const std::string& block_id,
                            const std::function<void()>& order) {
  signer::testing::TestSigner& core = signer().core();
  std::thread thread;
  std::atomic<bool> done = false;
  signer().DuringNextSignature([&] {
    const uint64_t size = core.ledger().Head().size;
    thread = std::thread([&] {
      order();
      done = true;
    });
    // Its entry is in the ledger, or it was refused.
    while (!done && core.ledger().Head().size == size) {
      std::this_thread::yield();
    }
  });
  const auto block = core.blocks().SignBlock(block_id);
  signer().DuringNextSignature(nullptr);
  if (thread.joinable()) thread.join();
  if (!block.ok()) return;
  // Its refresher died before it stored it.
  for (const block::Update& update : block->updates) {
    checker_.SeeUpdate(update);
  }
}

void World::Follow() {
  RefresherNode& refresher = AnyRefresher();
  if (!refresher.running()) return;
  const size_t pages = dice_.Below(4);
  for (size_t i = 0; i <= pages; ++i) {
    const auto more = refresher.follower().Step();
    if (absl::IsDataLoss(more.status())) {
      checker_.Fail("follower: " + more.status().ToString());
    }
    if (!more.ok() || !*more) return;
  }
}

void World::Refresh() {
  RefresherNode& refresher = AnyRefresher();
  if (!refresher.running()) return;
  if (dice_.Chance(20)) {
    (void)refresher.blocks().Reconcile();
  } else {
    (void)refresher.blocks().Step();
  }
}

void World::Crls() {
  RefresherNode& refresher = AnyRefresher();
  if (refresher.running()) (void)refresher.crls().Step();
}

void World::Converge() {
  RefresherNode& refresher = AnyRefresher();
  if (!refresher.running()) return;
  if (dice_.Chance(50)) {
    (void)refresher.StepHeads();
  }
  (void)refresher.Converge(dice_.Below(kResponders));
}

void World::Head() {
  RefresherNode& refresher = AnyRefresher();
  if (refresher.running()) (void)refresher.StepHeads();
}

void World::StealRefresher() {
  ResponderNode& responder = *responders_[dice_.Below(kResponders)];
  responder.Withhold(!responder.withholds());
  if (responder.withholds()) return;
  // Taken back, it starts anew: it does not remember what it was told that the
  // responder took.
  for (const auto& refresher : refreshers_) {
    if (!refresher->running()) continue;
    refresher->Kill();
    refresher->Start();
  }
}

void World::KillSomething() {
  switch (dice_.Below(6)) {
    case 0:
      if (dice_.Chance(30)) {
        signer().Crash();
        break;
      }
      RestartSigner();
      break;
    case 1:
      AnyRefresher().Kill();
      break;
    case 2:
      AnyRefresher().Start();
      break;
    case 3:
      responders_[dice_.Below(kResponders)]->Kill();
      break;
    case 4:
      if (ResponderNode& one = *responders_[dice_.Below(kResponders)];
          !one.running()) {
        one.Start();
      }
      break;
    default:
      if (dice_.Chance(30)) responders_[dice_.Below(kResponders)]->Wipe();
      break;
  }
  if (!signer().running() && dice_.Chance(50)) RestartSigner();
}

void World::FailSignerDisk() {
  using Failure = signer::testing::FakeDisk::Failure;
  constexpr Failure kFailures[] = {Failure::kBefore, Failure::kAfter,
                                   Failure::kNotSynced};
  signer().disk().FailWrite(1 + static_cast<int>(dice_.Below(3)),
                            kFailures[dice_.Below(std::size(kFailures))]);
  Issue();
  Revoke();
  Refresh();
  // The ledger refuses everything until it is opened again.
  signer().disk().FailWrite(0, Failure::kBefore);
  RestartSigner();
}

void World::FailInventory() {
  inventory_->FailAt(static_cast<int>(dice_.Below(6)), dice_.Chance(50));
  switch (dice_.Below(5)) {
    case 0:
      Issue();
      break;
    case 1:
      Revoke();
      break;
    case 2:
      Follow();
      break;
    case 3:
      Refresh();
      break;
    default:
      Converge();
      break;
  }
  inventory_->Heal();
}

void World::KeepCopies() {
  if (dice_.Chance(50)) {
    // Its last writes are in the log file beside it.
    CopyDatabase(database_, stage_.folder + "/copy");
  } else {
    BackUpSigner();
  }
}

void World::RestoreInventory() {
  // With the signer's disk, what was written since would be lost for good; and
  // a signer of the past could fill the gap.
  if (!signer().may_sign() || other_ != nullptr) return;
  // Other names: the old one is still open.
  const std::string next = database_ + "x";
  CopyDatabase(stage_.folder + "/copy", next);
  const std::string before = std::exchange(database_, next);
  OpenInventory();
  seen_of_feed_ = 0;
  for (const char* end : {"", "-wal", "-shm"}) {
    std::filesystem::remove(before + end);
  }
}

void World::Advance() {
  constexpr absl::Duration kSteps[] = {
      absl::Milliseconds(10), absl::Milliseconds(700), absl::Seconds(3),
      absl::Seconds(20),      absl::Minutes(6),        absl::Hours(1),
      absl::Hours(5)};
  const absl::Duration by = kSteps[dice_.Below(std::size(kSteps))];
  if (clock_.Now() + by < kStart + kLongestRun) clock_.Advance(by);
}

void World::LookAround() {
  ResponderNode& responder = *responders_[dice_.Below(kResponders)];
  const std::string serial = AnySerial();
  if (responder.running() && !serial.empty()) responder.Look(serial);
}

std::string World::AnySerial() {
  const auto& all = checker_.certificates();
  if (all.empty()) return "";
  auto at = all.begin();
  std::advance(at, dice_.Below(all.size()));
  return at->first;
}

RefresherNode& World::AnyRefresher() {
  return *refreshers_[dice_.Below(kRefreshers)];
}

absl::StatusOr<authority::Acknowledged> World::PublisherLink::Publish(
    const std::vector<block::Update>& updates, absl::Duration wait) {
  return world_.network_.Call([&]() -> absl::StatusOr<authority::Acknowledged> {
    RefresherNode& refresher = *world_.refreshers_.front();
    if (!refresher.running()) return absl::UnavailableError("away");
    const auto published = refresher.publisher().Publish(updates, wait);
    if (!published.ok()) return published.status();
    return authority::Acknowledged{.responders = published->responders,
                                   .total = published->total};
  });
}

}  // namespace chancery::model
