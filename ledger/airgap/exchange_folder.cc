#include "ledger/airgap/exchange_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "google/protobuf/text_format.h"
#include "ledger/airgap/file_error.h"

namespace chancery::airgap {
namespace {

constexpr size_t kCopyBytes = 1 << 20;
constexpr size_t kMaxStateBytes = 64 << 20;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncFolder(const std::string& folder) {
  const base::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0)
    return FromErrno(errno, "sync", folder);
  return absl::OkStatus();
}

absl::Status RenameDurably(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0)
    return FromErrno(errno, "replace", to);
  return SyncFolder(FolderOf(to));
}

absl::Status CopyBytes(const base::Fd& in, const std::string& from,
                       const base::Fd& out, const std::string& to) {
  std::string buffer(kCopyBytes, '\0');
  while (true) {
    const ssize_t got = read(in.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "read", from);
    if (got == 0) return absl::OkStatus();
    for (ssize_t at = 0; at < got;) {
      const ssize_t put =
          write(out.get(), buffer.data() + at, static_cast<size_t>(got - at));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return FromErrno(errno, "write", to);
      at += put;
    }
  }
}

// "" for what is not hex; an empty hash stays empty.
std::string Unhex(const std::string& text) {
  return base::FromHex(text).value_or("");
}

Exchange ToExchange(const v1::State::Exchange& from) {
  return {.number = from.number(),
          .request_sha256 = Unhex(from.request_sha256()),
          .result_sha256 = Unhex(from.result_sha256())};
}

absl::Status CheckState(const v1::State& state) {
  uint64_t number = 0;
  for (const v1::State::Exchange& exchange : state.exchange()) {
    const bool is_last =
        number + 1 == static_cast<uint64_t>(state.exchange_size());
    if (exchange.number() != ++number ||
        Unhex(exchange.request_sha256()).size() != 32 ||
        (exchange.result_sha256().empty()
             ? !is_last
             : Unhex(exchange.result_sha256()).size() != 32)) {
      return absl::DataLossError(
          absl::StrCat("exchange ", number, " is damaged"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::State> ReadState(const std::string& path,
                                    const std::string& channel) {
  v1::State state;
  const auto text = base::ReadFile(path, kMaxStateBytes);
  if (absl::IsNotFound(text.status())) {
    state.set_channel(channel);
    return state;
  }
  RETURN_IF_ERROR(text.status());
  if (!google::protobuf::TextFormat::ParseFromString(*text, &state)) {
    return absl::DataLossError(absl::StrCat(path,
                                            ": not a chancery.airgap.v1."
                                            "State"));
  }
  if (const absl::Status status = CheckState(state); !status.ok()) {
    return absl::DataLossError(absl::StrCat(path, ": ", status.message()));
  }
  if (state.channel() != channel) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": is of channel ", state.channel(), ", not of ", channel));
  }
  return state;
}

}  // namespace

ExchangeFolder::ExchangeFolder(std::string folder, base::Fd lock,
                               std::unique_ptr<v1::State> state)
    : folder_(std::move(folder)),
      lock_(std::move(lock)),
      state_(std::move(state)) {}
ExchangeFolder::ExchangeFolder(ExchangeFolder&&) noexcept = default;
ExchangeFolder& ExchangeFolder::operator=(ExchangeFolder&&) noexcept = default;
ExchangeFolder::~ExchangeFolder() = default;

absl::StatusOr<ExchangeFolder> ExchangeFolder::Open(
    const std::string& folder, const std::string& channel) {
  RETURN_IF_ERROR(base::MakeDirectories(folder));
  const std::string lock_file = folder + "/lock";
  base::Fd lock(open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return FromErrno(errno, "open", lock_file);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(
        absl::StrCat(folder, ": another process is at work here"));
  }
  ASSIGN_OR_RETURN(v1::State state, ReadState(folder + "/state", channel));
  return ExchangeFolder(folder, std::move(lock),
                        std::make_unique<v1::State>(std::move(state)));
}

std::optional<Exchange> ExchangeFolder::Find(uint64_t number) const {
  if (number == 0 || number > static_cast<uint64_t>(state_->exchange_size())) {
    return std::nullopt;
  }
  return ToExchange(state_->exchange(static_cast<int>(number - 1)));
}

std::optional<Exchange> ExchangeFolder::NewestRequest() const {
  return Find(static_cast<uint64_t>(state_->exchange_size()));
}

std::optional<Exchange> ExchangeFolder::NewestResult() const {
  std::optional<Exchange> newest = NewestRequest();
  if (newest.has_value() && newest->result_sha256.empty()) {
    return Find(newest->number - 1);
  }
  return newest;
}

absl::Status ExchangeFolder::Put(const Exchange& exchange) {
  v1::State next = *state_;
  const auto size = static_cast<uint64_t>(next.exchange_size());
  if (exchange.number == 0 || exchange.number > size + 1) {
    return absl::InternalError(
        absl::StrCat("exchange ", exchange.number, " does not follow ", size));
  }
  v1::State::Exchange& row =
      exchange.number > size
          ? *next.add_exchange()
          : *next.mutable_exchange(static_cast<int>(exchange.number - 1));
  row.set_number(exchange.number);
  row.set_request_sha256(base::Hex(base::AsBytes(exchange.request_sha256)));
  row.set_result_sha256(base::Hex(base::AsBytes(exchange.result_sha256)));
  RETURN_IF_ERROR(Save(next));
  *state_ = std::move(next);
  return absl::OkStatus();
}

absl::Status ExchangeFolder::Save(const v1::State& state) const {
  std::string text;
  google::protobuf::TextFormat::PrintToString(state, &text);
  return base::WriteFileAtomically(folder_ + "/state", base::AsBytes(text),
                                   0600);
}

std::string ExchangeFolder::RequestFile(uint64_t number) const {
  return absl::StrCat(folder_, "/request-", number);
}

std::string ExchangeFolder::ResultFile(uint64_t number) const {
  return absl::StrCat(folder_, "/result-", number);
}

std::string ExchangeFolder::DraftFile() const { return folder_ + "/draft"; }

absl::Status ExchangeFolder::KeepDraft(const std::string& path) const {
  return RenameDurably(DraftFile(), path);
}

void ExchangeFolder::DropDraft() const { unlink(DraftFile().c_str()); }

absl::Status CopyFile(const std::string& from, const std::string& to) {
  const base::Fd in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.valid()) return FromErrno(errno, "open", from);
  const std::string part = to + ".part";
  absl::Status done;
  {
    const base::Fd out(
        open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!out.valid()) return FromErrno(errno, "create", part);
    done = CopyBytes(in, from, out, to);
    if (done.ok() && fsync(out.get()) != 0)
      done = FromErrno(errno, "write", to);
  }
  // The commit point: before the rename a crash leaves what was there.
  if (done.ok()) done = RenameDurably(part, to);
  if (!done.ok()) unlink(part.c_str());
  return done;
}

}  // namespace chancery::airgap
