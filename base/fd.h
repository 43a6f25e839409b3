#ifndef CHANCERY_BASE_FD_H_
#define CHANCERY_BASE_FD_H_

#include <utility>

namespace chancery::base {

// Owns a file descriptor. Thread-compatible.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Close();

  // Another descriptor of the same file, closed on exec; not valid() if none is
  // left.
  Fd Duplicate() const;

 private:
  int fd_ = -1;
};

}  // namespace chancery::base

#endif  // CHANCERY_BASE_FD_H_
