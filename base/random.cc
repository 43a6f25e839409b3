#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace chancery::base {
namespace {

class KernelRandom final : public Random {
 public:
  std::string Bytes(size_t size) override {
    std::string out(size, '\0');
    size_t done = 0;
    while (done < size) {
      const ssize_t got = getrandom(out.data() + done, size - done, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) std::abort();
      done += static_cast<size_t>(got);
    }
    return out;
  }
};

}  // namespace

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

}  // namespace chancery::base
