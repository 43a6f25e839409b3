#ifndef CHANCERY_SIGNER_LEDGER_KV_OVERLAY_H_
#define CHANCERY_SIGNER_LEDGER_KV_OVERLAY_H_

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/ledger/kv_store.h"

namespace chancery::signer {

// Writes that are not stored yet, laid over what is: reads see both. `base`
// must outlive it and not change under it. Thread-compatible.
class KvOverlay final : public KvReader {
 public:
  explicit KvOverlay(const KvReader& base) : base_(base) {}
  KvOverlay(const KvOverlay&) = delete;
  KvOverlay& operator=(const KvOverlay&) = delete;

  void Put(std::string key, std::string value);
  void Delete(std::string key);

  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override;
  // `visit` must not write to this object.
  absl::Status Scan(absl::string_view from, absl::string_view to,
                    Visitor visit) const override;

  // Takes over the writes of `other`, which lay over this, and empties it.
  void Absorb(KvOverlay& other);
  // The writes as a batch; leaves none here.
  WriteBatch TakeBatch();

  bool empty() const { return writes_.empty(); }
  // Bytes in keys and values.
  size_t size_bytes() const { return size_bytes_; }

 private:
  const KvReader& base_;
  // nullopt: deleted.
  std::map<std::string, std::optional<std::string>, std::less<>> writes_;
  size_t size_bytes_ = 0;  // Of everything put, replaced or not.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_KV_OVERLAY_H_
