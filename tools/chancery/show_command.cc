#include "tools/chancery/show_command.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/certificate_view.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

namespace v1 = authority::v1;

std::string ChainPem(const std::vector<std::string>& chain) {
  std::string pem;
  for (const std::string& certificate : chain) {
    absl::StrAppend(&pem, CertificatePem(base::AsBytes(certificate)));
  }
  return pem;
}

}  // namespace

void ShowCommand::Declare(OptionSet& options) {
  certificate_.Declare(options);
  output_.Declare(options);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::Status ShowCommand::Check() const {
  RETURN_IF_ERROR(certificate_.Check());
  return output_.Check();
}

absl::StatusOr<bool> ShowCommand::Run(const Environment& environment) {
  v1::GetCertificateRequest request;
  ASSIGN_OR_RETURN(*request.mutable_serial(), certificate_.Serial());
  request.set_issuer(certificate_.issuer());
  RETURN_IF_ERROR(output_.Prepare());
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  ASSIGN_OR_RETURN(auto channel, connections.Authority());
  grpc::ClientContext context;
  SetCallTimeout(context);
  v1::Certificate found;
  RETURN_IF_ERROR(CallStatus(
      "authority", v1::CertificateService::NewStub(channel)->GetCertificate(
                       &context, request, &found)));

  const std::vector<std::string> chain(found.chain().begin(),
                                       found.chain().end());
  RETURN_IF_ERROR(output_.Write(found.der(), chain));
  const std::string pem = CertificatePem(base::AsBytes(found.der()));
  if (json_) {
    JsonObject json = CertificateJson(found);
    json.SetText("certificate", pem).SetText("chain", ChainPem(chain));
    environment.out << json.Print();
    return true;
  }
  auto facts = CertificateFacts(found);
  if (output_.to_file()) facts.emplace_back("Written to", output_.out());
  environment.out << FormatFacts(facts);
  if (!output_.to_file()) environment.out << pem << ChainPem(chain);
  return true;
}

}  // namespace chancery::cli
