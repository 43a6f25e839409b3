#ifndef CHANCERY_AUTHORITY_TESTING_FAKE_PUBLISHER_H_
#define CHANCERY_AUTHORITY_TESTING_FAKE_PUBLISHER_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "authority/publisher.h"

namespace chancery::authority::testing {

// Keeps what it was asked; answers as told. Not thread-safe.
class FakePublisher final : public Publisher {
 public:
  struct Call {
    std::vector<block::Update> updates;
    absl::Duration wait;
  };

  absl::StatusOr<Acknowledged> Publish(
      const std::vector<block::Update>& updates, absl::Duration wait) override {
    calls.push_back({updates, wait});
    if (during) during();
    return answer;
  }

  std::vector<Call> calls;
  // Runs in each call.
  std::function<void()> during;
  absl::StatusOr<Acknowledged> answer =
      Acknowledged{.responders = 2, .total = 3};
};

}  // namespace chancery::authority::testing

#endif  // CHANCERY_AUTHORITY_TESTING_FAKE_PUBLISHER_H_
