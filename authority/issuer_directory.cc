#include "authority/issuer_directory.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::authority {

absl::Status IssuerDirectory::LoadKnown() {
  ASSIGN_OR_RETURN(std::vector<storage::IssuerRow> known, store_.ListIssuers());
  issuers_.Replace(std::move(known));
  return absl::OkStatus();
}

absl::Status IssuerDirectory::Refresh() {
  auto issuers = signer_.ListIssuers();
  if (!issuers.ok()) {
    if (!from_signer_) LoadKnown().IgnoreError();
    return issuers.status();
  }
  absl::Status kept;
  for (const storage::IssuerRow& issuer : *issuers) {
    kept.Update(store_.PutIssuer(issuer));
  }
  std::set<std::string> of_signer;
  for (const storage::IssuerRow& issuer : *issuers) {
    of_signer.insert(issuer.issuer_id);
  }
  issuers_.Replace(*std::move(issuers));
  from_signer_ = true;
  RETURN_IF_ERROR(kept);
  ASSIGN_OR_RETURN(std::vector<storage::IssuerRow> others,
                   store_.ListIssuers());
  std::erase_if(others, [&](const storage::IssuerRow& issuer) {
    return of_signer.contains(issuer.issuer_id);
  });
  others_.Replace(std::move(others));
  return absl::OkStatus();
}

template <typename Matches>
std::optional<storage::IssuerRow> IssuerDirectory::Find(
    const Matches& matches) const {
  for (const auto& known : {issuers_.Get(), others_.Get()}) {
    for (const storage::IssuerRow& issuer : *known) {
      if (matches(issuer)) return issuer;
    }
  }
  return std::nullopt;
}

absl::StatusOr<storage::IssuerRow> IssuerDirectory::Named(
    const std::string& name) const {
  const auto found = Find([&](const auto& row) { return row.name == name; });
  if (found.has_value()) return *found;
  if (!from_signer_) {
    return absl::UnavailableError(
        "issuer: the signer has not told its issuers yet");
  }
  return absl::NotFoundError(
      absl::StrCat("issuer: there is none called \"", name, "\""));
}

std::string IssuerDirectory::NameOf(const std::string& issuer_id) const {
  const auto found =
      Find([&](const auto& row) { return row.issuer_id == issuer_id; });
  return found.has_value() ? found->name : base::Hex(base::AsBytes(issuer_id));
}

absl::StatusOr<std::vector<std::string>> IssuerDirectory::ChainOf(
    const std::string& issuer_id) const {
  const auto issuers = issuers_.Get();
  for (const storage::IssuerRow& issuer : *issuers) {
    if (issuer.issuer_id == issuer_id) return issuer.chain;
  }
  ASSIGN_OR_RETURN(const std::vector<storage::IssuerRow> known,
                   store_.ListIssuers());
  for (const storage::IssuerRow& issuer : known) {
    if (issuer.issuer_id == issuer_id) return issuer.chain;
  }
  return std::vector<std::string>();
}

std::vector<storage::IssuerRow> IssuerDirectory::All() const {
  return *issuers_.Get();
}

}  // namespace chancery::authority
