// Randomness is passed in, so that a test can be repeated from its seed.
#ifndef CHANCERY_BASE_RANDOM_H_
#define CHANCERY_BASE_RANDOM_H_

#include <cstddef>
#include <string>

namespace chancery::base {

// Thread-safe. Production uses SystemRandom(), which is fit for serial numbers.
class Random {
 public:
  virtual ~Random() = default;
  // `size` bytes.
  virtual std::string Bytes(size_t size) = 0;
};

// The kernel's generator (getrandom). Ends the process if the kernel refuses,
// since nothing good can follow.
Random& SystemRandom();

}  // namespace chancery::base

#endif  // CHANCERY_BASE_RANDOM_H_
