#ifndef CHANCERY_RESPONDER_RECENT_ANSWERS_H_
#define CHANCERY_RESPONDER_RECENT_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "responder/freshness.h"
#include "responder/ocsp_source.h"

namespace chancery::responder {

// An OCSPResponse and all that HTTP says of it, but for what changes with time.
struct OcspAnswer {
  Freshness times;
  OcspOrigin origin = {};
  absl::string_view etag = {};    // With its quotes.
  absl::string_view fields = {};  // Whole header lines.
  absl::string_view der = {};
};

// Answers by the URL's path that asked for them, octet by octet, so that what
// is asked for all the time is neither decoded nor looked up, rebuilt and
// hashed each time. Whether an answer is still the one to give is for the
// caller to see: OcspSource::Holds.
//
// A path has one place. A path that wants the place of another must come more
// often than that one does: a flood of paths that come once replaces nothing.
// Memory is bounded, and asked for only where a place is filled with more than
// it ever held. Thread-compatible: one per thread.
class RecentAnswers {
 public:
  // Of all places together, in octets; none is made that would go beyond.
  explicit RecentAnswers(size_t bytes);

  // A path's hash, for the calls below.
  static uint64_t KeyOf(absl::string_view path);

  // Whether there may be an answer. If so, its memory is asked for, without
  // waiting; Approach, called somewhat later, asks for what that leads to.
  bool Expects(uint64_t key) const;
  void Approach(uint64_t key) const;

  // Null if there is none. Valid until the next call of Offer.
  const OcspAnswer* Find(uint64_t key, absl::string_view path);
  // An answer that was not found, or is no longer what Find has found. May keep
  // a copy.
  void Offer(uint64_t key, absl::string_view path, const OcspAnswer& answer);

  // What it holds, in octets.
  size_t bytes() const { return bytes_; }

 private:
  // What has to be read to know whether a path's answer may be there.
  struct Place {
    uint32_t tag = 0;      // Of the path that has it; 0: nobody.
    uint32_t wanting = 0;  // Of the one that wanted it last.
    int32_t worth = 0;     // How often that has to come.
  };
  struct Entry {
    OcspAnswer answer;
    absl::string_view path;
    std::unique_ptr<char[]> octets;  // Behind all of the views.
    size_t capacity = 0;
    size_t size = 0;
  };

  static uint32_t TagOf(uint64_t key) {
    return static_cast<uint32_t>(key) | 1;
  }
  size_t PlaceOf(uint64_t key) const {
    return static_cast<size_t>((key >> 32) * places_.size() >> 32);
  }

  const size_t limit_;
  size_t bytes_;
  std::vector<Place> places_;
  std::vector<Entry> entries_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_RECENT_ANSWERS_H_
