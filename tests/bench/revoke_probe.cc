// Revokes certificates of a data set one by one at an authority and watches
// what every responder answers, as its clients would see it. Or only watches.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/config/common.pb.h"
#include "grpcpp/channel.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "rpc/status.h"
#include "tests/bench/dataset.h"
#include "tests/bench/ocsp_client.h"

ABSL_FLAG(std::string, request, "", "The DER of a request for the data set.");
ABSL_FLAG(std::vector<std::string>, ports, {}, "The responders'.");
ABSL_FLAG(uint64_t, certificates, 0, "In the data set.");
ABSL_FLAG(uint64_t, digit, 5, "Certificates whose number ends with this...");
ABSL_FLAG(uint64_t, stride, 1, "...each so many-th of them.");
ABSL_FLAG(bool, revoke, false, "Revoke them, one after the other.");
ABSL_FLAG(std::string, tls, "", "The folder with client.pem and ca.pem.");
ABSL_FLAG(std::string, address, "", "The authority's.");
ABSL_FLAG(std::string, uri, "", "The authority's identity.");
ABSL_FLAG(double, seconds, 600, "When to give up.");

namespace chancery::bench {
namespace {

std::string SerialText(uint64_t number) {
  const Serial serial = SerialOf(number);
  return {serial.begin(), serial.end()};
}

std::vector<std::string> Chosen() {
  std::vector<std::string> serials;
  for (uint64_t number = absl::GetFlag(FLAGS_digit);
       number < absl::GetFlag(FLAGS_certificates);
       number += 10 * absl::GetFlag(FLAGS_stride)) {
    if (!IsRevoked(number)) serials.push_back(SerialText(number));
  }
  return serials;
}

absl::StatusOr<std::vector<OcspClient>> ConnectAll() {
  ASSIGN_OR_RETURN(const std::string request,
                   base::ReadFile(absl::GetFlag(FLAGS_request)));
  std::vector<OcspClient> clients;
  for (const std::string& port : absl::GetFlag(FLAGS_ports)) {
    int number = 0;
    if (!absl::SimpleAtoi(port, &number)) {
      return absl::InvalidArgumentError(absl::StrCat("ports: ", port));
    }
    ASSIGN_OR_RETURN(
        OcspClient client,
        OcspClient::Connect(static_cast<uint16_t>(number), request));
    clients.push_back(std::move(client));
  }
  return clients;
}

// Asks each responder until it answers `revoked`; when the last one did.
absl::StatusOr<absl::Time> AwaitRevoked(std::vector<OcspClient>& clients,
                                        const std::vector<std::string>& serials,
                                        absl::Time deadline) {
  std::vector<absl::StatusOr<absl::Time>> seen(
      clients.size(),
      absl::DeadlineExceededError("a certificate is not revoked in time"));
  std::vector<std::thread> watchers;
  for (size_t i = 0; i < clients.size(); ++i) {
    watchers.emplace_back([&, i] {
      size_t at = 0;
      while (absl::Now() < deadline) {
        const auto revoked = clients[i].IsRevoked(serials[at]);
        if (!revoked.ok()) {
          seen[i] = revoked.status();
          return;
        }
        if (!*revoked) {
          absl::SleepFor(absl::Microseconds(200));
        } else if (++at == serials.size()) {
          seen[i] = absl::Now();
          return;
        }
      }
    });
  }
  for (std::thread& watcher : watchers) watcher.join();
  absl::Time last = absl::InfinitePast();
  for (const auto& one : seen) {
    RETURN_IF_ERROR(one.status());
    last = std::max(last, *one);
  }
  return last;
}

absl::StatusOr<std::unique_ptr<authority::v1::CertificateService::Stub>>
Authority() {
  const std::string tls = absl::GetFlag(FLAGS_tls);
  config::TlsIdentity identity;
  identity.set_certificate_file(tls + "/client.pem");
  identity.set_key_file(tls + "/client.key");
  identity.set_trust_file(tls + "/ca.pem");
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(identity));
  config::Target target;
  target.set_address(absl::GetFlag(FLAGS_address));
  target.set_expected_uri(absl::GetFlag(FLAGS_uri));
  ASSIGN_OR_RETURN(const auto channel,
                   rpc::MakeChannel("authority", target, credentials));
  return authority::v1::CertificateService::NewStub(channel);
}

// From the call until the last responder answers, in milliseconds, of each.
absl::StatusOr<std::vector<double>> RevokeEach(
    std::vector<OcspClient>& clients, const std::vector<std::string>& serials,
    absl::Time deadline) {
  ASSIGN_OR_RETURN(const auto stub, Authority());
  std::vector<double> milliseconds;
  for (const std::string& serial : serials) {
    authority::v1::RevokeRequest request;
    request.set_request_id(absl::StrCat("probe-", milliseconds.size()));
    request.set_issuer("bench");
    request.set_serial(serial);
    request.set_reason(4);
    const absl::Time begun = absl::Now();
    grpc::Status called;
    std::thread caller([&] {
      grpc::ClientContext context;
      rpc::SetTimeout(context, absl::Seconds(30));
      authority::v1::RevokeResponse response;
      called = stub->Revoke(&context, request, &response);
    });
    const auto answered = AwaitRevoked(clients, {serial}, deadline);
    caller.join();
    RETURN_IF_ERROR(rpc::FromGrpc(called));
    RETURN_IF_ERROR(answered.status());
    milliseconds.push_back(absl::ToDoubleMilliseconds(*answered - begun));
    // Neither back to back nor in step with anybody's timer.
    absl::SleepFor(absl::Milliseconds(7 + milliseconds.size() * 13 % 29));
  }
  return milliseconds;
}

absl::Status Run() {
  ASSIGN_OR_RETURN(std::vector<OcspClient> clients, ConnectAll());
  const std::vector<std::string> serials = Chosen();
  if (serials.empty()) return absl::InvalidArgumentError("no certificates");
  const absl::Time deadline =
      absl::Now() + absl::Seconds(absl::GetFlag(FLAGS_seconds));
  if (absl::GetFlag(FLAGS_revoke)) {
    ASSIGN_OR_RETURN(const auto milliseconds,
                     RevokeEach(clients, serials, deadline));
    std::printf("{\"milliseconds\": [%s]}\n",
                absl::StrJoin(milliseconds, ", ").c_str());
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const absl::Time last,
                   AwaitRevoked(clients, serials, deadline));
  std::printf("{\"serials\": %zu, \"until\": %.6f}\n", serials.size(),
              absl::ToDoubleSeconds(last - absl::UnixEpoch()));
  return absl::OkStatus();
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status ran = chancery::bench::Run();
  if (ran.ok()) return 0;
  std::fprintf(stderr, "revoke_probe: %s\n", ran.ToString().c_str());
  return 1;
}
