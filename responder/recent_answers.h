#ifndef CHANCERY_RESPONDER_RECENT_ANSWERS_H_
#define CHANCERY_RESPONDER_RECENT_ANSWERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "absl/strings/string_view.h"
#include "responder/freshness.h"
#include "responder/ocsp_source.h"

namespace chancery::responder {

// An OCSPResponse and all that HTTP says of it, but for what changes with time.
struct OcspAnswer {
  Freshness times = {};
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
// A path has one set of eight places. When they are taken it must come again
// soon, and more often than the least that is there: a flood of paths that come
// once replaces nothing. Memory is bounded, and asked for only where a place is
// filled with more than it ever held. Thread-compatible: one per thread.
class RecentAnswers {
 public:
  // Of all places together, in octets; none is made that would go beyond.
  explicit RecentAnswers(size_t bytes);

  // A path's hash, for the calls below.
  static uint64_t KeyOf(absl::string_view path);

  // For who has several to find: Prefetch for each, then Expects, then Find.
  // Memory that the next call would wait for is asked for without waiting.
  void Prefetch(uint64_t key) const;
  // Whether there may be an answer.
  bool Expects(uint64_t key) const;

  // Null if there is none. Valid until the next call of Offer.
  const OcspAnswer* Find(uint64_t key, absl::string_view path);
  // An answer that was not found, or is no longer what Find has found. May keep
  // a copy.
  void Offer(uint64_t key, absl::string_view path, const OcspAnswer& answer);

  // What it holds, in octets.
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kWays = 8;
  static constexpr size_t kWanting = 4;
  static constexpr size_t kNone = ~size_t{0};

  // In one piece with the octets behind all of its views.
  struct Entry {
    OcspAnswer answer;
    absl::string_view path;
    size_t capacity = 0;
  };
  struct EntryDeleter {
    void operator()(Entry* entry) const { ::operator delete(entry); }
  };

  // In its first line of the processor's cache: all that says whether a path's
  // answer may be there, and where it could go.
  struct alignas(64) Set {
    std::array<uint32_t, kWays> tags = {};  // Of who has a place; 0: nobody.
    std::array<uint32_t, kWanting> wanting = {};  // Who came last in vain.
    std::array<uint8_t, kWays> worth = {};        // How often who has it came.
    uint8_t next_wanting = 0;
    alignas(64) std::array<std::unique_ptr<Entry, EntryDeleter>, kWays> entries;
  };

  static uint32_t TagOf(uint64_t key) { return static_cast<uint32_t>(key) | 1; }
  size_t SetOf(uint64_t key) const {
    return static_cast<size_t>((key >> 32) * sets_.size() >> 32);
  }
  // The path's place, kNone if it has none.
  static size_t WayOf(const Set& set, uint32_t tag) {
    for (size_t way = 0; way < kWays; ++way) {
      if (set.tags[way] == tag) return way;
    }
    return kNone;
  }
  // The place that it may have from now on; kNone: not yet.
  static size_t WayFor(Set& set, uint32_t tag);

  const size_t limit_;
  size_t bytes_;
  std::vector<Set> sets_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_RECENT_ANSWERS_H_
