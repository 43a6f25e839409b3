// The keys of a ceremony by name, whoever has them.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_KEY_RING_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_KEY_RING_H_

#include <string>

#include "absl/status/statusor.h"
#include "crypto/signing_key.h"

namespace chancery::cli::ceremony {

// Thread-compatible.
class KeyRing {
 public:
  virtual ~KeyRing() = default;
  // The key pair of that name in the plan; it lives as long as this.
  virtual absl::StatusOr<const crypto::SigningKey*> Get(
      const std::string& name) = 0;
};

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_KEY_RING_H_
