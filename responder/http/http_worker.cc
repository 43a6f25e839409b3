#include "responder/http/http_worker.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::responder {
namespace {

// Of a connection, before the others get their turn: with 64 kB, 300 clients
// that pipeline kept one that does not waiting for a second.
constexpr size_t kReceiveSize = 16384;
constexpr int kEvents = 256;
// Connections accepted before those that are open get their turn again. To
// refuse one takes less time than a request, and they have waited for long.
constexpr int kAcceptBatch = 256;
constexpr int kRefuseBatch = 4096;
// No kernel's queue is longer than this many batches, unless clients fill it as
// fast as it is emptied.
constexpr int kMaxLastBatches = 256;
constexpr absl::Duration kDrainSweepInterval = absl::Milliseconds(50);
// Of a file, before the other connections get their turn: a fast client of a
// large file would keep them waiting otherwise.
constexpr size_t kFileTurn = 256 << 10;
// Events that are handled together: enough that memory has come by the time
// that the first of them is answered, and few enough to stay in the cache.
constexpr size_t kTogether = 32;
// What events carry in place of a slot.
constexpr uint64_t kListenerEvent = ~uint64_t{0};
constexpr uint64_t kWakeEvent = kListenerEvent - 1;

// For a client that is one too many.
constexpr absl::string_view kComeBackLater =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Retry-After: 5\r\n"
    "Cache-Control: no-store\r\n"
    "Content-Length: 0\r\n"
    "Connection: close\r\n"
    "\r\n";

// A few milliseconds coarse, which timeouts are anyway, and ten times cheaper
// than the exact clock.
Uptime ReadUptime() {
  timespec at;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
  return absl::DurationFromTimespec(at);
}

ssize_t SendBytes(int fd, const HttpOutput& output) {
  // A header goes out in one segment with the file behind it.
  const int more = output.file_size != 0 ? MSG_MORE : 0;
  return send(fd, output.bytes.data(), output.bytes.size(),
              MSG_NOSIGNAL | MSG_DONTWAIT | more);
}

// As send, of `size` octets of the file. Needs SIGPIPE blocked: there is no
// flag for it.
ssize_t SendFile(int fd, const HttpOutput& output, size_t size) {
  off_t offset = static_cast<off_t>(output.file_offset);
  const ssize_t sent = sendfile(fd, output.file, &offset, size);
  if (sent != 0) return sent;
  errno = EIO;  // Somebody has cut the file.
  return -1;
}

absl::Duration SweepInterval(const HttpLimits& limits) {
  const absl::Duration shortest = std::min(
      {limits.request_timeout, limits.idle_timeout, limits.linger_timeout});
  return std::clamp(shortest / 4, absl::Milliseconds(10), absl::Seconds(1));
}

}  // namespace

struct HttpWorker::Peer {
  Peer(Fd f, const ClientKey& c, size_t s, HttpContext& context, Uptime now)
      : fd(std::move(f)), client(c), slot(s), http(context, now) {}
  Fd fd;
  ClientKey client;
  size_t slot;
  uint32_t watched = 0;
  bool half_closed = false;
  HttpConnection http;
};

HttpWorker::HttpWorker(Options options, const base::Clock& clock,
                       HttpHandler& handler, ConnectionQuota& quota)
    : options_(std::move(options)),
      quota_(quota),
      context_{.limits = options_.limits,
               .clock = clock,
               .handler = handler,
               .counters = counters_,
               .dates = {},
               .response = {}},
      sweep_interval_(SweepInterval(options_.limits)),
      buffer_(kReceiveSize, '\0') {
  // One for each event that is handled together, or none at all.
  while (works_.size() < kTogether) {
    auto work = handler.NewWork();
    if (work == nullptr) break;
    works_.push_back(std::move(work));
  }
}

HttpWorker::~HttpWorker() = default;

absl::Status HttpWorker::Start() {
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !wake_.valid()) {
    return absl::InternalError(
        absl::StrCat("cannot make an event loop: ", std::strerror(errno)));
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeEvent;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  Watch(/*listener=*/true);
  return absl::OkStatus();
}

void HttpWorker::Watch(bool listener) {
  if (listener == listener_watched_) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListenerEvent;
  epoll_ctl(epoll_.get(), listener ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
            options_.listener.get(), &event);
  listener_watched_ = listener;
}

void HttpWorker::Stop() {
  stopping_.store(true);
  Wake();
}

std::vector<Fd> HttpWorker::HandOver() {
  handing_over_.store(true);
  Stop();
  return given_up_.get_future().get();
}

void HttpWorker::Adopt(Fd connection) {
  {
    base::MutexLock lock(adopted_mu_);
    adopted_.push_back(std::move(connection));
  }
  Wake();
}

Fd HttpWorker::ShareListener() {
  base::MutexLock lock(listener_mu_);
  return options_.listener.Duplicate();
}

