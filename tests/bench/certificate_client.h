// One client that wants certificates, of ours or of the peer.
#ifndef CHANCERY_TESTS_BENCH_CERTIFICATE_CLIENT_H_
#define CHANCERY_TESTS_BENCH_CERTIFICATE_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chancery::bench {

// Has a connection of its own. Thread-compatible.
class CertificateClient {
 public:
  virtual ~CertificateClient() = default;

  // PEM in, PEM out. Waits for the answer.
  virtual absl::StatusOr<std::string> Issue(const std::string& csr) = 0;

  // Asks again when it is answered, until `next` returns null; `got` is told
  // each certificate. Both are called one after the other, from any thread.
  virtual absl::Status KeepIssuing(
      const std::function<const std::string*()>& next,
      const std::function<void(std::string)>& got);

  // `count` certificates by one call, for these requests again and again; the
  // first of them. Unimplemented by the peer.
  virtual absl::StatusOr<std::string> IssueMany(
      const std::vector<std::string>& csrs, uint64_t count) = 0;
};

struct AuthorityPlace {
  std::string tls = {};  // A folder: client.pem, client.key, ca.pem.
  std::string address = {};
  std::string uri = {};
  std::string issuer = {};
  // Other clients are at work in this process: KeepIssuing asks from gRPC's own
  // threads. Were each client's thread to poll its own connection, they would
  // wake each other for every answer.
  bool among_others = false;
};

absl::StatusOr<std::unique_ptr<CertificateClient>> MakeAuthorityClient(
    const AuthorityPlace& place);

// Of `cfssl serve` on the loopback interface, over HTTP without TLS.
absl::StatusOr<std::unique_ptr<CertificateClient>> MakeCfsslClient(int port);

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_CERTIFICATE_CLIENT_H_
