// What comes back, looked at in each response without slowing the bench: that
// it is whole, about the right certificate, and says what is true of it.
// Signatures and times are for verify.py, on a sample.
#ifndef CHANCERY_TESTS_BENCH_ANSWERS_H_
#define CHANCERY_TESTS_BENCH_ANSWERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/bench/dataset.h"

namespace chancery::bench {

struct HttpAnswer {
  int status = 0;
  std::string_view body = {};
  size_t size = 0;  // Of header and body.
};

// Nothing while more is to come. Status 0: not HTTP with a Content-Length.
std::optional<HttpAnswer> ParseAnswer(std::string_view in);

struct Expected {
  bool known = true;
  bool revoked = false;
};

// "" or what is wrong with `answer` to a question about `serial`.
std::string CheckAnswer(const HttpAnswer& answer, const Serial& serial,
                        const Expected& expected);

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_ANSWERS_H_
