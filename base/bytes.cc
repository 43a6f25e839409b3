#include "base/bytes.h"

#include <algorithm>

namespace chancery::base {

bool Equal(Bytes a, Bytes b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace chancery::base
