#include "refresher/fanout.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace chancery::refresher {
namespace {

// Whoever is offered something has at least so long before it counts as late.
constexpr absl::Duration kPatience = absl::Milliseconds(250);

bool AreSame(const std::vector<block::Update>& a,
             const std::vector<block::Update>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const block::Update& one, const block::Update& other) {
                      return one.block_id == other.block_id &&
                             one.version == other.version &&
                             one.base_version == other.base_version;
                    });
}

}  // namespace

Offering::Outcome Fanout::Await(Offering& offering, absl::Duration left,
                                absl::Duration wait) {
  Offering::Outcome outcome = offering.Wait(left);
  if (wait >= kPatience) {
    for (ResponderWorker* late : outcome.late) late->MarkLate();
  }
  return outcome;
}

Acknowledged Fanout::Offer(std::vector<block::Update> updates,
                           absl::Duration wait) {
  const auto offering = std::make_shared<Offering>(std::move(updates),
                                                   wait > absl::ZeroDuration());
  const auto workers = responders_.Get();
  for (const auto& worker : *workers) worker->Offer(offering);
  const Offering::Outcome outcome = Await(*offering, wait, wait);
  return {.responders = static_cast<uint32_t>(outcome.taken.size()),
          .total = static_cast<uint32_t>(workers->size())};
}

absl::StatusOr<Acknowledged> Fanout::OfferWhile(
    const std::vector<block::Update>& updates, absl::Duration wait,
    absl::FunctionRef<absl::StatusOr<std::vector<block::Update>>()> store) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + absl::ToChronoNanoseconds(wait);
  const bool urgent = wait > absl::ZeroDuration();
  const auto early =
      std::make_shared<Offering>(updates, urgent, /*early=*/true);
  const auto workers = responders_.Get();
  for (const auto& worker : *workers) {
    if (worker->state().caught_up) worker->Offer(early);
  }
  auto stored = store();
  if (!stored.ok()) return stored.status();
  const auto left = [&] {
    return std::max(absl::ZeroDuration(),
                    absl::FromChrono(deadline - steady_clock::now()));
  };
  Offering::Outcome outcome = Await(*early, left(), wait);
  if (!AreSame(*stored, updates)) outcome = {};
  const auto offering = std::make_shared<Offering>(*std::move(stored), urgent);
  for (const auto& worker : *workers) {
    // Also to who has not answered: it may refuse the first yet.
    if (outcome.taken.count(worker.get()) == 0) worker->Offer(offering);
  }
  const absl::Duration rest = left();
  const Offering::Outcome then = Await(*offering, rest, rest);
  return Acknowledged{.responders = static_cast<uint32_t>(outcome.taken.size() +
                                                          then.taken.size()),
                      .total = static_cast<uint32_t>(workers->size())};
}

void Fanout::HeadChanged() {
  for (const auto& worker : *responders_.Get()) worker->PushHeadSoon();
}

void Fanout::ConvergeSoon() {
  for (const auto& worker : *responders_.Get()) worker->ConvergeSoon();
}

std::vector<ResponderState> Fanout::States() const {
  std::vector<ResponderState> states;
  for (const auto& worker : *responders_.Get()) {
    states.push_back(worker->state());
  }
  return states;
}

}  // namespace chancery::refresher
