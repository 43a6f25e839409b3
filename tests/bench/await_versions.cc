// Waits until every block of every responder has a version that is newer than a
// moment (versions are microseconds since 1970), and says when that was.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "refresher/grpc_responder_client.h"
#include "rpc/client.h"
#include "rpc/credentials.h"

ABSL_FLAG(std::vector<std::string>, addresses, {}, "The responders'.");
ABSL_FLAG(std::string, tls, "", "The folder with refresher.pem and ca.pem.");
ABSL_FLAG(std::string, uri, "", "The responders' identity.");
ABSL_FLAG(uint64_t, newer_than, 0, "Microseconds since 1970.");
ABSL_FLAG(uint64_t, blocks, 0, "How many each responder must have.");
ABSL_FLAG(int64_t, seconds, 600, "When to give up.");

namespace chancery::bench {
namespace {

using Client = std::unique_ptr<refresher::ResponderClient>;

absl::StatusOr<std::vector<Client>> Connect() {
  const std::string tls = absl::GetFlag(FLAGS_tls);
  config::TlsIdentity identity;
  identity.set_certificate_file(tls + "/refresher.pem");
  identity.set_key_file(tls + "/refresher.key");
  identity.set_trust_file(tls + "/ca.pem");
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(identity));
  std::vector<Client> clients;
  for (const std::string& address : absl::GetFlag(FLAGS_addresses)) {
    config::Target target;
    target.set_address(address);
    target.set_expected_uri(absl::GetFlag(FLAGS_uri));
    ASSIGN_OR_RETURN(const auto channel,
                     rpc::MakeChannel("responder", target, credentials));
    clients.push_back(
        refresher::MakeGrpcResponderClient(channel, absl::Seconds(30)));
  }
  return clients;
}

absl::StatusOr<bool> HasAll(refresher::ResponderClient& client) {
  ASSIGN_OR_RETURN(const refresher::HeldVersions held, client.GetVersions());
  return held.blocks.size() >= absl::GetFlag(FLAGS_blocks) &&
         std::all_of(held.blocks.begin(), held.blocks.end(),
                     [](const auto& block) {
                       return block.second > absl::GetFlag(FLAGS_newer_than);
                     });
}

absl::StatusOr<absl::Time> Await() {
  ASSIGN_OR_RETURN(const std::vector<Client> clients, Connect());
  const absl::Time end =
      absl::Now() + absl::Seconds(absl::GetFlag(FLAGS_seconds));
  // One after the other: the last to have all decides.
  for (const Client& client : clients) {
    while (true) {
      ASSIGN_OR_RETURN(const bool has_all, HasAll(*client));
      if (has_all) break;
      if (absl::Now() > end) {
        return absl::DeadlineExceededError("a responder lacks a block");
      }
      absl::SleepFor(absl::Milliseconds(50));
    }
  }
  return absl::Now();
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const auto when = chancery::bench::Await();
  if (when.ok()) {
    std::printf("%.6f\n", absl::ToDoubleSeconds(*when - absl::UnixEpoch()));
    return 0;
  }
  std::fprintf(stderr, "await_versions: %s\n",
               when.status().ToString().c_str());
  return 1;
}
