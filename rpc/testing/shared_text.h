#ifndef CHANCERY_RPC_TESTING_SHARED_TEXT_H_
#define CHANCERY_RPC_TESTING_SHARED_TEXT_H_

#include <streambuf>
#include <string>

#include "base/mutex.h"

namespace chancery::rpc::testing {

// Text that one thread may read while others write: of a log.
class SharedText final : public std::streambuf {
 public:
  std::string Get() const {
    base::MutexLock lock(mu_);
    return text_;
  }

 protected:
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    xsputn(&byte, 1);
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    base::MutexLock lock(mu_);
    text_.append(data, static_cast<size_t>(size));
    return size;
  }

 private:
  mutable base::Mutex mu_;
  std::string text_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::rpc::testing

#endif  // CHANCERY_RPC_TESTING_SHARED_TEXT_H_
