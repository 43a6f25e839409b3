// One stream sent over one connection, and what came back.
#ifndef CHANCERY_TESTS_MUTATION_EXCHANGE_H_
#define CHANCERY_TESTS_MUTATION_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "tests/mutation/mutator.h"
#include "tests/mutation/truth.h"

namespace chancery::mutation {

struct Counts {
  size_t mutated = 0;  // Sent and answered, or the connection ended there.
  size_t certain = 0;  // Sent as clients send them, and answered so.
  std::map<int, size_t> statuses{};    // HTTP.
  std::map<Answer, size_t> answers{};  // OCSP, to mutated requests.

  void Add(const Counts& other);
};

// Sends `stream` from 127.x.y.z, which `source` chooses, ends its half, and
// reads to the end. Unavailable: the connection broke; DeadlineExceeded: the
// other side did nothing for ten seconds.
absl::StatusOr<std::string> Converse(uint16_t port, const Stream& stream,
                                     uint64_t source);

// What is wrong with what came back for `stream`; "" if nothing is.
std::string CheckStream(const Stream& stream, const std::string& back,
                        Judge& judge, Counts& counts);

}  // namespace chancery::mutation

#endif  // CHANCERY_TESTS_MUTATION_EXCHANGE_H_
