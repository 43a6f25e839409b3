#include "responder/cache/crl_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

namespace chancery::responder {
namespace {

// What tells a file from all others that have had its name: an inode's number
// comes again, but not with the same times.
struct Identity {
  explicit Identity(const base::Fd& file) {
    struct stat info {};
    if (fstat(file.get(), &info) != 0) return;
    device = info.st_dev;
    inode = info.st_ino;
    size = info.st_size;
    seconds = info.st_mtim.tv_sec;
    nanoseconds = info.st_mtim.tv_nsec;
  }
  bool operator==(const Identity&) const = default;

  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  time_t seconds = 0;
  long nanoseconds = 0;
};

}  // namespace

class CrlFiles::Kept final : public CrlFile {
 public:
  explicit Kept(Shared file) : file_(std::move(file)) {}
  Shared Open() const override { return file_; }

 private:
  const Shared file_;
};

class CrlFiles::Named final : public CrlFile {
 public:
  Named(std::shared_ptr<Count> count, const base::Fd& file, std::string path)
      : count_(std::move(count)), identity_(file), path_(std::move(path)) {}

  Shared Open() const override {
    base::MutexLock lock(mu_);
    Shared open = open_.lock();
    if (open != nullptr) return open;
    base::Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.valid() || !(Identity(file) == identity_)) return nullptr;
    open = Hold(count_, std::move(file), count_->limit);
    open_ = open;
    return open;
  }

 private:
  const std::shared_ptr<Count> count_;
  const Identity identity_;
  const std::string path_;
  mutable base::Mutex mu_;
  mutable std::weak_ptr<const base::Fd> open_ ABSL_GUARDED_BY(mu_);
};

CrlFiles::Shared CrlFiles::Hold(const std::shared_ptr<Count>& count,
                                base::Fd file, size_t most) {
  if (++count->open > most) {
    --count->open;
    return nullptr;
  }
  return Shared(new base::Fd(std::move(file)), [count](const base::Fd* fd) {
    delete fd;
    --count->open;
  });
}

std::shared_ptr<const CrlFile> CrlFiles::Add(base::Fd file,
                                             std::string path) const {
  auto named = std::make_shared<const Named>(count_, file, std::move(path));
  // A quarter is for those that cannot be kept.
  Shared kept = Hold(count_, std::move(file), count_->limit / 4 * 3);
  if (kept == nullptr) return named;
  return std::make_shared<const Kept>(std::move(kept));
}

}  // namespace chancery::responder
