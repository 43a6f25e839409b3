#include "responder/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::responder {
namespace {

constexpr uint64_t kFewestConnections = 64;

}  // namespace

size_t CrlDescriptors(size_t issuers) {
  // Three quarters stay open (CrlFiles), and some is for the next ones.
  constexpr size_t kFewest = 64;
  return std::clamp(3 * issuers, kFewest, kMostCrlDescriptors);
}

uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur
                                                : limit.rlim_cur;
}

absl::StatusOr<size_t> FitConnections(uint32_t configured, size_t otherwise,
                                      size_t issuers, uint64_t limit) {
  const uint64_t reserved = kOwnDescriptors + CrlDescriptors(issuers);
  const uint64_t room = limit > reserved ? limit - reserved : 0;
  const uint64_t wanted = configured != 0 ? configured : kFewestConnections;
  if (room < wanted) {
    return absl::InvalidArgumentError(absl::StrCat(
        "limits.connections: ", configured, ": a process may have ", limit,
        " files open (RLIMIT_NOFILE), and ", reserved,
        " are kept for other than clients; ", reserved + wanted,
        " are needed: raise LimitNOFILE or lower the field"));
  }
  return configured != 0 ? configured : std::min<uint64_t>(otherwise, room);
}

}  // namespace chancery::responder
