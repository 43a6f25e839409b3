#include "storage/crl_part_memory.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace chancery::storage {
namespace {

// Senders that are further apart than this read for themselves.
constexpr size_t kKept = 4;

}  // namespace

absl::StatusOr<std::string> CrlPartMemory::Get(
    const CrlRow& crl, uint32_t part,
    absl::FunctionRef<absl::StatusOr<std::string>()> read) {
  const Key key(crl.issuer_id, crl.shard, crl.is_delta, crl.number, part);
  base::MutexLock lock(mu_);
  const auto found =
      std::find_if(entries_.begin(), entries_.end(),
                   [&](const Entry& entry) { return entry.key == key; });
  if (found != entries_.end()) return found->data;
  ASSIGN_OR_RETURN(std::string data, read());
  entries_.push_back({key, std::move(data)});
  if (entries_.size() > kKept) entries_.pop_front();
  return entries_.back().data;
}

void CrlPartMemory::Clear() {
  base::MutexLock lock(mu_);
  entries_.clear();
}

}  // namespace chancery::storage
