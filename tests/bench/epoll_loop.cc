// The bare loop that the responder is measured against: what this machine can
// do at best with one read, one write and epoll. It understands of HTTP only
// where a request without a body ends, and sends the same bytes each time.
//
//   epoll_loop RESPONSE_FILE
//
// Prints its port, and serves until it is killed.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

constexpr int kEvents = 256;

void Require(bool held, const char* what) {
  if (held) return;
  std::perror(what);
  std::exit(1);
}

void Watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  Require(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

int Listen() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  Require(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
              listen(listener, 1024) == 0 &&
              getsockname(listener, reinterpret_cast<sockaddr*>(&address),
                          &size) == 0,
          "listen");
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

void Accept(int epoll, int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Watch(epoll, fd);
}

// How many requests end in `bytes`. A client that splits one inside its last
// four octets is not answered: ours never does.
size_t Ends(std::string_view bytes) {
  size_t count = 0;
  for (size_t at = bytes.find("\r\n\r\n"); at != std::string_view::npos;
       at = bytes.find("\r\n\r\n", at + 4)) {
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  Require(argc == 2, "usage: epoll_loop RESPONSE_FILE");
  std::ifstream file(argv[1], std::ios::binary);
  const std::string response{std::istreambuf_iterator<char>(file), {}};
  Require(!response.empty(), argv[1]);
  const int listener = Listen();
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  Watch(epoll, listener);
  epoll_event events[kEvents];
  char in[16384];
  for (;;) {
    const int ready = epoll_wait(epoll, events, kEvents, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        Accept(epoll, listener);
        continue;
      }
      const ssize_t got = recv(fd, in, sizeof in, 0);
      if (got <= 0) {
        close(fd);
        continue;
      }
      for (size_t n = Ends({in, static_cast<size_t>(got)}); n > 0; --n) {
        (void)!send(fd, response.data(), response.size(), MSG_NOSIGNAL);
      }
    }
  }
}
