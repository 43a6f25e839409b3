#ifndef CHANCERY_TESTS_BENCH_OCSP_CLIENT_H_
#define CHANCERY_TESTS_BENCH_OCSP_CLIENT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace chancery::bench {

// Asks one responder on loopback about one certificate after another, by POST
// over one connection that is kept. Blocks. One thread.
class OcspClient {
 public:
  // `request` is the DER of a request without a nonce for some serial of
  // kSerialSize octets, which it ends with. Unavailable: nobody listens.
  static absl::StatusOr<OcspClient> Connect(uint16_t port, std::string request);
  ~OcspClient();
  OcspClient(OcspClient&& other) noexcept;
  OcspClient& operator=(OcspClient&&) = delete;

  // Whether it answers `revoked`. Unavailable: the connection ended;
  // InvalidArgument: no answer that parses.
  absl::StatusOr<bool> IsRevoked(const std::string& serial);

 private:
  OcspClient(int fd, std::string request);
  absl::StatusOr<std::string> Exchange(const std::string& body);

  int fd_;
  const std::string request_;
  std::string buffer_;
};

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_OCSP_CLIENT_H_
