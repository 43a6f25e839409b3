// What issuance.cc and issuance_prepare.cc share; for them alone.
#ifndef CHANCERY_SIGNER_ISSUANCE_ORDER_H_
#define CHANCERY_SIGNER_ISSUANCE_ORDER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "policy/profile.h"
#include "signer/issuance.h"
#include "signer/ledger/ledger.h"
#include "x509/certificate/csr.h"

namespace chancery::signer {

// A request on its way to an answer.
struct Issuance::Order {
  const Issuer* issuer = nullptr;
  const policy::Profile* profile = nullptr;
  std::optional<x509::UnprovenCsr> asked = {};  // Until it is prepared.
  ledger::CertificateEntry entry = {};
  std::string spki_sha256 = {};  // Of the key that is certified.
  Signed made = {};              // Until it is verified.
  uint64_t index = 0;            // The entry's, once it is in the ledger.
  // Somebody else's answer to the same request; nothing is written then.
  std::optional<Issued> repeated = {};
  // It is that, but what it is has to be looked up.
  bool raced = false;
};

// Whether this signer once revoked a certificate of the key as compromised, for
// whichever issuer (Baseline Requirements section 6.1.1.3).
absl::Status CheckNotCompromised(const State& state,
                                 const std::string& spki_sha256);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUANCE_ORDER_H_
