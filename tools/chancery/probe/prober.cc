#include "tools/chancery/probe/prober.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "x509/ocsp/get_url.h"
#include "x509/ocsp/request.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxCrlBytes = size_t{256} << 20;

std::string RequestFor(const OcspProbe& probe) {
  return x509::BuildOcspRequest(
      x509::BuildCertId(
          probe.sha256 ? x509::CertIdHash::kSha256 : x509::CertIdHash::kSha1,
          base::AsBytes(probe.issuer->facts().subject),
          probe.issuer->public_key(), base::AsBytes(probe.serial)),
      {});
}

HttpRequest HttpRequestFor(const OcspProbe& probe, absl::Duration timeout) {
  const std::string request = RequestFor(probe);
  if (probe.post) {
    return {.url = probe.target,
            .content_type = "application/ocsp-request",
            .body = request,
            .timeout = timeout};
  }
  return {
      .url = x509::OcspGetUrls(absl::StripSuffix(probe.target, "/"), request)
                 .front(),
      .timeout = timeout};
}

// The CRLs of the server whose OCSP is at `target`.
std::string CrlUrl(const std::string& target, const std::string& file) {
  const auto url = ParseHttpUrl(target);
  if (!url.ok()) return target;
  const bool ipv6 = absl::StrContains(url->host, ":");
  return absl::StrCat("http://", ipv6 ? "[" : "", url->host, ipv6 ? "]" : "",
                      ":", url->port, "/crl/", file);
}

class Round {
 public:
  explicit Round(const ProberParts& parts) : parts_(parts) {}

  void AskAbout(const std::string& target, const KnownCertificate& known) {
    for (const bool post : {false, true}) {
      for (const bool sha256 : {false, true}) {
        const OcspProbe probe{.target = target,
                              .serial = known.serial,
                              .issuer = known.issuer,
                              .expected = known.expected,
                              .sha256 = sha256,
                              .post = post};
        Fetch(HttpRequestFor(probe, parts_.timeout),
              [&](const auto& response, const JudgeOptions& options) {
                return JudgeOcsp(probe, response, options);
              });
      }
    }
  }

  void FetchCrl(const std::string& target, const ProbePlan::NamedCrl& crl) {
    const CrlProbe probe{.target = target,
                         .url = CrlUrl(target, crl.file),
                         .issuer = crl.issuer};
    Fetch({.url = probe.url,
           .timeout = parts_.timeout,
           .max_response_bytes = kMaxCrlBytes},
          [&](const auto& response, const JudgeOptions& options) {
            return JudgeCrl(probe, response, options);
          });
  }

  std::vector<ProbeResult> Take() && { return std::move(results_); }

 private:
  template <typename Judge>
  void Fetch(const HttpRequest& request, Judge judge) {
    const absl::Time began = parts_.clock.Now();
    const absl::StatusOr<HttpResponse> response = parts_.fetch(request);
    const absl::Time now = parts_.clock.Now();
    ProbeResult result =
        judge(response, JudgeOptions{.now = now, .margin = parts_.margin});
    result.latency = now - began;
    results_.push_back(std::move(result));
  }

  const ProberParts& parts_;
  std::vector<ProbeResult> results_;
};

// One as this issuer makes them, if one of its is known.
std::string MadeUpSerial(const ProbePlan& plan,
                         const std::shared_ptr<const x509::Certificate>& issuer,
                         base::Random& random) {
  for (const KnownCertificate& known : plan.certificates) {
    if (known.issuer == issuer && known.serial.size() >= 8) {
      return known.serial.substr(0, 1) + random.Bytes(known.serial.size() - 1);
    }
  }
  std::string serial = random.Bytes(16);
  serial[0] = static_cast<char>((serial[0] & 0x3f) | 0x40);
  return serial;
}

}  // namespace

std::vector<ProbeResult> ProbeAll(const ProbePlan& plan,
                                  const ProberParts& parts) {
  std::vector<KnownCertificate> known = plan.certificates;
  for (const auto& issuer : plan.issuers) {
    std::string serial = MadeUpSerial(plan, issuer, parts.random);
    known.push_back({std::move(serial), issuer, Expected::kUnknown});
  }
  Round round(parts);
  for (const std::string& target : plan.targets) {
    for (const KnownCertificate& one : known) round.AskAbout(target, one);
    for (const ProbePlan::NamedCrl& crl : plan.crls) {
      round.FetchCrl(target, crl);
    }
  }
  return std::move(round).Take();
}

}  // namespace chancery::cli
