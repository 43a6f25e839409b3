#include "responder/handover.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::responder {
namespace {

using base::Fd;

// Longer than a process takes to stop its services, or to drain.
constexpr time_t kPatienceSeconds = 60;

// Messages, each one octet of a SOCK_SEQPACKET with descriptors beside it.
constexpr char kSockets = 'S';      // Old: what listens.
constexpr char kServing = 'T';      // New: it answers.
constexpr char kConnections = 'C';  // Old: given up. Many of these.

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(absl::StrCat("handover_socket ", path, ": ",
                                             what, ": ", std::strerror(errno)));
}

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  static_assert(kMaxHandoverPath == sizeof address.sun_path - 1);
  if (path.size() > kMaxHandoverPath) {
    return absl::InvalidArgumentError(absl::StrCat(
        "handover_socket ", path, ": at most ", kMaxHandoverPath, " bytes"));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

bool IsOurs(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == geteuid();
}

bool Send(int connection, char type, std::span<const Fd> fds) {
  iovec data{.iov_base = &type, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxHandedOver * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    char* at = reinterpret_cast<char*>(CMSG_DATA(header));
    for (const Fd& fd : fds) {
      const int number = fd.get();
      std::memcpy(at, &number, sizeof number);
      at += sizeof number;
    }
  }
  ssize_t sent;
  do {
    sent = sendmsg(connection, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == 1;
}

struct Message {
  char type = 0;  // 0: the other end is closed.
  std::vector<Fd> fds;
};

Message Receive(int connection) {
  Message received;
  iovec data{.iov_base = &received.type, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxHandedOver * sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do {
    got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return {};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const char* at = reinterpret_cast<const char*>(CMSG_DATA(header));
    for (size_t i = 0; i < count; ++i, at += sizeof(int)) {
      int number;
      std::memcpy(&number, at, sizeof number);
      received.fds.emplace_back(number);
    }
  }
  return received;
}

}  // namespace

absl::StatusOr<std::optional<Predecessor>> Predecessor::Find(
    const std::string& path) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  Fd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Failed("socket", path);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) {
      return std::optional<Predecessor>();
    }
    return Failed("connect", path);
  }
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (!IsOurs(fd.get())) {
    return absl::PermissionDeniedError(absl::StrCat(
        "handover_socket ", path, ": a process of another user listens there"));
  }
  return std::optional<Predecessor>(Predecessor(std::move(fd)));
}

absl::StatusOr<std::vector<Fd>> Predecessor::TakeSockets() {
  Message message = Receive(connection_.get());
  if (message.type != kSockets || message.fds.empty()) {
    return absl::UnavailableError(
        "handover: the process that serves passed no listening sockets; see "
        "its log");
  }
  return std::move(message.fds);
}

absl::Status Predecessor::TakeOver(absl::FunctionRef<void(Fd)> adopt) {
  if (!Send(connection_.get(), kServing, {})) {
    return absl::UnavailableError(
        "handover: the process that served went away before its time");
  }
  for (;;) {
    Message message = Receive(connection_.get());
    if (message.type != kConnections) return absl::OkStatus();
    for (Fd& fd : message.fds) adopt(std::move(fd));
  }
}

struct SuccessorListener::State {
  State(Steps s, const rpc::Log& l) : steps(std::move(s)), log(l) {}

  // False: it is time to stop.
  bool WaitFor(int fd) const {
    pollfd both[] = {{.fd = fd, .events = POLLIN, .revents = 0},
                     {.fd = stop.get(), .events = POLLIN, .revents = 0}};
    while (poll(both, 2, -1) < 0 && errno == EINTR) {
    }
    return both[1].revents == 0;
  }

  void Run() {
    while (WaitFor(listener.get())) {
      Fd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!accepted.valid() || !IsOurs(accepted.get())) continue;
      if (Serve(std::move(accepted))) return;
    }
  }

  // True once the successor has taken over.
  bool Serve(Fd accepted) {
    log.Info("handover_asked", {});
    const auto sockets = steps.release();
    if (!sockets.ok()) {
      log.Error("handover_refused", {{"why", sockets.status()}});
      steps.resume();
      return false;
    }
    const bool sent = Send(accepted.get(), kSockets, *sockets);
    if (sent && !WaitFor(accepted.get())) return false;
    if (!sent || Receive(accepted.get()).type != kServing) {
      log.Error("handover_failed", {{"why", "the successor went away"}});
      steps.resume();
      return false;
    }
    // The successor's own takes its place.
    listener.Close();
    successor = std::move(accepted);
    const std::vector<Fd> idle = steps.hand_over();
    for (size_t i = 0; i < idle.size(); i += kMaxHandedOver) {
      const size_t count = std::min(kMaxHandedOver, idle.size() - i);
      if (!Send(successor.get(), kConnections,
                std::span(idle).subspan(i, count))) {
        break;  // It has died since; its clients connect again.
      }
    }
    log.Info("handed_over", {{"connections", idle.size()}});
    return true;
  }

  const Steps steps;
  const rpc::Log& log;
  Fd listener;
  Fd stop;
  Fd successor;  // Open until this process answers nobody.
  std::thread thread;
};

absl::StatusOr<std::unique_ptr<SuccessorListener>> SuccessorListener::Start(
    const std::string& path, Steps steps, const rpc::Log& log) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  auto state = std::make_unique<State>(std::move(steps), log);
  state->stop = Fd(eventfd(0, EFD_CLOEXEC));
  state->listener = Fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!state->stop.valid() || !state->listener.valid()) {
    return Failed("socket", path);
  }
  // Find has said that nobody listens: what is there was left behind.
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0 && !S_ISSOCK(found.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "handover_socket ", path, ": there is something else than a socket"));
  }
  unlink(path.c_str());
  if (bind(state->listener.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof address) != 0 ||
      chmod(path.c_str(), 0600) != 0 || listen(state->listener.get(), 1) != 0) {
    return Failed("cannot listen", path);
  }
  State& running = *state;
  state->thread = std::thread([&running] { running.Run(); });
  return std::unique_ptr<SuccessorListener>(
      new SuccessorListener(std::move(state)));
}

SuccessorListener::SuccessorListener(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

SuccessorListener::~SuccessorListener() {
  const uint64_t one = 1;
  (void)!write(state_->stop.get(), &one, sizeof one);
  state_->thread.join();
}

}  // namespace chancery::responder