void HttpWorker::AdmitAdopted() {
  std::vector<Fd> adopted;
  {
    base::MutexLock lock(adopted_mu_);
    adopted.swap(adopted_);
  }
  for (Fd& fd : adopted) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    // Fails if the client has gone, which is no longer our business.
    if (getpeername(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) ==
        0) {
      Admit(std::move(fd), ClientKeyOf(address));
    }
  }
}

void HttpWorker::Wake() {
  const uint64_t one = 1;
  // Cannot fail: the counter is far from its end.
  (void)!write(wake_.get(), &one, sizeof one);
}

void HttpWorker::Run() {
  // For sendfile to a client that has gone. It stays pending, unread.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  std::array<epoll_event, kEvents> events;
  now_ = ReadUptime();
  next_sweep_ = now_ + sweep_interval_;
  while (!draining_ || open_ != 0) {
    const bool timed = open_ != 0 || draining_ || !listener_watched_;
    const int wait_ms =
        timed ? static_cast<int>(absl::ToInt64Milliseconds(sweep_interval_))
              : -1;
    const int count = epoll_wait(epoll_.get(), events.data(), kEvents, wait_ms);
    now_ = ReadUptime();
    MeasureLag(/*more_wait=*/count == kEvents);
    const std::span<const epoll_event> ready(
        events.data(), static_cast<size_t>(std::max(count, 0)));
    for (size_t i = 0; i < ready.size(); i += kTogether) {
      HandleTogether(ready.subspan(i, std::min(kTogether, ready.size() - i)));
    }
    if (stopping_.load() && !draining_) BeginDrain();
    if (now_ >= next_sweep_) {
      Sweep();
      next_sweep_ = now_ + sweep_interval_;
    }
  }
}

void HttpWorker::HandleTogether(std::span<const epoll_event> events) {
  std::array<Peer*, kTogether> peers;
  size_t count = 0;
  works_used_ = 0;
  for (const epoll_event& event : events) {
    Peer* const peer = Begin(event);
    if (peer != nullptr) peers[count++] = peer;
  }
  for (int step = 0; step < HttpHandler::kApproaches; ++step) {
    for (size_t i = 0; i < works_used_; ++i) {
      context_.handler.Approach(*works_[i]);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    Peer& peer = *peers[i];
    if (peer.http.begun()) peer.http.Finish(now_);
    Write(peer);
    Follow(peer);
  }
}

HttpWorker::Peer* HttpWorker::Begin(const epoll_event& event) {
  if (event.data.u64 == kListenerEvent) {
    AcceptAll();  // What is left comes with the next event.
    return nullptr;
  }
  if (event.data.u64 == kWakeEvent) {
    uint64_t count;
    (void)!read(wake_.get(), &count, sizeof count);
    AdmitAdopted();
    if (measuring_lag_) {
      overloaded_ = now_ - lag_since_ > options_.limits.max_lag;
      measuring_lag_ = false;
    }
    return nullptr;
  }
  Peer* const peer = peers_[event.data.u64].get();
  if (peer == nullptr) return nullptr;
  // Only after both directions have ended: nobody is left to answer.
  if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) {
    Close(*peer);
    return nullptr;
  }
  if ((event.events & EPOLLIN) != 0 && peer->http.wants_input()) {
    Read(*peer, works_.empty() ? nullptr : works_[works_used_].get());
    if (peer->http.begun()) ++works_used_;
  }
  return peer;
}

