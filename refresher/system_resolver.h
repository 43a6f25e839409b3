#ifndef CHANCERY_REFRESHER_SYSTEM_RESOLVER_H_
#define CHANCERY_REFRESHER_SYSTEM_RESOLVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "refresher/resolver.h"

namespace chancery::refresher {

// What the system says: /etc/hosts, DNS, whatever nsswitch.conf names. It may
// take minutes to say that nobody answers and cannot be told to stop, so it is
// asked on a thread of its own, which is waited for no longer than `patience`;
// the next call takes what that one found. One caller at a time.
class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(absl::Duration patience = absl::Seconds(3));
  ~SystemResolver() override;

  absl::StatusOr<std::vector<std::string>> Resolve(
      const std::string& host) override;

 private:
  class Lookup;
  const absl::Duration patience_;
  std::shared_ptr<Lookup> lookup_;  // Under way, or null.
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_SYSTEM_RESOLVER_H_
