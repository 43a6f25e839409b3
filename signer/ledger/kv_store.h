// What the ledger needs from a store: ordered keys, snapshots, and one atomic
// write that survives a power failure once it returned.
#ifndef CHANCERY_SIGNER_LEDGER_KV_STORE_H_
#define CHANCERY_SIGNER_LEDGER_KV_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::signer {

// Reads of ordered keys. Keys and values are bytes; keys are ordered as
// unsigned bytes. DataLoss: what is stored is damaged. Unavailable: the store
// did not answer.
class KvReader {
 public:
  // `key` and `value` live until the call returns; false ends the scan.
  using Visitor =
      absl::FunctionRef<bool(absl::string_view key, absl::string_view value)>;

  virtual ~KvReader() = default;

  virtual absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const = 0;

  // Keys in [from, to), ascending. An empty `to` has no end.
  virtual absl::Status Scan(absl::string_view from, absl::string_view to,
                            Visitor visit) const = 0;
};

// Changes that happen together or not at all; a later one of the same key wins.
// A value; thread-compatible.
class WriteBatch {
 public:
  struct Operation {
    std::string key;
    std::optional<std::string> value;  // Absent: the key goes.
  };

  void Put(std::string key, std::string value) {
    operations_.push_back({std::move(key), std::move(value)});
  }
  void Delete(std::string key) {
    operations_.push_back({std::move(key), std::nullopt});
  }
  const std::vector<Operation>& operations() const { return operations_; }
  bool empty() const { return operations_.empty(); }

 private:
  std::vector<Operation> operations_;
};

// Its reads see the newest writes. Thread-safe.
class KvStore : public KvReader {
 public:
  // Atomic. With `sync`, this batch and all before it are durable before any
  // reader sees this one and before this returns.
  // After an error nobody knows whether the batch is stored, and what is read
  // may be gone after a restart: open the store again.
  virtual absl::Status Write(const WriteBatch& batch, bool sync) = 0;

  // The store as it is now, unmoved by later writes. Must not outlive the
  // store. Thread-safe.
  virtual std::unique_ptr<const KvReader> Snapshot() const = 0;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_KV_STORE_H_
