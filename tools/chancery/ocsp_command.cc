#include "tools/chancery/ocsp_command.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/http_client.h"
#include "tools/chancery/ocsp_exchange.h"
#include "tools/chancery/text.h"

namespace chancery::cli {

void OcspCommand::Declare(OptionSet& options) {
  options.AddText({.name = "url",
                   .value = "URL",
                   .help = "The responder: http://host:port/path",
                   .required = true},
                  url_);
  options.AddText({.name = "certificate",
                   .value = "CERT",
                   .help = "The certificate, PEM or DER",
                   .required = true},
                  certificate_);
  options.AddText({.name = "--issuer-cert",
                   .value = "FILE",
                   .help = "Its issuer's certificate. Without it, the one in "
                           "DIR/ca"},
                  issuer_certificate_);
  options.AddFlag({.name = "--sha1",
                   .help = "Name the certificate by SHA-1 hashes, as most "
                           "clients do (the default)"},
                  sha1_);
  options.AddFlag({.name = "--sha256", .help = "By SHA-256 hashes"}, sha256_);
  options.AddFlag({.name = "--post", .help = "Ask by POST instead of GET"},
                  post_);
  options.AddFlag({.name = "--nonce",
                   .help = "Send a nonce. Answers signed in advance come "
                           "without it"},
                  nonce_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::Status OcspCommand::Check() const {
  if (sha1_ && sha256_) {
    return absl::InvalidArgumentError("give one of --sha1 and --sha256");
  }
  return ParseHttpUrl(url_).status();
}

absl::StatusOr<x509::Certificate> OcspCommand::FindIssuer(
    const Environment& environment,
    const x509::Certificate& certificate) const {
  const std::string& name = certificate.facts().issuer;
  if (issuer_certificate_.empty()) {
    const auto folder = ClusterFolder(environment.globals);
    if (folder.ok()) return FindIssuerFile(absl::StrCat(*folder, "/ca"), name);
    return absl::InvalidArgumentError(
        "whose certificate is it? Name the issuer's certificate with "
        "--issuer-cert FILE, or the cluster that issued it with --dir DIR");
  }
  ASSIGN_OR_RETURN(x509::Certificate issuer,
                   LoadCertificateFile(issuer_certificate_));
  if (issuer.facts().subject != name) {
    return absl::InvalidArgumentError(
        absl::StrCat("--issuer-cert: value `", issuer_certificate_,
                     "`: is not the issuer that ", certificate_, " names"));
  }
  return issuer;
}

absl::StatusOr<bool> OcspCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const x509::Certificate certificate,
                   LoadCertificateFile(certificate_));
  ASSIGN_OR_RETURN(const x509::Certificate issuer,
                   FindIssuer(environment, certificate));
  OcspQuestion question;
  question.url = url_;
  question.serial = certificate.facts().serial;
  question.hash = sha256_ ? OcspHash::kSha256 : OcspHash::kSha1;
  question.post = post_;
  question.nonce = nonce_;
  ASSIGN_OR_RETURN(
      const OcspAnswer answer,
      AskOcsp(question, issuer, environment.clock, environment.random));

  const std::string serial =
      FormatSerial(base::AsBytes(certificate.facts().serial));
  if (json_) {
    environment.out << OcspAnswerJson(answer)
                           .SetText("serial", serial)
                           .SetText("url", url_)
                           .Print();
    return true;
  }
  std::vector<std::pair<std::string, std::string>> facts = {
      {"Serial", serial},
      {"Status", OcspStatusText(answer)},
      {"This update", TimeText(answer.this_update)},
      {"Next update",
       answer.next_update.has_value() ? TimeText(*answer.next_update) : "none"},
      {"Produced at", TimeText(answer.produced_at)},
      {"Signature", absl::StrCat("verified, by ", answer.signed_by)},
      {"Size", absl::StrCat(answer.size, " bytes")}};
  if (nonce_) {
    facts.emplace_back("Nonce", answer.nonce_returned
                                    ? "came back"
                                    : "did not come back: signed in advance");
  }
  environment.out << FormatFacts(facts);
  return true;
}

}  // namespace chancery::cli
