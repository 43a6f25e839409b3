#ifndef CHANCERY_SIGNER_LEDGER_TESTING_FAKE_KV_STORE_H_
#define CHANCERY_SIGNER_LEDGER_TESTING_FAKE_KV_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "signer/ledger/kv_store.h"

namespace chancery::signer::testing {

// What survives a store that is thrown away: give the next one the same disk.
// Thread-safe.
class FakeDisk {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  // How a write fails.
  enum class Failure {
    kBefore,       // Nothing happened.
    kAfter,        // It is durable, and the answer was lost.
    kNotSynced,    // Readers see it, a crash undoes it.
    kIgnoredSync,  // As kNotSynced, but the write says OK: a disk that lies.
  };

  // The `nth` write from now on fails, 1 being the next.
  void FailWrite(int nth, Failure failure);

  // The power goes: what was not synced is gone.
  void Crash();

  uint64_t writes() const;
  uint64_t syncs() const;
  // The durable rows, to look at or to damage.
  Rows durable() const;
  void set_durable(Rows rows);

 private:
  friend class FakeKvStore;

  std::shared_ptr<const Rows> visible() const;
  absl::Status Write(const WriteBatch& batch, bool sync);

  mutable base::Mutex mu_;
  // Replaced, never changed: a snapshot is a pointer.
  std::shared_ptr<const Rows> visible_ ABSL_GUARDED_BY(mu_) =
      std::make_shared<const Rows>();
  std::shared_ptr<const Rows> durable_ ABSL_GUARDED_BY(mu_) = visible_;
  uint64_t writes_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t syncs_ ABSL_GUARDED_BY(mu_) = 0;
  int fail_in_ ABSL_GUARDED_BY(mu_) = 0;  // 0: never.
  Failure failure_ ABSL_GUARDED_BY(mu_) = Failure::kBefore;
};

// Rows in memory. The disk must outlive it.
class FakeKvStore final : public KvStore {
 public:
  explicit FakeKvStore(FakeDisk& disk) : disk_(disk) {}

  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override;
  absl::Status Scan(absl::string_view from, absl::string_view to,
                    Visitor visit) const override;
  absl::Status Write(const WriteBatch& batch, bool sync) override;
  std::unique_ptr<const KvReader> Snapshot() const override;

 private:
  FakeDisk& disk_;
};

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_LEDGER_TESTING_FAKE_KV_STORE_H_
