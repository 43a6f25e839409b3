#include "refresher/served.h"

namespace chancery::refresher {

bool AllServe(const std::vector<ResponderState>& responders, uint64_t size,
              absl::Time since, bool crls) {
  bool any = false;
  for (const ResponderState& responder : responders) {
    if (!responder.head.ready) continue;
    if (responder.head.reflected_size < size) return false;
    if (crls && responder.caught_up_at < since) return false;
    any = true;
  }
  return any;
}

}  // namespace chancery::refresher
