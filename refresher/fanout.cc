#include "refresher/fanout.h"

#include <memory>
#include <utility>

namespace chancery::refresher {
namespace {

// Whoever is offered something has at least so long before it counts as late.
constexpr absl::Duration kPatience = absl::Milliseconds(250);

}  // namespace

Acknowledged Fanout::Offer(std::vector<block::Update> updates,
                           absl::Duration wait) {
  const auto offering = std::make_shared<Offering>(std::move(updates),
                                                   wait > absl::ZeroDuration());
  const auto workers = responders_.Get();
  for (const auto& worker : *workers) worker->Offer(offering);
  const Offering::Outcome outcome = offering->Wait(wait);
  if (wait >= kPatience) {
    for (ResponderWorker* late : outcome.late) late->MarkLate();
  }
  return {.responders = outcome.taken,
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
