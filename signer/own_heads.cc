#include "signer/own_heads.h"

#include <string>

#include "base/bytes.h"

namespace chancery::signer {
namespace {

std::pair<absl::Time, crypto::Sha256Digest> Row(const block::Head& head) {
  const std::string says = head.Encode();
  return {head.time, crypto::Sha256(base::AsBytes(says))};
}

}  // namespace

void OwnHeads::Add(const block::Head& head) {
  auto row = Row(head);
  base::MutexLock lock(mu_);
  made_.insert(std::move(row));
  while (made_.size() > kept_) {
    forgotten_ = made_.begin()->first;
    made_.erase(made_.begin());
  }
}

bool OwnHeads::Has(const block::Head& head) const {
  const auto row = Row(head);
  base::MutexLock lock(mu_);
  return head.time <= forgotten_ || made_.contains(row);
}

absl::Time OwnHeads::newest() const {
  base::MutexLock lock(mu_);
  return made_.empty() ? forgotten_ : made_.rbegin()->first;
}

}  // namespace chancery::signer
