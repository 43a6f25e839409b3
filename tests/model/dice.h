#ifndef CHANCERY_TESTS_MODEL_DICE_H_
#define CHANCERY_TESTS_MODEL_DICE_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "base/random.h"

namespace chancery::model {

// Every choice of a run, from its seed. Thread-safe.
class Dice final : public base::Random {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  std::string Bytes(size_t size) override {
    base::MutexLock lock(mu_);
    std::string bytes(size, 0);
    for (char& byte : bytes) byte = static_cast<char>(engine_());
    return bytes;
  }
  // 0 to n - 1.
  size_t Below(size_t n) {
    base::MutexLock lock(mu_);
    return engine_() % n;
  }
  bool Chance(int percent) { return Below(100) < static_cast<size_t>(percent); }

 private:
  base::Mutex mu_;
  std::mt19937_64 engine_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_DICE_H_