bool HttpWorker::AcceptAll() {
  const int batch = overloaded_ ? kRefuseBatch : kAcceptBatch;
  for (int i = 0; i < batch; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Fd fd(accept4(options_.listener.get(),
                  reinterpret_cast<sockaddr*>(&address), &size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      // Out of descriptors or memory: the queue would wake us at once again.
      // The next sweep looks whether things are better.
      if (errno != EAGAIN && errno != EWOULDBLOCK) Watch(/*listener=*/false);
      return true;
    }
    Admit(std::move(fd), ClientKeyOf(address));
  }
  return false;
}

void HttpWorker::Admit(Fd fd, const ClientKey& client) {
  if (overloaded_ && !draining_) {
    return Refuse(fd, HttpCount::kConnectionsShed);
  }
  if (!quota_.Admit(client)) {
    return Refuse(fd, HttpCount::kConnectionsRefused);
  }
  counters_.Add(HttpCount::kConnections);
  size_t slot = peers_.size();
  if (free_slots_.empty()) {
    peers_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  peers_[slot] =
      std::make_unique<Peer>(std::move(fd), client, slot, context_, now_);
  ++open_;
  Follow(*peers_[slot]);
}

// As a courtesy: whether it arrives does not matter. It does if the request was
// there already, since nothing unread is left that would reset the connection.
void HttpWorker::Refuse(const Fd& fd, HttpCount why) {
  counters_.Add(why);
  (void)!recv(fd.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  (void)!send(fd.get(), kComeBackLater.data(), kComeBackLater.size(),
              MSG_NOSIGNAL | MSG_DONTWAIT);
}

void HttpWorker::MeasureLag(bool more_wait) {
  if (!more_wait) {
    overloaded_ = measuring_lag_ = false;
  } else if (!measuring_lag_) {
    measuring_lag_ = true;
    lag_since_ = now_;
    Wake();
  } else if (now_ - lag_since_ > options_.limits.max_lag) {
    overloaded_ = true;
  }
}

void HttpWorker::Read(Peer& peer, HttpWork* work) {
  const ssize_t got =
      recv(peer.fd.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got > 0) {
    const absl::string_view bytes(buffer_.data(), static_cast<size_t>(got));
    if (work == nullptr) return peer.http.Receive(bytes, now_);
    peer.http.Begin(bytes, now_, *work);
  } else if (got == 0) {
    peer.http.ReceiveEnd(now_);
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    peer.http.Abort();
  }
}

void HttpWorker::Write(Peer& peer) {
  while (peer.http.has_output()) {
    const HttpOutput output = peer.http.Output();
    const bool from_file = output.bytes.empty();
    const size_t size = from_file
                            ? std::min<uint64_t>(output.file_size, kFileTurn)
                            : output.bytes.size();
    const ssize_t sent = from_file ? SendFile(peer.fd.get(), output, size)
                                   : SendBytes(peer.fd.get(), output);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) peer.http.Abort();
      return;
    }
    peer.http.Sent(static_cast<size_t>(sent), now_);
    // The kernel's buffer is full, or the others' turn has come: what is left,
    // of a file or of requests that were pipelined behind these responses, goes
    // out when the loop comes round again.
    if (static_cast<size_t>(sent) < size || output.file_size == 0 || from_file)
      return;
  }
}

void HttpWorker::Follow(Peer& peer) {
  if (peer.http.done()) return Close(peer);
  if (peer.http.lingering() && !peer.half_closed) {
    shutdown(peer.fd.get(), SHUT_WR);
    peer.half_closed = true;
  }
  const uint32_t wanted = (peer.http.wants_input() ? uint32_t{EPOLLIN} : 0) |
                          (peer.http.has_output() ? uint32_t{EPOLLOUT} : 0);
  // A connection that waits for nothing is still watched, for EPOLLHUP.
  const bool is_new = peer.watched == 0;
  const uint32_t watch = wanted | uint32_t{EPOLLERR};
  if (watch == peer.watched) return;
  epoll_event event{};
  event.events = watch;
  event.data.u64 = peer.slot;
  if (epoll_ctl(epoll_.get(), is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
                peer.fd.get(), &event) != 0) {
    return Close(peer);
  }
  peer.watched = watch;
}

void HttpWorker::Close(Peer& peer) {
  const size_t slot = peer.slot;
  counters_.Add(HttpCount::kConnectionsClosed);
  quota_.Release(peer.client);
  peers_[slot].reset();
  free_slots_.push_back(slot);
  --open_;
}

// The requests that clients have sent by now are answered, those in the
// kernel's queues too.
void HttpWorker::BeginDrain() {
  // Whoever accepts from the same socket answers what is in its queue.
  const bool handing_over = handing_over_.load();
  for (int i = 0; !handing_over && i < kMaxLastBatches && !AcceptAll(); ++i) {
  }
  // The socket lives on in the other process, so that closing it here does not
  // take it off our events.
  Watch(/*listener=*/false);
  {
    base::MutexLock lock(listener_mu_);
    options_.listener.Close();
  }
  draining_ = true;
  if (handing_over) GiveUpIdle();
  sweep_interval_ = std::min(sweep_interval_, kDrainSweepInterval);
  drain_until_ = now_ + options_.drain_timeout;
  for (const auto& peer : peers_) {
    if (peer == nullptr) continue;
    if (peer->http.wants_input()) Read(*peer, /*work=*/nullptr);
    peer->http.Drain(now_);
  }
  // Not before: a client that sees another's end may send at once.
  for (size_t slot = 0; slot < peers_.size(); ++slot) {
    if (peers_[slot] == nullptr) continue;
    Write(*peers_[slot]);
    Follow(*peers_[slot]);
  }
}

void HttpWorker::GiveUpIdle() {
  std::vector<Fd> idle;
  for (size_t slot = 0; slot < peers_.size(); ++slot) {
    if (peers_[slot] == nullptr || !peers_[slot]->http.idle()) continue;
    Peer& peer = *peers_[slot];
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, peer.fd.get(), nullptr);
    idle.push_back(std::move(peer.fd));
    Close(peer);
  }
  given_up_.set_value(std::move(idle));
}

void HttpWorker::Sweep() {
  if (!draining_) Watch(/*listener=*/true);
  for (size_t slot = 0; slot < peers_.size(); ++slot) {
    if (peers_[slot] == nullptr) continue;
    Peer& peer = *peers_[slot];
    if (draining_ && now_ >= drain_until_) {
      Close(peer);
    } else if (now_ >= peer.http.deadline()) {
      peer.http.Expire(now_);
      Write(peer);
      Follow(peer);
    }
  }
}

}  // namespace chancery::responder
