#include "signer/ledger/testing/fake_kv_store.h"

#include <utility>

namespace chancery::signer::testing {
namespace {

class RowsReader final : public KvReader {
 public:
  explicit RowsReader(std::shared_ptr<const FakeDisk::Rows> rows)
      : rows_(std::move(rows)) {}

  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override {
    const auto found = rows_->find(key);
    if (found == rows_->end()) return std::nullopt;
    return std::optional<std::string>(found->second);
  }

  absl::Status Scan(absl::string_view from, absl::string_view to,
                    Visitor visit) const override {
    for (auto row = rows_->lower_bound(from); row != rows_->end(); ++row) {
      if (!to.empty() && row->first >= to) break;
      if (!visit(row->first, row->second)) break;
    }
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<const FakeDisk::Rows> rows_;
};

}  // namespace

void FakeDisk::FailWrite(int nth, Failure failure) {
  base::MutexLock lock(mu_);
  fail_in_ = nth;
  failure_ = failure;
}

void FakeDisk::Crash() {
  base::MutexLock lock(mu_);
  visible_ = durable_;
  fail_in_ = 0;
}

uint64_t FakeDisk::writes() const {
  base::MutexLock lock(mu_);
  return writes_;
}

uint64_t FakeDisk::syncs() const {
  base::MutexLock lock(mu_);
  return syncs_;
}

FakeDisk::Rows FakeDisk::durable() const {
  base::MutexLock lock(mu_);
  return *durable_;
}

void FakeDisk::set_durable(Rows rows) {
  base::MutexLock lock(mu_);
  visible_ = durable_ = std::make_shared<const Rows>(std::move(rows));
}

std::shared_ptr<const FakeDisk::Rows> FakeDisk::visible() const {
  base::MutexLock lock(mu_);
  return visible_;
}

absl::Status FakeDisk::Write(const WriteBatch& batch, bool sync) {
  base::MutexLock lock(mu_);
  const bool fails = fail_in_ > 0 && --fail_in_ == 0;
  if (fails && failure_ == Failure::kBefore) {
    return absl::UnavailableError("fake disk: the write failed");
  }
  auto rows = std::make_shared<Rows>(*visible_);
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.value.has_value()) {
      rows->insert_or_assign(operation.key, *operation.value);
    } else {
      rows->erase(operation.key);
    }
  }
  visible_ = std::move(rows);
  ++writes_;
  const bool loses_sync = fails && (failure_ == Failure::kNotSynced ||
                                    failure_ == Failure::kIgnoredSync);
  if (sync && !loses_sync) {
    durable_ = visible_;
    ++syncs_;
  }
  return fails && failure_ != Failure::kIgnoredSync
             ? absl::UnavailableError("fake disk: the write failed")
             : absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> FakeKvStore::Get(
    absl::string_view key) const {
  return RowsReader(disk_.visible()).Get(key);
}

absl::Status FakeKvStore::Scan(absl::string_view from, absl::string_view to,
                               Visitor visit) const {
  return RowsReader(disk_.visible()).Scan(from, to, visit);
}

absl::Status FakeKvStore::Write(const WriteBatch& batch, bool sync) {
  return disk_.Write(batch, sync);
}

std::unique_ptr<const KvReader> FakeKvStore::Snapshot() const {
  return std::make_unique<RowsReader>(disk_.visible());
}

}  // namespace chancery::signer::testing
