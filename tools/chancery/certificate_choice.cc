#include "tools/chancery/certificate_choice.h"

#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/config/cli.pb.h"
#include "grpcpp/grpcpp.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/text.h"

namespace chancery::cli {

void CertificateChoice::Declare(OptionSet& options) {
  options.AddText({.name = "serial",
                   .value = "SERIAL",
                   .help = "Its serial number, hexadecimal"},
                  serial_);
  options.AddText({.name = "--cert",
                   .value = "FILE",
                   .help = "The certificate, instead of SERIAL (PEM or DER)"},
                  file_);
  options.AddText(
      {.name = "--issuer",
       .value = "NAME",
       .help = "Which CA issued it, where several have this serial"},
      issuer_);
}

absl::Status CertificateChoice::Check() const {
  if (serial_.empty() == file_.empty()) {
    return absl::InvalidArgumentError(
        "which certificate? Give its SERIAL, or its file with --cert FILE");
  }
  return serial_.empty() ? absl::OkStatus() : ParseSerial(serial_).status();
}

absl::StatusOr<std::string> CertificateChoice::Serial() const {
  if (!serial_.empty()) return ParseSerial(serial_);
  ASSIGN_OR_RETURN(const x509::Certificate certificate,
                   LoadCertificateFile(file_));
  return certificate.facts().serial;
}

std::string CertificateChoice::FindIssuer(const Connections& connections,
                                          const std::string& serial) const {
  if (!issuer_.empty()) return issuer_;
  if (const auto channel = connections.Authority(); channel.ok()) {
    authority::v1::GetCertificateRequest request;
    request.set_serial(serial);
    authority::v1::Certificate certificate;
    grpc::ClientContext context;
    SetCallTimeout(context);
    const grpc::Status called =
        authority::v1::CertificateService::NewStub(*channel)->GetCertificate(
            &context, request, &certificate);
    if (called.ok()) return certificate.issuer();
  }
  return connections.config().default_issuer();
}

}  // namespace chancery::cli
