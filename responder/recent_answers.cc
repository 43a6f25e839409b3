#include "responder/recent_answers.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "base/prefetch.h"

namespace chancery::responder {
namespace {

// A path, an answer of P-256 keys and its fields; there is room for as many.
constexpr size_t kUsualOctets = 1536;
constexpr uint8_t kMostWorth = 255;

}  // namespace

RecentAnswers::RecentAnswers(size_t bytes)
    : limit_(bytes),
      bytes_(0),
      sets_(std::max<size_t>(
          1, bytes / (sizeof(Set) + kWays * (sizeof(Entry) + kUsualOctets)))) {
  bytes_ = sets_.size() * sizeof(Set);
}

uint64_t RecentAnswers::KeyOf(absl::string_view path) {
  return absl::HashOf(path);
}

void RecentAnswers::Prefetch(uint64_t key) const {
  base::Prefetch(&sets_[SetOf(key)], sizeof(Set));
}

bool RecentAnswers::Expects(uint64_t key) const {
  const Set& set = sets_[SetOf(key)];
  const size_t way = WayOf(set, TagOf(key));
  if (way == kNone) return false;
  base::Prefetch(set.entries[way].get(), kUsualOctets);
  return true;
}

const OcspAnswer* RecentAnswers::Find(uint64_t key, absl::string_view path) {
  Set& set = sets_[SetOf(key)];
  const size_t way = WayOf(set, TagOf(key));
  if (way == kNone || set.entries[way]->path != path) return nullptr;
  uint8_t& worth = set.worth[way];
  if (worth != kMostWorth) ++worth;
  return &set.entries[way]->answer;
}

size_t RecentAnswers::WayFor(Set& set, uint32_t tag) {
  const size_t has = WayOf(set, tag);
  if (has != kNone) return has;
  const auto least = std::min_element(set.worth.begin(), set.worth.end());
  const auto way = static_cast<size_t>(least - set.worth.begin());
  if (set.tags[way] == 0) return way;
  auto& wanting = set.wanting;
  if (std::find(wanting.begin(), wanting.end(), tag) == wanting.end()) {
    wanting[set.next_wanting] = tag;
    set.next_wanting = (set.next_wanting + 1) % kWanting;
    return kNone;
  }
  // More often than the other came, whose past counts half each time.
  *least /= 2;
  return *least > 1 ? kNone : way;
}

void RecentAnswers::Offer(uint64_t key, absl::string_view path,
                          const OcspAnswer& answer) {
  Set& set = sets_[SetOf(key)];
  const uint32_t tag = TagOf(key);
  const size_t way = WayFor(set, tag);
  if (way == kNone) return;
  auto& entry = set.entries[way];
  const size_t size = path.size() + answer.etag.size() + answer.fields.size() +
                      answer.der.size();
  if (entry == nullptr || size > entry->capacity) {
    const size_t before =
        entry == nullptr ? 0 : sizeof(Entry) + entry->capacity;
    const size_t after = sizeof(Entry) + size;
    if (bytes_ - before + after > limit_) return;
    bytes_ = bytes_ - before + after;
    entry.reset(new (::operator new(after)) Entry);
    entry->capacity = size;
  }
  char* next = reinterpret_cast<char*>(entry.get() + 1);
  const auto keep = [&](absl::string_view from) {
    const absl::string_view kept(next, from.size());
    next = std::copy(from.begin(), from.end(), next);
    return kept;
  };
  entry->path = keep(path);
  entry->answer = {.times = answer.times,
                   .origin = answer.origin,
                   .etag = keep(answer.etag),
                   .fields = keep(answer.fields),
                   .der = keep(answer.der)};
  uint8_t& worth = set.worth[way];
  worth = set.tags[way] == tag ? std::max<uint8_t>(worth, 1) : 1;
  set.tags[way] = tag;
}

}  // namespace chancery::responder
