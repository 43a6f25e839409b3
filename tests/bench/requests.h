// Requests about a data set's certificates, made as fast as they are sent.
#ifndef CHANCERY_TESTS_BENCH_REQUESTS_H_
#define CHANCERY_TESTS_BENCH_REQUESTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/dataset.h"

namespace chancery::bench {

// Which certificates are asked about.
enum class Mix {
  kPopular,  // Zipf with exponent 1 over all of them.
  kRandom,   // Each as likely.
  kUnknown,  // None that exists.
};

// Numbers of certificates, at a few nanoseconds each.
class Draw {
 public:
  Draw(Mix mix, uint64_t certificates);

  uint64_t Next();

 private:
  const Mix mix_;
  const uint64_t certificates_;
  uint64_t state_ = 1;
  std::vector<uint32_t> drawn_;  // kPopular: drawn beforehand.
};

enum class Method { kGet, kPost, kFixed };

// Not thread-safe.
class RequestWriter {
 public:
  // `ocsp_request` is the DER of a request about any of the certificates,
  // without a nonce: its last octets are the serial. kFixed asks for `path`.
  RequestWriter(Method method, const std::string& ocsp_request,
                const std::string& path);

  // Replaces `out` by the whole HTTP request.
  void Write(const Serial& serial, std::string& out) const;

 private:
  const Method method_;
  std::string before_;  // All before what depends on the serial.
  std::string tail_;    // kGet: octets that share a base64 group with it.
};

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_REQUESTS_H_
