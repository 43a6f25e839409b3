// Which of the configured manifest keys signs now (TRUST 4, rotation).
#ifndef CHANCERY_SIGNER_MANIFEST_KEYS_H_
#define CHANCERY_SIGNER_MANIFEST_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/key_set.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"

namespace chancery::signer {

// The present one and, while a rotation goes on, the next. The key set says
// from when on the next one signs: by then all responders have that key set, or
// the heads, which name its version, have told that they lack it. Immutable;
// thread-safe.
class ManifestKeys {
 public:
  // After a key's not_before, so that responders whose clocks are a little
  // behind take what it signs.
  static constexpr absl::Duration kClockLag = absl::Minutes(5);

  struct Choice {
    size_t number = 0;  // Among the keys.
    uint64_t key_set_version = 0;

    friend bool operator==(const Choice&, const Choice&) = default;
  };

  // At least one key, the present one first.
  explicit ManifestKeys(
      std::vector<std::shared_ptr<const crypto::SigningKey>> keys)
      : keys_(std::move(keys)) {}

  const crypto::SigningKey& at(size_t number) const { return *keys_[number]; }

  // Of those that the set lets sign at `now`, the one that began last; if it
  // lets none of them, the first, which responders will refuse.
  Choice ChooseAt(absl::Time now, const block::KeySet& set) const;

  // These, and all in the set: what others hold may be signed by any.
  // InvalidArgument: one in the set is not a key.
  absl::StatusOr<std::vector<crypto::PublicKey>> AllWith(
      const block::KeySet& set) const;

 private:
  const std::vector<std::shared_ptr<const crypto::SigningKey>> keys_;
};

// Whether it is signed as it should be is for those to see who trust in it.
// Without a file: version 0 without keys. Errors name the file.
absl::StatusOr<block::KeySet> ReadKeySet(const std::string& file);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_MANIFEST_KEYS_H_
