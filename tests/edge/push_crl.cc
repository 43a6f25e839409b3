// Sends a CRL to a responder as the refresher of a cluster would.
//
//   push_crl REFRESHER.textproto RESPONDER ISSUER.pem CRL
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "crypto/digest.h"
#include "refresher/grpc_responder_client.h"
#include "rpc/client.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"
#include "x509/crl/crl.h"

namespace chancery {
namespace {

absl::StatusOr<config::Target> FindResponder(const config::Refresher& config,
                                             const std::string& name) {
  for (const config::ResponderTarget& responder : config.responder()) {
    if (responder.name() == name) return responder.target();
  }
  return absl::NotFoundError(absl::StrCat("responder ", name));
}

absl::StatusOr<std::string> IssuerId(const std::string& pem_file) {
  ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(pem_file));
  ASSIGN_OR_RETURN(const std::string der, x509::DerOrPem("CERTIFICATE", pem));
  ASSIGN_OR_RETURN(const x509::Certificate certificate,
                   x509::Certificate::Parse(base::AsBytes(der)));
  return base::ToString(crypto::Sha256Stream()
                            .Update(base::AsBytes(certificate.facts().subject))
                            .Update(certificate.public_key().spki())
                            .Finish());
}

absl::StatusOr<uint64_t> Push(char** arguments) {
  config::Refresher config;
  RETURN_IF_ERROR(rpc::LoadTextproto(arguments[1], config));
  ASSIGN_OR_RETURN(const config::Target target,
                   FindResponder(config, arguments[2]));
  ASSIGN_OR_RETURN(const std::string issuer_id, IssuerId(arguments[3]));
  ASSIGN_OR_RETURN(const std::string der,
                   base::ReadFile(arguments[4], size_t{256} << 20));
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(base::AsBytes(der)));
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  ASSIGN_OR_RETURN(auto channel,
                   rpc::MakeChannel("responder", target, credentials));
  const auto client =
      refresher::MakeGrpcResponderClient(std::move(channel), absl::Seconds(10));
  return client->PutCrl({.issuer_id = issuer_id,
                         .number = crl.number.value_or(0),
                         .size = der.size()},
                        storage::OnePiece(der));
}

}  // namespace
}  // namespace chancery

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto number = chancery::Push(argv);
  if (!number.ok()) {
    std::fprintf(stderr, "%s\n", number.status().ToString().c_str());
    return 1;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(*number));
  return 0;
}
