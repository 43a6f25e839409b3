// Random commands, crashes at random writes, and a plain model beside them: the
// ledger must be exactly what was acknowledged, or what was in doubt, whole.
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "merkle/tree.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/ledger_audit.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/ledger/testing/sample_certificates.h"

namespace chancery::signer {
namespace {

using ::chancery::base::testing::IsOk;
using testing::FakeDisk;
using testing::SampleIssuerId;
using testing::SampleSerial;

struct ModelCertificate {
  int status = 0;  // 0 good, 6 held, otherwise 100 + reason.
  int64_t revoked_at = 0;
  std::string block_id = {};
  uint32_t place = 0;
  uint64_t index = 0;

  bool operator==(const ModelCertificate&) const = default;
};

struct Model {
  uint64_t size = 0;
  std::map<std::pair<char, uint64_t>, ModelCertificate> certificates;
  std::map<std::string, uint64_t> versions;
  std::map<char, uint64_t> blocks;      // Begun, by issuer.
  std::map<char, uint32_t> last_count;  // Members of the newest.

  bool operator==(const Model&) const = default;
};

constexpr uint32_t kCapacity = 4;

// One step of a command, done to the ledger and, if allowed, to the model.
class Step {
 public:
  explicit Step(std::mt19937& random)
      : kind_(random() % 8),
        issuer_(random() % 3 == 0 ? 'B' : 'A'),
        serial_(random() % 40),
        reason_(std::vector<int>{0, 1, 1, 3, 4, 5}[random() % 6]),
        back_(random() % 4) {}

  // Whether the ledger took it.
  bool Run(Transaction& tx) const {
    const absl::Time now =
        absl::FromUnixSeconds(absl::ToUnixSeconds(tx.time()));
    if (kind_ <= 2) {
      return testing::IssueSample(tx, {.serial = serial_,
                                       .issuer = issuer_,
                                       .block_capacity = kCapacity})
          .ok();
    }
    if (kind_ == 6) {
      ledger::ManifestEntry entry;
      entry.block_id = MakeBlockId(SampleIssuerId(issuer_), serial_ % 4);
      entry.version = serial_ + 1;
      entry.ledger_size = tx.ledger_size();
      entry.this_update = now;
      entry.refresh_at = now + absl::Hours(1);
      entry.manifest = "signed";
      return tx.Append(std::move(entry)).ok();
    }
    ledger::StatusEntry change;
    change.issuer_id = SampleIssuerId(issuer_);
    change.serial = SampleSerial(serial_);
    change.change = kind_ == 3   ? ledger::StatusChange::kHold
                    : kind_ == 4 ? ledger::StatusChange::kRelease
                                 : ledger::StatusChange::kRevoke;
    change.reason = kind_ == 3 ? 6 : kind_ == 4 ? 0 : reason_;
    change.revoked_at =
        kind_ == 4 ? absl::UnixEpoch() : now - absl::Seconds(back_);
    return tx.Append(change).ok();
  }

  bool Run(Model& model, int64_t now) const {
    const auto key = std::make_pair(issuer_, serial_);
    const auto found = model.certificates.find(key);
    const bool known = found != model.certificates.end();
    if (kind_ <= 2) {
      if (known) return false;
      uint64_t& blocks = model.blocks[issuer_];
      uint32_t& count = model.last_count[issuer_];
      if (blocks == 0 || count == kCapacity) {
        ++blocks;
        count = 0;
      }
      model.certificates[key] = {
          .block_id = MakeBlockId(SampleIssuerId(issuer_), blocks - 1),
          .place = count++,
          .index = model.size++};
      return true;
    }
    if (kind_ == 6) {
      const std::string id = MakeBlockId(SampleIssuerId(issuer_), serial_ % 4);
      const auto blocks = model.blocks.find(issuer_);
      if (blocks == model.blocks.end() || serial_ % 4 >= blocks->second ||
          serial_ + 1 <= model.versions[id]) {
        return false;
      }
      model.versions[id] = serial_ + 1;
      ++model.size;
      return true;
    }
    if (!known) return false;
    ModelCertificate& certificate = found->second;
    const int64_t date = now - back_;
    if (kind_ == 3) {
      if (certificate.status != 0) return false;
      certificate.status = 6;
      certificate.revoked_at = date;
    } else if (kind_ == 4) {
      if (certificate.status != 6) return false;
      certificate.status = 0;
      certificate.revoked_at = 0;
    } else {
      if (certificate.status == 6 && date != certificate.revoked_at) {
        return false;
      }
      if (certificate.status >= 100) {
        const bool same =
            certificate.status == 101 && date == certificate.revoked_at;
        if (reason_ != 1 || date > certificate.revoked_at || same) return false;
      }
      certificate.status = 100 + reason_;
      certificate.revoked_at = date;
    }
    certificate.index = model.size++;
    return true;
  }

