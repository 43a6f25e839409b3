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

RecentAnswers::RecentAnswers(size_t bytes) : limit_(bytes) {
  constexpr size_t kFixed = sizeof(Set) + kWays * sizeof(Entry);
  const size_t sets =
      std::max<size_t>(1, bytes / (kFixed + kWays * kUsualOctets));
  sets_.resize(sets);
  entries_.resize(sets * kWays);
  bytes_ = sets * kFixed;
}

uint64_t RecentAnswers::KeyOf(absl::string_view path) {
  return absl::HashOf(path);
}

bool RecentAnswers::Expects(uint64_t key) const {
  const size_t at = EntryOf(key);
  if (at == kNone) return false;
  base::Prefetch(&entries_[at], sizeof(Entry));
  return true;
}

void RecentAnswers::Approach(uint64_t key) const {
  const size_t at = EntryOf(key);
  if (at == kNone) return;
  base::Prefetch(entries_[at].octets.get(), entries_[at].size);
}

const OcspAnswer* RecentAnswers::Find(uint64_t key, absl::string_view path) {
  const size_t at = EntryOf(key);
  if (at == kNone || entries_[at].path != path) return nullptr;
  uint8_t& worth = sets_[at / kWays].worth[at % kWays];
  if (worth != kMostWorth) ++worth;
  return &entries_[at].answer;
}

size_t RecentAnswers::PlaceFor(uint64_t key) {
  const size_t has = EntryOf(key);
  if (has != kNone) return has;
  Set& set = sets_[SetOf(key)];
  const auto least = std::min_element(set.worth.begin(), set.worth.end());
  const auto way = static_cast<size_t>(least - set.worth.begin());
  if (set.tags[way] != 0) {
    const uint32_t tag = TagOf(key);
    auto& wanting = set.wanting;
    if (std::find(wanting.begin(), wanting.end(), tag) == wanting.end()) {
      wanting[set.next_wanting] = tag;
      set.next_wanting = (set.next_wanting + 1) % kWanting;
      return kNone;
    }
    // As often as the other came, but that its past counts half.
    *least /= 2;
    if (*least > 1) return kNone;
  }
  return SetOf(key) * kWays + way;
}

void RecentAnswers::Offer(uint64_t key, absl::string_view path,
                          const OcspAnswer& answer) {
  const size_t at = PlaceFor(key);
  if (at == kNone) return;
  Entry& entry = entries_[at];
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
  Set& set = sets_[at / kWays];
  uint32_t& tag = set.tags[at % kWays];
  uint8_t& worth = set.worth[at % kWays];
  worth = tag == TagOf(key) ? std::max<uint8_t>(worth, 1) : 1;
  tag = TagOf(key);
}

}  // namespace chancery::responder
