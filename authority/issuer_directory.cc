#include "authority/issuer_directory.h"

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
  issuers_.Replace(*std::move(issuers));
  from_signer_ = true;
  return kept;
}

absl::StatusOr<storage::IssuerRow> IssuerDirectory::Named(
    const std::string& name) const {
  const auto issuers = issuers_.Get();
  for (const storage::IssuerRow& issuer : *issuers) {
    if (issuer.name == name) return issuer;
  }
  if (!from_signer_) {
    return absl::UnavailableError(
        "issuer: the signer has not told its issuers yet");
  }
  return absl::NotFoundError(
      absl::StrCat("issuer: there is none called \"", name, "\""));
}

std::string IssuerDirectory::NameOf(const std::string& issuer_id) const {
  const auto issuers = issuers_.Get();
  for (const storage::IssuerRow& issuer : *issuers) {
    if (issuer.issuer_id == issuer_id) return issuer.name;
  }
  return base::Hex(base::AsBytes(issuer_id));
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
