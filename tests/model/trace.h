#ifndef CHANCERY_TESTS_MODEL_TRACE_H_
#define CHANCERY_TESTS_MODEL_TRACE_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "crypto/digest.h"

namespace chancery::model {

// What anybody could see of a run, line by line and in order: two runs of one
// seed have the same. Not thread-safe.
class Trace {
 public:
  template <typename... Parts>
  void Add(absl::string_view what, const Parts&... parts) {
    std::string line(what);
    (absl::StrAppend(&line, " ", parts), ...);
    lines_.push_back(std::move(line));
  }
  // For bytes: whether they are the same, in a few letters.
  static std::string Brief(absl::string_view bytes) {
    const crypto::Sha256Digest digest = crypto::Sha256(base::AsBytes(bytes));
    return base::Hex(base::Bytes(digest).first(6));
  }

  const std::vector<std::string>& lines() const { return lines_; }
  std::string Digest() const {
    crypto::Sha256Stream all;
    for (const std::string& line : lines_) {
      all.Update(base::AsBytes(line)).Update(base::AsBytes("\n", 1));
    }
    return base::Hex(all.Finish());
  }

 private:
  std::vector<std::string> lines_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_TRACE_H_
