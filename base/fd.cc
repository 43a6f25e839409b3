#include "base/fd.h"

#include <unistd.h>

namespace chancery::base {

void Fd::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace chancery::base
