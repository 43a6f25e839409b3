#include "signer/issuer.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"

namespace chancery::signer {

IssuerTable::IssuerTable(std::vector<Issuer> issuers)
    : issuers_(std::move(issuers)) {
  base::MutexLock lock(mu_);
  for (const Issuer& issuer : issuers_) {
    by_name_[issuer.name] = &issuer;
    by_id_[issuer.issuer_id] = &issuer;
  }
}

void IssuerTable::Replace(Issuer issuer) {
  auto next = std::make_unique<const Issuer>(std::move(issuer));
  base::MutexLock lock(mu_);
  by_name_[next->name] = next.get();
  by_id_[next->issuer_id] = next.get();
  later_.push_back(std::move(next));
}

absl::StatusOr<const Issuer*> IssuerTable::Named(
    const std::string& name) const {
  base::MutexLock lock(mu_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    return absl::NotFoundError(
        absl::StrCat("issuer: \"", name, "\" is not one of this signer's"));
  }
  return found->second;
}

absl::StatusOr<const Issuer*> IssuerTable::WithId(
    const std::string& issuer_id) const {
  base::MutexLock lock(mu_);
  const auto found = by_id_.find(issuer_id);
  if (found == by_id_.end()) {
    return absl::NotFoundError(absl::StrCat(
        "issuer: no issuer has id ", base::Hex(base::AsBytes(issuer_id))));
  }
  return found->second;
}

}  // namespace chancery::signer
