// Clients that want certificates, of an authority or of `cfssl serve`. Each
// line of standard input is a slice of load:
//
//   kind=authority clients=8 seconds=4
//   kind=cfssl clients=8 seconds=4
//   kind=bulk count=20000
//
// answered by one of JSON: {"issued": ..., "seconds": ..., "p50_ms": ...,
// "p99_ms": ..., "error": ""}. A client has a connection of its own and asks
// again when it is answered, with the next of the requests in --csrs. The first
// certificate of each slice goes to --sample, for somebody else to look at.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "tests/bench/certificate_client.h"

ABSL_FLAG(std::string, csrs, "", "A folder of requests: 0.pem, 1.pem, ...");
ABSL_FLAG(std::string, sample, "",
          "Where each slice's first certificate goes.");
ABSL_FLAG(std::string, tls, "", "A folder: client.pem, client.key, ca.pem.");
ABSL_FLAG(std::string, authority, "", "The authority's address.");
ABSL_FLAG(std::string, uri, "", "The authority's identity.");
ABSL_FLAG(std::string, issuer, "issuing", "Which CA.");
ABSL_FLAG(int, cfssl_port, 0, "Of `cfssl serve`.");

namespace chancery::bench {
namespace {

struct Slice {
  std::string kind = {};
  int clients = 1;
  double seconds = 1;
  uint64_t count = 0;
};

struct Outcome {
  uint64_t issued = 0;
  double seconds = 0;
  std::vector<double> milliseconds = {};
  std::string first = {};  // PEM.
};

absl::StatusOr<std::vector<std::string>> ReadCsrs() {
  std::vector<std::string> csrs;
  while (true) {
    auto csr = base::ReadFile(
        absl::StrCat(absl::GetFlag(FLAGS_csrs), "/", csrs.size(), ".pem"));
    if (absl::IsNotFound(csr.status())) break;
    RETURN_IF_ERROR(csr.status());
    csrs.push_back(*std::move(csr));
  }
  if (csrs.empty()) return absl::NotFoundError("--csrs: there are none");
  return csrs;
}

Slice Parse(const std::string& line) {
  Slice slice;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const size_t at = word.find('=');
    const std::string name = word.substr(0, at);
    const std::string value = word.substr(at + 1);
    if (name == "kind") slice.kind = value;
    if (name == "clients") slice.clients = std::stoi(value);
    if (name == "seconds") slice.seconds = std::stod(value);
    if (name == "count") slice.count = std::stoull(value);
  }
  return slice;
}

absl::StatusOr<std::unique_ptr<CertificateClient>> MakeClient(
    const std::string& kind, bool among_others) {
  if (kind == "cfssl") return MakeCfsslClient(absl::GetFlag(FLAGS_cfssl_port));
  return MakeAuthorityClient({.tls = absl::GetFlag(FLAGS_tls),
                              .address = absl::GetFlag(FLAGS_authority),
                              .uri = absl::GetFlag(FLAGS_uri),
                              .issuer = absl::GetFlag(FLAGS_issuer),
                              .among_others = among_others});
}

// What one client does until the slice ends.
absl::Status Ask(CertificateClient& client,
                 const std::vector<std::string>& csrs,
                 std::atomic<uint64_t>& next, absl::Time until, Outcome& out) {
  absl::Time asked;
  return client.KeepIssuing(
      [&]() -> const std::string* {
        asked = absl::Now();
        return asked < until ? &csrs[next++ % csrs.size()] : nullptr;
      },
      [&](std::string certificate) {
        out.milliseconds.push_back(
            absl::ToDoubleMilliseconds(absl::Now() - asked));
        if (++out.issued == 1) out.first = std::move(certificate);
      });
}

class Load {
 public:
  explicit Load(std::vector<std::string> csrs) : csrs_(std::move(csrs)) {}

  absl::StatusOr<Outcome> Run(const Slice& slice) {
    if (slice.kind == "bulk") return RunBulk(slice);
    std::vector<std::unique_ptr<CertificateClient>> clients;
    for (int i = 0; i < slice.clients; ++i) {
      ASSIGN_OR_RETURN(auto client, MakeClient(slice.kind, slice.clients > 1));
      // It is connected before time runs.
      RETURN_IF_ERROR(client->Issue(csrs_[0]).status());
      clients.push_back(std::move(client));
    }
    std::vector<Outcome> outcomes(clients.size());
    std::vector<absl::Status> statuses(clients.size());
    std::vector<std::thread> threads;
    const absl::Time begun = absl::Now();
    const absl::Time until = begun + absl::Seconds(slice.seconds);
    for (size_t i = 0; i < clients.size(); ++i) {
      threads.emplace_back([&, i] {
        statuses[i] = Ask(*clients[i], csrs_, next_, until, outcomes[i]);
      });
    }
    for (std::thread& thread : threads) thread.join();
    Outcome sum{.seconds = absl::ToDoubleSeconds(absl::Now() - begun)};
    for (size_t i = 0; i < clients.size(); ++i) {
      RETURN_IF_ERROR(statuses[i]);
      sum.issued += outcomes[i].issued;
      sum.milliseconds.insert(sum.milliseconds.end(),
                              outcomes[i].milliseconds.begin(),
                              outcomes[i].milliseconds.end());
      if (sum.first.empty()) sum.first = outcomes[i].first;
    }
    return sum;
  }

 private:
  absl::StatusOr<Outcome> RunBulk(const Slice& slice) {
    ASSIGN_OR_RETURN(auto client, MakeClient(slice.kind, false));
    RETURN_IF_ERROR(client->Issue(csrs_[0]).status());
    Outcome out;
    const absl::Time begun = absl::Now();
    ASSIGN_OR_RETURN(out.first, client->IssueMany(csrs_, slice.count));
    out.seconds = absl::ToDoubleSeconds(absl::Now() - begun);
    out.issued = slice.count;
    return out;
  }

  const std::vector<std::string> csrs_;
  std::atomic<uint64_t> next_ = 0;
};

double Percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(double(values.size()) * part))];
}

absl::Status Serve() {
  ASSIGN_OR_RETURN(std::vector<std::string> csrs, ReadCsrs());
  Load load(std::move(csrs));
  for (std::string line; std::getline(std::cin, line);) {
    ASSIGN_OR_RETURN(Outcome outcome, load.Run(Parse(line)));
    RETURN_IF_ERROR(base::WriteFileAtomically(absl::GetFlag(FLAGS_sample),
                                              base::AsBytes(outcome.first)));
    std::printf(
        "{\"issued\": %llu, \"seconds\": %.6f, \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f}\n",
        static_cast<unsigned long long>(outcome.issued), outcome.seconds,
        Percentile(outcome.milliseconds, 0.5),
        Percentile(outcome.milliseconds, 0.99));
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  // As in our programs (rpc/process.cc).
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const absl::Status done = chancery::bench::Serve();
  if (done.ok()) return 0;
  std::fprintf(stderr, "issue_load: %s\n", done.ToString().c_str());
  return 1;
}
