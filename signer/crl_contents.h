#ifndef CHANCERY_SIGNER_CRL_CONTENTS_H_
#define CHANCERY_SIGNER_CRL_CONTENTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/ledger/ledger.h"
#include "x509/crl/crl.h"

namespace chancery::signer {

// What the next CRL of a scope says, from one snapshot of the ledger (TRUST
// 2.7): a full one all that is revoked and not yet removable, a delta what has
// changed since its base. Thread-safe.
class CrlContents {
 public:
  // FailedPrecondition: a delta of a scope without a full CRL.
  static absl::StatusOr<CrlContents> Read(const Ledger& ledger,
                                          const std::string& issuer_id,
                                          uint32_t shard, ledger::CrlKind kind);

  // When the ledger was read, as a whole second.
  absl::Time this_update() const { return this_update_; }
  uint64_t ledger_size() const { return view_->head().size; }
  // The scope's newest of either kind, and of this one.
  const std::optional<CrlState>& newest() const { return newest_; }
  const std::optional<CrlState>& former() const { return former_; }
  // Of a delta.
  const std::optional<CrlState>& base() const { return base_; }

  // The entries, by serial: the same each time. They live until `visit`
  // returns; its error ends it. Needs no memory for them but, in a delta, for
  // those that are taken off.
  absl::Status ForEach(
      absl::FunctionRef<absl::Status(const x509::CrlEntry&)> visit) const;

 private:
  CrlContents(std::unique_ptr<const LedgerView> view, std::string issuer_id,
              uint32_t shard)
      : view_(std::move(view)),
        issuer_id_(std::move(issuer_id)),
        shard_(shard) {}

  std::unique_ptr<const LedgerView> view_;
  std::string issuer_id_;
  uint32_t shard_;
  absl::Time this_update_;
  std::optional<CrlState> newest_;
  std::optional<CrlState> former_;
  std::optional<CrlState> base_;
  std::vector<std::string> removed_;  // Serials, ascending.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_CONTENTS_H_
