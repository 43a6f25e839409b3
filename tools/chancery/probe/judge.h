// Whether an answer is one that a client may build on.
#ifndef CHANCERY_TOOLS_CHANCERY_PROBE_JUDGE_H_
#define CHANCERY_TOOLS_CHANCERY_PROBE_JUDGE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/chancery/http_client.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {

enum class Expected { kGood, kRevoked, kUnknown };

struct OcspProbe {
  std::string target;  // The responder's URL.
  std::string serial;
  std::shared_ptr<const x509::Certificate> issuer;
  Expected expected = Expected::kGood;
  bool sha256 = false;  // Names the certificate by SHA-256, else SHA-1.
  bool post = false;    // Otherwise GET.
};

struct CrlProbe {
  std::string target;
  std::string url;
  std::shared_ptr<const x509::Certificate> issuer;
};

// What a probe may find. `kOk`: nothing.
enum class Verdict {
  kOk,
  kUnreachable,  // No answer, or none in time.
  kHttpStatus,   // Not 200.
  kMalformed,    // No OCSPResponse, no CRL; or an OCSP error.
  kNotVerified,  // The signature is not the issuer's or its delegate's.
  kWrongStatus,  // Another status than is known.
  kNotYetValid,  // thisUpdate is in the future.
  kExpired,      // nextUpdate has passed.
  kEndsSoon,     // nextUpdate is nearer than the margin.
  kCaching,      // ETag or Cache-Control make no sense.
};

// "wrong-status".
const char* Name(Verdict verdict);

struct ProbeResult {
  std::string target;
  std::string question;  // "GET sha1 0a1b...", "CRL http://...".
  Verdict verdict = Verdict::kOk;
  std::string detail;  // What is wrong, or what was said.
  absl::Duration latency = absl::ZeroDuration();
  std::optional<absl::Time> this_update = {};
  std::optional<absl::Time> next_update = {};
};

struct JudgeOptions {
  absl::Time now;
  // How far off nextUpdate has to be.
  absl::Duration margin = absl::ZeroDuration();
};

ProbeResult JudgeOcsp(const OcspProbe& probe,
                      const absl::StatusOr<HttpResponse>& response,
                      const JudgeOptions& options);
ProbeResult JudgeCrl(const CrlProbe& probe,
                     const absl::StatusOr<HttpResponse>& response,
                     const JudgeOptions& options);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_PROBE_JUDGE_H_
