// The profiles of a configuration: its own, and those of CFSSL's file.
#ifndef CHANCERY_SIGNER_PROFILES_H_
#define CHANCERY_SIGNER_PROFILES_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "policy/blocked_keys.h"
#include "policy/profile.h"

namespace chancery::config {
class Issuer;
class Signer;
}  // namespace chancery::config

namespace chancery::signer {

struct Profiles {
  std::map<std::string, policy::Profile> by_name = {};
  // What of CFSSL's file has no effect here, or may surprise.
  std::vector<std::string> notes = {};
};

// InvalidArgument names the field, its value and the rule; for CFSSL's file,
// its path too. NotFound and the like: that file could not be read.
absl::StatusOr<Profiles> LoadProfiles(const config::Signer& config);

// Whether `issuer` and one of its profiles agree: where OCSP and CRLs are is
// said once, and what policy `br` allows. `field` is what names begin with.
absl::Status CheckProfileOf(const config::Issuer& issuer,
                            const policy::Profile& profile,
                            const std::string& field);

// The lists of `blocked_key_file`; null if there are none. InvalidArgument
// names the file and the line.
absl::StatusOr<std::shared_ptr<const policy::BlockedKeys>> LoadBlockedKeys(
    const config::Signer& config);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_PROFILES_H_
