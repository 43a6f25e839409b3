#include "refresher/system_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"

namespace chancery::refresher {
namespace {

using Addresses = absl::StatusOr<std::vector<std::string>>;

Addresses AskSystem(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
      error != 0) {
    return absl::UnavailableError(
        absl::StrCat("host name \"", host, "\": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found,
                                                                 &freeaddrinfo);
  std::set<std::string> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.insert(text);
    }
  }
  if (addresses.empty()) {
    return absl::UnavailableError(
        absl::StrCat("host name \"", host, "\": has no address"));
  }
  return std::vector<std::string>(addresses.begin(), addresses.end());
}

}  // namespace

// Shared by the caller and the thread that asks: either may end first.
class SystemResolver::Lookup {
 public:
  explicit Lookup(std::string host) : host_(std::move(host)) {}

  const std::string& host() const { return host_; }

  void Run() {
    Addresses answer = AskSystem(host_);
    base::MutexLock lock(mu_);
    answer_ = std::move(answer);
    changed_.NotifyAll();
  }

  std::optional<Addresses> Wait(absl::Duration patience) {
    const auto deadline =
        std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
    base::MutexLock lock(mu_);
    while (!answer_.has_value() && changed_.WaitUntil(mu_, deadline)) {
    }
    return answer_;
  }

 private:
  const std::string host_;
  base::Mutex mu_;
  base::CondVar changed_;
  std::optional<Addresses> answer_ ABSL_GUARDED_BY(mu_);
};

SystemResolver::SystemResolver(absl::Duration patience) : patience_(patience) {}
SystemResolver::~SystemResolver() = default;

Addresses SystemResolver::Resolve(const std::string& host) {
  if (lookup_ == nullptr || lookup_->host() != host) {
    lookup_ = std::make_shared<Lookup>(host);
    std::thread([lookup = lookup_] { lookup->Run(); }).detach();
  }
  std::optional<Addresses> answer = lookup_->Wait(patience_);
  if (!answer.has_value()) {
    return absl::UnavailableError(absl::StrCat(
        "host name \"", host, "\": no answer within ",
        absl::FormatDuration(patience_), "; still waiting for it"));
  }
  lookup_.reset();
  return *std::move(answer);
}

}  // namespace chancery::refresher
