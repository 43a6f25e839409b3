#ifndef CHANCERY_SIGNER_AIRGAP_REQUEST_SIGNER_H_
#define CHANCERY_SIGNER_AIRGAP_REQUEST_SIGNER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "crypto/signing_key.h"
#include "ledger/airgap/approval.h"
#include "ledger/airgap/exchange_folder.h"
#include "signer/block_signer.h"
#include "signer/crl_signer.h"
#include "signer/head_signer.h"
#include "signer/issuance.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/revocation.h"

namespace chancery::airgap::v1 {
class Header;
class Record;
}  // namespace chancery::airgap::v1

namespace chancery::signer {

// The parts of a signer that work off a request. All must outlive their user.
struct SignerParts {
  Ledger& ledger;
  const IssuerTable& issuers;
  BlockSigner& blocks;
  Issuance& issuance;
  Revocation& revocation;
  CrlSigner& crls;
  HeadSigner& heads;
  const crypto::SigningKey& manifest_key;
  const base::Clock& clock;
};

// Who is to see what will be signed, and may still say no.
struct Witness {
  // The header, then each item, before anything is signed.
  std::function<void(const airgap::v1::Record& record)> show;
  // OK: sign.
  std::function<absl::Status()> agree;
};

struct SignedRequest {
  uint64_t number = 0;
  // It was signed before; this is what was made of it then.
  bool repeated = false;
  std::string result_file = {};
  // Of what was signed now.
  std::vector<crypto::Sha256Digest> approved_by = {};
  uint64_t items = 0;
  uint64_t refused = 0;
};

// Works off the request files that reach a signer without a network (TRUST 10):
//
//   received    a copy in the folder: what is checked is what is signed, even
//   if
//               somebody exchanges the stick meanwhile
//   checked     whole, for this signer, the next one, signed by k of n
//   operators,
//               at a time that may be, of a requester who knows no entry that
//               the ledger lacks
//   shown       to whoever sits here, who agrees
//   begun       from here on no other request of this number is taken; a crash
//               is repaired by signing the same request again
//   signed      item by item, each as the signer does it for its other callers
//   kept        the result, in the folder; the commit point: a request that has
//               one gets these bytes for ever
//
// What comes before "begun" changes nothing. Not thread-safe.
class RequestSigner {
 public:
  struct Options {
    std::string channel = {};
    airgap::Operators operators = {};
    // An operator says that the clock is right.
    bool confirm_clock = false;
    // Called after "begun", each "item", "written" and "kept": for tests of
    // what a crash there leaves. May be null; its error ends the signing.
    std::function<absl::Status(const char* step)> after_step = nullptr;
  };

  RequestSigner(const SignerParts& parts, airgap::ExchangeFolder& folder,
                Options options)
      : parts_(parts), folder_(folder), options_(std::move(options)) {}

  // Signs the request in the file `path`. Refused with nothing changed:
  // InvalidArgument: damaged, or not a request for this signer.
  // FailedPrecondition: not the next one, of another history, or the clock.
  // AlreadyExists: another request of this number was begun.
  // PermissionDenied: too few operators signed it.
  // Begun, and to be signed again: Unavailable, ResourceExhausted, DataLoss.
  absl::StatusOr<SignedRequest> Sign(const std::string& path,
                                     const Witness& witness);

 private:
  struct Received;

  absl::StatusOr<SignedRequest> SignDraft(const Witness& witness);
  absl::Status CheckPlace(const Received& request) const;
  absl::Status CheckClock(const airgap::v1::Header& header) const;
  absl::Status CheckKnown(const airgap::v1::Header& header) const;
  absl::StatusOr<SignedRequest> Repeat(const Received& request,
                                       const airgap::Exchange& before) const;
  absl::Status Execute(const Received& request, SignedRequest& out);
  absl::Status After(const char* step) const {
    return options_.after_step ? options_.after_step(step) : absl::OkStatus();
  }

  const SignerParts parts_;
  airgap::ExchangeFolder& folder_;
  const Options options_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_AIRGAP_REQUEST_SIGNER_H_
