// chancery ocsp: what a responder says of a certificate.
#ifndef CHANCERY_TOOLS_CHANCERY_OCSP_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_OCSP_COMMAND_H_

#include <string>

#include "tools/chancery/command.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {

class OcspCommand final : public Command {
 public:
  std::string name() const override { return "ocsp"; }
  std::string summary() const override {
    return "Ask an OCSP responder about a certificate, and verify its answer";
  }
  std::string example() const override {
    return "chancery --dir ca ocsp http://127.0.0.1:8080 www.pem\n"
           "  chancery ocsp http://ocsp.example.com www.pem --issuer-cert "
           "issuer.pem";
  }
  void Declare(OptionSet& options) override;
  // Without one the issuer's certificate is named.
  bool NeedsCluster() const override { return false; }
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;

 private:
  absl::StatusOr<x509::Certificate> FindIssuer(
      const Environment& environment,
      const x509::Certificate& certificate) const;

  std::string url_, certificate_, issuer_certificate_;
  bool sha1_ = false, sha256_ = false, post_ = false, nonce_ = false;
  bool json_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_OCSP_COMMAND_H_
