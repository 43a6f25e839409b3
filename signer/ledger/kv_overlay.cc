#include "signer/ledger/kv_overlay.h"

#include <utility>

namespace chancery::signer {

void KvOverlay::Put(std::string key, std::string value) {
  size_bytes_ += key.size() + value.size();
  writes_.insert_or_assign(std::move(key), std::move(value));
}

void KvOverlay::Delete(std::string key) {
  size_bytes_ += key.size();
  writes_.insert_or_assign(std::move(key), std::nullopt);
}

absl::StatusOr<std::optional<std::string>> KvOverlay::Get(
    absl::string_view key) const {
  const auto found = writes_.find(key);
  if (found != writes_.end()) return found->second;
  return base_.Get(key);
}

absl::Status KvOverlay::Scan(absl::string_view from, absl::string_view to,
                             Visitor visit) const {
  auto next = writes_.lower_bound(from);
  const auto end = to.empty() ? writes_.end() : writes_.lower_bound(to);
  bool going = true;
  const auto visit_next = [&] {
    if (next->second.has_value()) going = visit(next->first, *next->second);
    ++next;
  };

  const absl::Status scanned =
      base_.Scan(from, to, [&](absl::string_view key, absl::string_view value) {
        while (going && next != end && next->first < key) visit_next();
        if (!going) return false;
        if (next != end && next->first == key) {
          visit_next();
        } else {
          going = visit(key, value);
        }
        return going;
      });
  if (!scanned.ok()) return scanned;
  while (going && next != end) visit_next();
  return absl::OkStatus();
}

void KvOverlay::Absorb(KvOverlay& other) {
  for (auto& [key, value] : other.writes_) {
    writes_.insert_or_assign(key, std::move(value));
  }
  size_bytes_ += other.size_bytes_;
  other.writes_.clear();
  other.size_bytes_ = 0;
}

WriteBatch KvOverlay::TakeBatch() {
  WriteBatch batch;
  while (!writes_.empty()) {
    auto node = writes_.extract(writes_.begin());
    if (node.mapped().has_value()) {
      batch.Put(std::move(node.key()), *std::move(node.mapped()));
    } else {
      batch.Delete(std::move(node.key()));
    }
  }
  size_bytes_ = 0;
  return batch;
}

}  // namespace chancery::signer
