#include "authority/token/replay_guard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "crypto/digest.h"

namespace chancery::authority {
namespace {

constexpr size_t kTimeSize = 8;
constexpr size_t kCheckSize = 8;
constexpr size_t kRecordSize = ReplayGuard::kIdSize + kTimeSize + kCheckSize;
constexpr size_t kMaxFile = size_t{256} << 20;

std::string Check(absl::string_view facts) {
  const crypto::Sha256Digest hash = crypto::Sha256(base::AsBytes(facts));
  return std::string(hash.begin(), hash.begin() + kCheckSize);
}

std::string Record(const std::string& id, absl::Time until) {
  std::string out = id;
  uint64_t micros = static_cast<uint64_t>(absl::ToUnixMicros(until));
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(micros >> shift & 0xff));
  }
  return out + Check(out);
}

absl::Time TimeIn(absl::string_view bytes) {
  uint64_t micros = 0;
  for (const char c : bytes) micros = micros << 8 | static_cast<uint8_t>(c);
  return absl::FromUnixMicros(static_cast<int64_t>(micros));
}

absl::Status Failed(const char* verb, const std::string& path) {
  return absl::UnavailableError(absl::StrCat("tokens.replay_file: cannot ",
                                             verb, " ", path, ": ",
                                             std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReplayGuard>> ReplayGuard::Open(
    const std::string& path, absl::Time now, Options options) {
  std::unique_ptr<ReplayGuard> out(new ReplayGuard(path, options));
  const std::string lock = path + ".lock";
  out->lock_ = base::Fd(
      open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out->lock_.valid()) return Failed("open", lock);
  if (flock(out->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "tokens.replay_file: ", path, ": another process uses it"));
  }
  base::MutexLock lock_state(out->mu_);
  RETURN_IF_ERROR(out->Read(now));
  RETURN_IF_ERROR(out->Rewrite());
  return out;
}

absl::Status ReplayGuard::Read(absl::Time now) {
  struct stat facts = {};
  if (stat(path_.c_str(), &facts) != 0) return absl::OkStatus();
  if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("tokens.replay_file: ", path_,
                     ": must be a file that only its owner has access to"));
  }
  ASSIGN_OR_RETURN(const std::string content, base::ReadFile(path_, kMaxFile));
  absl::string_view rest = content;
  for (; rest.size() >= kRecordSize; rest.remove_prefix(kRecordSize)) {
    const absl::string_view facts_part = rest.substr(0, kIdSize + kTimeSize);
    if (rest.substr(kIdSize + kTimeSize, kCheckSize) != Check(facts_part)) {
      // Power was lost before a record was whole on disk: only at the end.
      if (rest.size() < 2 * kRecordSize) break;
      return absl::DataLossError(absl::StrCat(
          "tokens.replay_file: ", path_,
          ": is no such file, or damaged. Without it recorded requests could "
          "be let in again: move it away after two of window_seconds"));
    }
    const absl::Time until = TimeIn(rest.substr(kIdSize, kTimeSize));
    if (until <= now) continue;
    std::string id(rest.substr(0, kIdSize));
    if (until_.emplace(id, until).second) order_.emplace(until, std::move(id));
  }
  return absl::OkStatus();
}

absl::Status ReplayGuard::Rewrite() {
  std::string content;
  for (const auto& [id, until] : until_) content += Record(id, until);
  RETURN_IF_ERROR(
      base::WriteFileAtomically(path_, base::AsBytes(content), 0600));
  file_ = base::Fd(open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file_.valid()) return Failed("open", path_);
  size_ = content.size();
  return absl::OkStatus();
}

absl::Status ReplayGuard::Write(const std::string& record) {
  const uint64_t records = size_ / kRecordSize;
  if (!file_.valid() ||
      (records > options_.min_rewrite && records > 2 * until_.size())) {
    RETURN_IF_ERROR(Rewrite());
  }
  const ssize_t put = write(file_.get(), record.data(), record.size());
  if (put == static_cast<ssize_t>(record.size()) &&
      fdatasync(file_.get()) == 0) {
    size_ += record.size();
    return absl::OkStatus();
  }
  const absl::Status why = Failed("write", path_);
  file_ = base::Fd();  // Written anew before the next.
  return why;
}

void ReplayGuard::Drop(absl::Time now) {
  while (!order_.empty() && order_.begin()->first <= now) {
    until_.erase(order_.begin()->second);
    order_.erase(order_.begin());
  }
}

absl::Status ReplayGuard::Admit(const std::string& id, absl::Time now,
                                absl::Time until) {
  base::MutexLock lock(mu_);
  Drop(now);
  if (until_.count(id) > 0) {
    return absl::AlreadyExistsError(
        "token: the same request was here before, minutes ago");
  }
  if (until_.size() >= options_.max_ids) {
    return absl::ResourceExhaustedError(
        "token: too many requests in these minutes: try later");
  }
  // The commit point: what is not on disk is not let in.
  RETURN_IF_ERROR(Write(Record(id, until)));
  until_.emplace(id, until);
  order_.emplace(until, id);
  return absl::OkStatus();
}

void ReplayGuard::Forget(const std::string& id) {
  base::MutexLock lock(mu_);
  const auto found = until_.find(id);
  if (found == until_.end()) return;
  auto [at, end] = order_.equal_range(found->second);
  at = std::find_if(at, end, [&](const auto& e) { return e.second == id; });
  if (at != end) order_.erase(at);
  until_.erase(found);
}

}  // namespace chancery::authority
