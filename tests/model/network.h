#ifndef CHANCERY_TESTS_MODEL_NETWORK_H_
#define CHANCERY_TESTS_MODEL_NETWORK_H_

#include "absl/status/status.h"
#include "tests/model/dice.h"

namespace chancery::model {

// Loses requests, and answers of requests that were carried out.
class Network {
 public:
  explicit Network(Dice& dice) : dice_(dice) {}

  // Of 100 calls, so many lose their request, and as many their answer.
  void Lose(int percent) { percent_ = percent; }

  // `call` returns a Status or StatusOr.
  template <typename Callable>
  auto Call(Callable call) -> decltype(call()) {
    if (percent_ > 0 && dice_.Chance(percent_)) {
      return absl::UnavailableError("the request was lost");
    }
    auto answer = call();
    if (percent_ > 0 && dice_.Chance(percent_)) {
      return absl::UnavailableError("the answer was lost");
    }
    return answer;
  }

 private:
  Dice& dice_;
  int percent_ = 0;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_NETWORK_H_
