#include "signer/ledger/compromised_key.h"

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "signer/ledger/rows.h"
#include "signer/ledger/state.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

absl::Status RecordCompromisedKey(const CertificateState& certificate,
                                  uint64_t index, KvOverlay& overlay) {
  ASSIGN_OR_RETURN(const std::string der,
                   State(overlay).CertificateDer(certificate));
  const std::optional<base::Bytes> spki =
      x509::FindPublicKey(base::AsBytes(der));
  if (!spki.has_value()) return absl::OkStatus();
  const crypto::Sha256Digest sha256 = crypto::Sha256(*spki);
  std::string key = CompromisedKeyKey(base::AsText(sha256));
  ASSIGN_OR_RETURN(const std::optional<std::string> known, overlay.Get(key));
  if (!known.has_value()) overlay.Put(std::move(key), EncodeNumber(index));
  return absl::OkStatus();
}

}  // namespace chancery::signer
