#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "tests/bench/answers.h"
#include "tests/bench/cpu_time.h"

namespace chancery::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kSampleEvery = 509;
constexpr int kPatienceMs = 5000;

double Seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

struct Connection {
  int fd = -1;
  bool waiting = false;  // For an answer.
  uint64_t number = 0;   // What was asked about.
  Serial serial{};
  Clock::time_point due;
  std::string in;
};

class Runner {
 public:
  explicit Runner(const Slice& slice)
      : slice_(slice),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        connections_(static_cast<size_t>(slice.connections)) {}
  ~Runner() {
    for (const Connection& connection : connections_) close(connection.fd);
    close(epoll_);
  }

  Outcome Work() {
    for (Connection& connection : connections_) Connect(connection);
    // The server has all connections before anything is measured.
    for (Connection& connection : connections_) Ask(connection, Clock::now());
    Drain();
    if (outcome_.wrong > 0) return outcome_;
    outcome_.requests = 0;
    latencies_.clear();
    const double cpu = CpuSeconds(slice_.pids);
    const auto start = Clock::now();
    end_ = start + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(slice_.seconds));
    slice_.rate > 0 ? Paced(start) : Saturated();
    outcome_.seconds = Seconds(Clock::now() - start);
    Drain();
    outcome_.cpu_seconds = CpuSeconds(slice_.pids) - cpu;
    Summarise();
    return outcome_;
  }

 private:
  void Connect(Connection& connection) {
    connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(slice_.port));
    if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address),
                sizeof address) != 0) {
      return Fail(std::string("connect: ") + strerror(errno));
    }
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  }

  void Saturated() {
    for (Connection& connection : connections_) Ask(connection, {});
    while (Clock::now() < end_ && outcome_.wrong == 0) {
      if (!Receive(kPatienceMs, true)) Fail("no answer for seconds");
    }
  }

  void Paced(Clock::time_point due) {
    const auto distance = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(1 / slice_.rate));
    size_t at = 0;
    while (due < end_ && outcome_.wrong == 0) {
      for (const auto now = Clock::now(); due <= now;) {
        size_t tries = connections_.size();
        while (tries > 0 && connections_[at].waiting) {
          at = (at + 1) % connections_.size();
          --tries;
        }
        if (tries == 0) break;  // All wait: this one is late, and counts so.
        Ask(connections_[at], due);
        due += distance;
      }
      Receive(0, false);
    }
  }

  void Drain() {
    while (outcome_.wrong == 0 && waiting_ > 0) {
      if (!Receive(kPatienceMs, false)) Fail("no answer for seconds");
    }
  }

  void Ask(Connection& connection, Clock::time_point due) {
    connection.number = slice_.draw->Next();
    connection.serial = SerialOf(connection.number);
    connection.due = due;
    slice_.writer->Write(connection.serial, out_);
    if (send(connection.fd, out_.data(), out_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(out_.size())) {
      return Fail(std::string("send: ") + strerror(errno));
    }
    connection.waiting = true;
    ++waiting_;
  }

  // What epoll_wait returns, without ever sleeping: to wake a sleeper is work
  // of the server's send, which only a server slower than this would have.
  int Poll(epoll_event* events, int max, int timeout_ms) {
    const auto until = Clock::now() + std::chrono::milliseconds(timeout_ms);
    for (;;) {
      const int ready = epoll_wait(epoll_, events, max, 0);
      if (ready != 0 || Clock::now() >= until) return ready;
    }
  }

  bool Receive(int timeout_ms, bool again) {
    epoll_event events[256];
    const int ready = Poll(events, 256, timeout_ms);
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[i].data.ptr);
      char in[65536];
      const ssize_t got = recv(connection.fd, in, sizeof in, 0);
      if (got <= 0) {
        Fail("the server closed a connection");
        return true;
      }
      std::string_view bytes(in, static_cast<size_t>(got));
      if (!connection.in.empty()) bytes = connection.in.append(bytes);
      const auto answer = ParseAnswer(bytes);
      if (!answer) {
        if (connection.in.empty()) connection.in.assign(bytes);
        continue;
      }
      Look(connection, *answer, bytes.size());
      connection.in.clear();
      connection.waiting = false;
      --waiting_;
      if (again && outcome_.wrong == 0) Ask(connection, {});
    }
    return ready > 0;
  }

  void Look(const Connection& connection, const HttpAnswer& answer,
            size_t received) {
    ++outcome_.requests;
    if (received != answer.size) return Fail("octets behind an answer");
    if (slice_.rate > 0) {
      latencies_.push_back(Seconds(Clock::now() - connection.due));
    }
    if (slice_.constant) {
      if (answer.status != 200) {
        Fail("HTTP status " + std::to_string(answer.status));
      }
      return;
    }
    const bool known = slice_.mix != Mix::kUnknown;
    std::string wrong =
        CheckAnswer(answer, connection.serial,
                    {.known = known != (slice_.flip && !known),
                     .revoked = IsRevoked(connection.number) != slice_.flip});
    if (!wrong.empty()) {
      Fail("certificate " + std::to_string(connection.number) + ": " + wrong);
    }
    if (slice_.samples != nullptr && asked_++ % kSampleEvery == 0) {
      const uint64_t number = connection.number;
      const auto size = static_cast<uint32_t>(answer.body.size());
      std::fwrite(&number, sizeof number, 1, slice_.samples);
      std::fwrite(&size, sizeof size, 1, slice_.samples);
      std::fwrite(answer.body.data(), 1, size, slice_.samples);
    }
  }

  void Summarise() {
    if (latencies_.empty()) return;
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      const auto last = static_cast<double>(latencies_.size() - 1);
      return 1e3 * latencies_[static_cast<size_t>(share * last)];
    };
    outcome_.p50_ms = at(0.5);
    outcome_.p99_ms = at(0.99);
    outcome_.max_ms = at(1);
  }

  void Fail(const std::string& why) {
    if (outcome_.wrong++ == 0) outcome_.first_wrong = why;
  }

  const Slice& slice_;
  const int epoll_;
  std::vector<Connection> connections_;
  size_t waiting_ = 0;
  uint64_t asked_ = 0;
  Clock::time_point end_;
  std::string out_;
  std::vector<double> latencies_;
  Outcome outcome_;
};

}  // namespace

Outcome Run(const Slice& slice) { return Runner(slice).Work(); }

}  // namespace chancery::bench
