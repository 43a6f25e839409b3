#ifndef CHANCERY_REFRESHER_RESOLVER_H_
#define CHANCERY_REFRESHER_RESOLVER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace chancery::refresher {

// Asks what addresses a host name has now.
class Resolver {
 public:
  virtual ~Resolver() = default;

  // At least one; numeric, each once. May wait for seconds.
  // Unavailable: the name has none now, or nobody could say.
  virtual absl::StatusOr<std::vector<std::string>> Resolve(
      const std::string& host) = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_RESOLVER_H_
