#ifndef CHANCERY_RESPONDER_HTTP_PLAIN_FIELDS_H_
#define CHANCERY_RESPONDER_HTTP_PLAIN_FIELDS_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace chancery::responder {

// Header sections that GETs of HTTP/1.1 have had and that said little: one
// Host, perhaps Accept-Encoding, the connection stays open. A client's next
// request has the same section, octet by octet, and means the same by it, so
// that it need not be parsed again. Thread-compatible.
class PlainFields {
 public:
  struct Section {
    std::string text;  // With the empty line at its end.
    std::string accept_encoding;
  };

  // The one that `in` begins with, or null. Valid until the next Saw.
  const Section* Match(absl::string_view in) const {
    for (const Section& section : sections_) {
      if (section.text.empty()) break;
      if (in.substr(0, section.text.size()) == section.text) return &section;
    }
    return nullptr;
  }

  // Such a section came. It is remembered when it comes twice in a row, in
  // place of the one that was first: many that come once replace nothing.
  void Saw(absl::string_view text, absl::string_view accept_encoding) {
    if (text.size() > kMaxSize) return;
    if (text != last_) {
      last_.assign(text.data(), text.size());
      return;
    }
    Section& section = sections_[next_];
    next_ = (next_ + 1) % sections_.size();
    section.text = last_;
    section.accept_encoding.assign(accept_encoding.data(),
                                   accept_encoding.size());
  }

 private:
  static constexpr size_t kMaxSize = 1024;
  std::array<Section, 8> sections_;
  size_t next_ = 0;
  std::string last_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_PLAIN_FIELDS_H_
