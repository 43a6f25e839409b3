// Asks a responder about one certificate, and believes nothing that is not
// signed.
#ifndef CHANCERY_TOOLS_CHANCERY_OCSP_EXCHANGE_H_
#define CHANCERY_TOOLS_CHANCERY_OCSP_EXCHANGE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/random.h"
#include "tools/chancery/json.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {

enum class OcspHash { kSha1, kSha256 };

struct OcspQuestion {
  std::string url;
  std::string serial;  // Magnitude.
  OcspHash hash = OcspHash::kSha1;
  bool post = false;  // Otherwise GET, which caches can answer.
  bool nonce = false;
};

struct OcspAnswer {
  enum class Status { kGood, kRevoked, kUnknown };
  Status status = Status::kUnknown;
  std::optional<int> reason;
  absl::Time revoked_at;  // With kRevoked.
  absl::Time produced_at, this_update;
  std::optional<absl::Time> next_update;
  std::string signed_by;  // "the issuer", "the issuer's OCSP signer".
  bool nonce_returned = false;
  size_t size = 0;  // Of the response, in bytes.
};

// Asks about a certificate of `issuer`. An answer is signed by the issuer or by
// an OCSP signer that the issuer certified (RFC 6960 section 4.2.2.2), is about
// this certificate, and is current. Whether a nonce came back is reported, not
// judged: answers that were signed in advance have none. Unavailable: no
// answer, or tryLater. NotFound: the responder does not know the certificate
// ("unauthorized"). DataLoss: an answer that must not be believed, and why.
absl::StatusOr<OcspAnswer> AskOcsp(const OcspQuestion& question,
                                   const x509::Certificate& issuer,
                                   const base::Clock& clock,
                                   base::Random& random);

// "good", "revoked (keyCompromise) since ...".
std::string OcspStatusText(const OcspAnswer& answer);

JsonObject OcspAnswerJson(const OcspAnswer& answer);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_OCSP_EXCHANGE_H_
