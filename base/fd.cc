#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace chancery::base {

void Fd::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Fd Fd::Duplicate() const { return Fd(fcntl(fd_, F_DUPFD_CLOEXEC, 0)); }

}  // namespace chancery::base
