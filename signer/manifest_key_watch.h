#ifndef CHANCERY_SIGNER_MANIFEST_KEY_WATCH_H_
#define CHANCERY_SIGNER_MANIFEST_KEY_WATCH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpc/process.h"
#include "signer/manifest_keys.h"

namespace chancery::signer {

// Which manifest key is to sign by the key set as it is on the disk, which
// operators replace while signers run. Thread-compatible.
class ManifestKeyWatch {
 public:
  // `keys` and `process` must outlive this object.
  ManifestKeyWatch(const ManifestKeys& keys, std::string key_set_file,
                   rpc::Process& process);

  // Errors as ReadKeySet.
  absl::StatusOr<ManifestKeys::Choice> Choose() const;

  // Whether it still is what `choice` says; looks every five seconds. A key set
  // that cannot be read is as before.
  bool Holds(const ManifestKeys::Choice& choice);

 private:
  const ManifestKeys& keys_;
  const std::string key_set_file_;
  rpc::Process& process_;
  absl::Time due_ = absl::InfinitePast();
  bool held_ = true;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_MANIFEST_KEY_WATCH_H_
