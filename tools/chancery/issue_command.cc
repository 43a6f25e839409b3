#include "tools/chancery/issue_command.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/config/cli.pb.h"
#include "grpcpp/grpcpp.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/certificate_view.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/text.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

namespace v1 = authority::v1;

constexpr size_t kMaxCsrBytes = 64 << 10;

std::string PemOf(const std::vector<std::string>& certificates) {
  std::string pem;
  for (const std::string& certificate : certificates) {
    absl::StrAppend(&pem, CertificatePem(base::AsBytes(certificate)));
  }
  return pem;
}

// Seconds since 1970; 0 if it was not given.
absl::StatusOr<int64_t> SecondsOption(absl::string_view option,
                                      const std::string& text) {
  if (text.empty()) return 0;
  ASSIGN_OR_RETURN(const absl::Time time, ParseTimeOption(option, text));
  return absl::ToUnixSeconds(time);
}

std::string ResponderText(const v1::IssueResponse& response) {
  return absl::StrCat(response.responders_acknowledged(), " of ",
                      response.responders_total(), " already answer for it");
}

}  // namespace

std::string IssueCommand::example() const {
  return "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
         "\\\n"
         "      -keyout www.key -out www.csr -subj /CN=www.example.com \\\n"
         "      -addext subjectAltName=DNS:www.example.com\n"
         "  chancery --dir ca issue --csr www.csr --out www.pem\n"
         "  chancery --dir ca issue --csr www.csr --key www.key \\\n"
         "      --format pkcs12 --out-password file:password --out www.p12";
}

void IssueCommand::Declare(OptionSet& options) {
  options.AddText({.name = "--csr",
                   .value = "FILE",
                   .help = "The PKCS #10 request, PEM or DER",
                   .required = true},
                  csr_file_);
  options.AddText(
      {.name = "--profile",
       .value = "NAME",
       .help = "What kind of certificate: a profile of the signer's "
               "configuration. Without it, default_profile"},
      profile_);
  options.AddText({.name = "--issuer",
                   .value = "NAME",
                   .help = "Which CA signs. Without it, default_issuer"},
                  issuer_);
  options.AddText(
      {.name = "--not-before",
       .value = "TIME",
       .help = "When it becomes valid, such as 2030-01-31T00:00:00Z. "
               "Without it, as the profile says"},
      not_before_);
  options.AddText({.name = "--not-after",
                   .value = "TIME",
                   .help = "When it ends, earlier than the profile says"},
                  not_after_);
  options.AddText({.name = "--request-id",
                   .value = "ID",
                   .help = "Repeat the id of a request whose answer was lost: "
                           "the same certificate comes back"},
                  request_id_);
  output_.Declare(options);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::Status IssueCommand::Check() const {
  RETURN_IF_ERROR(SecondsOption("--not-before", not_before_).status());
  RETURN_IF_ERROR(SecondsOption("--not-after", not_after_).status());
  return output_.Check();
}

absl::StatusOr<bool> IssueCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  ASSIGN_OR_RETURN(auto channel, connections.Authority());
  const config::Cli& config = connections.config();

  v1::IssueRequest request;
  ASSIGN_OR_RETURN(*request.mutable_csr(),
                   base::ReadFile(csr_file_, kMaxCsrBytes));
  RETURN_IF_ERROR(output_.Prepare());
  RETURN_IF_ERROR(CheckKey(request.csr()));
  request.set_issuer(issuer_.empty() ? config.default_issuer() : issuer_);
  request.set_profile(profile_.empty() ? config.default_profile() : profile_);
  ASSIGN_OR_RETURN(const int64_t not_before,
                   SecondsOption("--not-before", not_before_));
  ASSIGN_OR_RETURN(const int64_t not_after,
                   SecondsOption("--not-after", not_after_));
  request.set_not_before_seconds(not_before);
  request.set_not_after_seconds(not_after);
  const std::string fresh_id = environment.random.Bytes(16);
  request.set_request_id(
      request_id_.empty() ? base::Hex(base::AsBytes(fresh_id)) : request_id_);

  grpc::ClientContext context;
  SetCallTimeout(context);
  v1::IssueResponse response;
  const grpc::Status called = v1::CertificateService::NewStub(channel)->Issue(
      &context, request, &response);
  if (const absl::Status status = CallStatus("authority", called);
      !status.ok()) {
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
      return status;
    }
    return absl::Status(
        status.code(),
        absl::StrCat(status.message(), "\nRepeat it with --request-id ",
                     request.request_id(),
                     ": should it have been issued, the same certificate comes "
                     "back."));
  }

  const v1::Certificate& certificate = response.certificate();
  const std::vector<std::string> chain(response.chain().begin(),
                                       response.chain().end());
  if (const absl::Status written = output_.Write(certificate.der(), chain);
      !written.ok()) {
    // It is issued and must not be lost.
    environment.out << PemOf({certificate.der()}) << PemOf(chain);
    return absl::Status(written.code(),
                        absl::StrCat(written.message(),
                                     "\nIt is issued, and printed above. "
                                     "Repeated with --request-id ",
                                     request.request_id(),
                                     ", the same certificate comes "
                                     "back."));
  }

  if (json_) {
    JsonObject json = CertificateJson(certificate);
    json.SetNumber("responders_acknowledged",
                   response.responders_acknowledged())
        .SetNumber("responders_total", response.responders_total())
        .SetText("certificate", PemOf({certificate.der()}))
        .SetText("chain", PemOf(chain));
    environment.out << json.Print();
    return true;
  }
  auto facts = CertificateFacts(certificate);
  facts.emplace_back("Responders", ResponderText(response));
  if (output_.to_file()) facts.emplace_back("Written to", output_.out());
  environment.out << FormatFacts(facts);
  if (!output_.to_file()) {
    environment.out << PemOf({certificate.der()}) << PemOf(chain);
  }
  return true;
}

absl::Status IssueCommand::CheckKey(const std::string& csr) const {
  const crypto::PortableKey* key = output_.key();
  if (key == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string der,
                   x509::DerOrPem("CERTIFICATE REQUEST", csr));
  ASSIGN_OR_RETURN(const x509::Csr parsed, x509::ParseCsr(base::AsBytes(der)));
  if (key->Matches(parsed.public_key.spki())) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "--key: is not the private key of the request");
}

}  // namespace chancery::cli