 private:
  int kind_;  // 0-2 issue, 3 hold, 4 release, 5 and 7 revoke, 6 manifest.
  char issuer_;
  uint64_t serial_;
  uint8_t reason_;
  int back_;
};

// Everything that the ledger says, as a model.
Model ReadModel(const Ledger& ledger) {
  Model model;
  const auto view = ledger.Read();
  EXPECT_THAT(view, IsOk());
  if (!view.ok()) return model;
  const State& state = (*view)->state();
  model.size = (*view)->head().size;
  EXPECT_THAT(state.Blocks([&](const BlockState& block) -> absl::Status {
    const char issuer = block.issuer_id[0];
    ++model.blocks[issuer];
    model.last_count[issuer] = block.count;
    if (block.version > 0) model.versions[block.block_id] = block.version;
    return state.Members(block.block_id, [&](const CertificateState& member) {
      const auto serial = static_cast<uint8_t>(member.serial.back());
      model.certificates[{issuer, serial}] = {
          .status = member.status == CertificateStatus::kGood ? 0
                    : member.status == CertificateStatus::kHeld
                        ? 6
                        : 100 + member.reason,
          .revoked_at = absl::ToUnixSeconds(member.revoked_at),
          .block_id = member.block_id,
          .place = member.place,
          .index = member.changed_index};
      return absl::OkStatus();
    });
  }),
              IsOk());
  return model;
}

void CheckRevoked(const Ledger& ledger, const Model& model) {
  const auto view = ledger.Read();
  ASSERT_THAT(view, IsOk());
  for (const char issuer : {'A', 'B'}) {
    std::set<std::tuple<std::string, int, int64_t>> expected, found;
    for (const auto& [key, certificate] : model.certificates) {
      if (key.first != issuer || certificate.status == 0) continue;
      expected.emplace(SampleSerial(key.second), certificate.status % 100,
                       certificate.revoked_at);
    }
    ASSERT_THAT((*view)->state().RevokedCertificates(
                    SampleIssuerId(issuer), 0,
                    [&](const RevokedCertificate& revoked) {
                      found.emplace(revoked.serial, revoked.reason,
                                    absl::ToUnixSeconds(revoked.revoked_at));
                      return absl::OkStatus();
                    }),
                IsOk());
    EXPECT_EQ(found, expected);
  }
}

void CheckRoot(const Ledger& ledger) {
  const auto range = ledger.ReadEntries(0, 1 << 30, 1 << 20);
  ASSERT_THAT(range, IsOk());
  std::vector<merkle::Hash> leaves;
  for (const std::string& entry : range->entries) {
    leaves.push_back(merkle::LeafHash(base::AsBytes(entry)));
  }
  EXPECT_EQ(range->head.size, leaves.size());
  EXPECT_EQ(range->head.root, merkle::RootOf(leaves));
}

class ModelRun {
 public:
  explicit ModelRun(uint32_t seed) : random_(seed) { Open(); }

  void Commands(int count) {
    for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) Command();
    CheckAll();
    EXPECT_THAT(AuditLedger(testing::FakeKvStore(disk_)), IsOk());
  }

  int crashes() const { return crashes_; }

 private:
  void Open() {
    auto opened =
        Ledger::Open(std::make_unique<testing::FakeKvStore>(disk_), clock_, {});
    ASSERT_THAT(opened, IsOk());
    ledger_ = *std::move(opened);
  }

  void CheckAll() {
    // A refused manifest may have made an empty version.
    for (auto at = model_.versions.begin(); at != model_.versions.end();) {
      at = at->second == 0 ? model_.versions.erase(at) : std::next(at);
    }
    EXPECT_TRUE(ReadModel(*ledger_) == model_);
    CheckRevoked(*ledger_, model_);
    CheckRoot(*ledger_);
  }

  void Command() {
    clock_.Advance(absl::Milliseconds(random_() % 2500));
    const int64_t now = absl::ToUnixSeconds(clock_.Now());
    std::vector<Step> steps;
    for (size_t n = 1 + random_() % 3; n > 0; --n) steps.emplace_back(random_);
    const bool gives_up = random_() % 8 == 0;
    const auto failure = static_cast<FakeDisk::Failure>(random_() % 3);
    const bool fails = random_() % 6 == 0;
    if (fails) disk_.FailWrite(1, failure);

    Model after = model_;
    const absl::Status status = ledger_->Execute([&](Transaction& tx) {
      for (const Step& step : steps) {
        EXPECT_EQ(step.Run(tx), step.Run(after, now));
      }
      return gives_up ? absl::AbortedError("gives up") : absl::OkStatus();
    });
    if (status.ok()) {
      model_ = after;
    } else if (absl::IsUnavailable(status)) {
      EXPECT_TRUE(fails);
      ++crashes_;
      ledger_.reset();
      disk_.Crash();
      ASSERT_NO_FATAL_FAILURE(Open());
      if (failure == FakeDisk::Failure::kAfter) model_ = after;
      CheckAll();
    } else {
      EXPECT_TRUE(gives_up);
    }
    disk_.FailWrite(0, failure);
  }

  std::mt19937 random_;
  FakeDisk disk_;
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1700000000)};
  std::unique_ptr<Ledger> ledger_;
  Model model_;
  int crashes_ = 0;
};

TEST(LedgerModelTest, IsWhatWasAcknowledgedAfterEveryCrash) {
  int crashes = 0;
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    ModelRun run(seed);
    run.Commands(20);
    crashes += run.crashes();
    if (HasFailure()) break;
  }
  EXPECT_GT(crashes, 3000);
}

// The model is worth something: a disk that only says that it synced is found.
TEST(LedgerModelTest, ALyingDiskLosesWhatWasAcknowledged) {
  FakeDisk disk;
  const base::testing::FakeClock clock{absl::FromUnixSeconds(1700000000)};
  auto ledger =
      Ledger::Open(std::make_unique<testing::FakeKvStore>(disk), clock, {});
  ASSERT_THAT(ledger, IsOk());
  disk.FailWrite(1, FakeDisk::Failure::kIgnoredSync);
  ASSERT_THAT((*ledger)->Execute([](Transaction& tx) {
    return testing::IssueSample(tx, {.serial = 1}).status();
  }),
              IsOk());
  ledger->reset();
  disk.Crash();
  ledger =
      Ledger::Open(std::make_unique<testing::FakeKvStore>(disk), clock, {});
  ASSERT_THAT(ledger, IsOk());
  EXPECT_EQ((*ledger)->Head().size, 0u);
}

}  // namespace
}  // namespace chancery::signer
