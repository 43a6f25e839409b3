#include "responder/recent_answers.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "base/prefetch.h"

namespace chancery::responder {
namespace {

// A path, an answer of P-256 keys and its fields; there is room for as many.
constexpr size_t kUsualOctets = 1536;
// A path that has its place and comes often keeps it against another for so
// many visits of that one.
constexpr int32_t kMostWorth = 16;

}  // namespace

RecentAnswers::RecentAnswers(size_t bytes) : limit_(bytes) {
  const size_t places = std::max<size_t>(
      1, bytes / (kUsualOctets + sizeof(Place) + sizeof(Entry)));
  places_.resize(places);
  entries_.resize(places);
  bytes_ = places * (sizeof(Place) + sizeof(Entry));
}

uint64_t RecentAnswers::KeyOf(absl::string_view path) {
  return absl::HashOf(path);
}

bool RecentAnswers::Expects(uint64_t key) const {
  const size_t place = PlaceOf(key);
  if (places_[place].tag != TagOf(key)) return false;
  base::Prefetch(&entries_[place], sizeof(Entry));
  return true;
}

void RecentAnswers::Approach(uint64_t key) const {
  const Entry& entry = entries_[PlaceOf(key)];
  base::Prefetch(entry.octets.get(), entry.size);
}

const OcspAnswer* RecentAnswers::Find(uint64_t key, absl::string_view path) {
  Place& place = places_[PlaceOf(key)];
  if (place.tag != TagOf(key)) return nullptr;
  const Entry& entry = entries_[PlaceOf(key)];
  if (entry.path != path) return nullptr;
  place.worth = std::min(place.worth + 1, kMostWorth);
  return &entry.answer;
}

void RecentAnswers::Offer(uint64_t key, absl::string_view path,
                          const OcspAnswer& answer) {
  const uint32_t tag = TagOf(key);
  Place& place = places_[PlaceOf(key)];
  if (place.tag != 0 && place.tag != tag) {
    if (place.wanting != tag) {
      place.wanting = tag;
      return;
    }
    if (--place.worth > 0) return;
  }
  Entry& entry = entries_[PlaceOf(key)];
  const size_t size = path.size() + answer.etag.size() + answer.fields.size() +
                      answer.der.size();
  if (size > entry.capacity) {
    if (bytes_ - entry.capacity + size > limit_) return;
    bytes_ += size - entry.capacity;
    entry.octets = std::make_unique<char[]>(size);
    entry.capacity = size;
  }
  entry.size = size;
  char* next = entry.octets.get();
  const auto keep = [&](absl::string_view from) {
    const absl::string_view kept(next, from.size());
    next = std::copy(from.begin(), from.end(), next);
    return kept;
  };
  entry.path = keep(path);
  entry.answer = {.times = answer.times,
                  .origin = answer.origin,
                  .etag = keep(answer.etag),
                  .fields = keep(answer.fields),
                  .der = keep(answer.der)};
  place = {.tag = tag, .wanting = 0, .worth = std::max(place.worth, 1)};
}

}  // namespace chancery::responder
