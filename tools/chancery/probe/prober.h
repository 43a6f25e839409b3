// Asks responders as clients do: by GET and POST, with SHA-1 and SHA-256.
#ifndef CHANCERY_TOOLS_CHANCERY_PROBE_PROBER_H_
#define CHANCERY_TOOLS_CHANCERY_PROBE_PROBER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/random.h"
#include "tools/chancery/http_client.h"
#include "tools/chancery/probe/judge.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {

struct KnownCertificate {
  std::string serial;
  std::shared_ptr<const x509::Certificate> issuer;
  Expected expected = Expected::kGood;
};

// What a round consists of.
struct ProbePlan {
  std::vector<std::string> targets = {};  // Responders' URLs.
  std::vector<KnownCertificate> certificates = {};
  // For each issuer, a serial that nobody was ever given is asked about too.
  std::vector<std::shared_ptr<const x509::Certificate>> issuers = {};
  struct NamedCrl {
    std::string file;  // "issuing.crl", at "/crl/" of each target.
    std::shared_ptr<const x509::Certificate> issuer;
  };
  std::vector<NamedCrl> crls = {};
};

struct ProberParts {
  const base::Clock& clock;
  base::Random& random;
  std::function<absl::StatusOr<HttpResponse>(const HttpRequest&)> fetch;
  absl::Duration margin = absl::ZeroDuration();
  absl::Duration timeout = absl::Seconds(5);
};

// One after the other, so that latencies are those of a lone client.
std::vector<ProbeResult> ProbeAll(const ProbePlan& plan,
                                  const ProberParts& parts);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_PROBE_PROBER_H_
