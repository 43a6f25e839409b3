#ifndef CHANCERY_AUTHORITY_ISSUER_DIRECTORY_H_
#define CHANCERY_AUTHORITY_ISSUER_DIRECTORY_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "authority/signer_client.h"
#include "base/published.h"
#include "storage/inventory.h"

namespace chancery::authority {

// The issuers by name and by id: the signer's, or, until it answers, those that
// the inventory knows from before. Others that only the inventory knows, such
// as those of an offline signer whose results were imported (docs/airgap.md),
// can be looked up, but are not listed: nothing is issued by them here.
// Thread-safe.
class IssuerDirectory {
 public:
  // Both must outlive this object. Knows nobody until it is loaded or
  // refreshed.
  IssuerDirectory(SignerClient& signer, storage::IssuerStore& store)
      : signer_(signer), store_(store) {}

  // Uses the inventory's issuers. To be called before anything is served: a
  // signer that is away lets a caller wait for long, and meanwhile a
  // certificate's issuer would have no name to ask for it by.
  absl::Status LoadKnown();

  // Asks the signer, and keeps what it says in the inventory. Unavailable:
  // the inventory's issuers are used.
  absl::Status Refresh();

  // Whether the signer's issuers are known.
  bool from_signer() const { return from_signer_; }

  // NotFound; Unavailable when the signer was never asked with success.
  absl::StatusOr<storage::IssuerRow> Named(const std::string& name) const;
  // Its name, or the id in hex of an issuer that is not known.
  std::string NameOf(const std::string& issuer_id) const;
  // From its certificate upwards, without the root. For an issuer that the
  // signer has no more, as the inventory knows it; empty if that does not.
  // Unavailable.
  absl::StatusOr<std::vector<std::string>> ChainOf(
      const std::string& issuer_id) const;
  std::vector<storage::IssuerRow> All() const;

 private:
  // The first that matches, the signer's before the others.
  template <typename Matches>
  std::optional<storage::IssuerRow> Find(const Matches& matches) const;

  SignerClient& signer_;
  storage::IssuerStore& store_;
  std::atomic<bool> from_signer_ = false;
  base::Published<std::vector<storage::IssuerRow>> issuers_{{}};
  // Of the inventory, that the signer does not have.
  base::Published<std::vector<storage::IssuerRow>> others_{{}};
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_ISSUER_DIRECTORY_H_
