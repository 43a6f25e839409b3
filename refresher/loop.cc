#include "refresher/loop.h"

#include <algorithm>
#include <utility>

namespace chancery::refresher {
namespace {

// Soon at first: what is called restarts in a second.
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(200);
constexpr absl::Duration kLongestBackoff = absl::Seconds(5);
constexpr absl::Duration kSayAgain = absl::Minutes(1);

}  // namespace

Loop::Loop(std::string name, rpc::Process& process, absl::Duration interval,
           std::function<absl::StatusOr<bool>()> step)
    : name_(std::move(name)),
      process_(process),
      interval_(interval),
      step_(std::move(step)),
      thread_([this] { Work(); }) {}

Loop::~Loop() { thread_.join(); }

void Loop::Work() {
  absl::Duration wait = interval_;
  absl::Duration backoff = kFirstBackoff;
  absl::Time say_again = absl::InfinitePast();
  bool failing = false;
  do {
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more && !process_.stop().stop_requested()) {
      more = step_();
      if (more.ok() && failing) {
        process_.log().Info("works_again", {{"loop", name_}});
        failing = false;
        say_again = absl::InfinitePast();
      }
    }
    if (more.ok()) {
      wait = interval_;
      backoff = kFirstBackoff;
      continue;
    }
    failing = true;
    const absl::Time now = process_.clock().Now();
    if (now >= say_again) {
      process_.log().Warning("fails",
                             {{"loop", name_}, {"why", more.status()}});
      say_again = now + kSayAgain;
    }
    wait = backoff;
    backoff = std::min(backoff * 2, kLongestBackoff);
  } while (process_.SleepFor(wait));
}

}  // namespace chancery::refresher
