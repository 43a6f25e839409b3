// Which manifest keys may sign for which issuers: what a responder pins.
#ifndef CHANCERY_BLOCK_KEY_SET_H_
#define CHANCERY_BLOCK_KEY_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/manifest.h"
#include "crypto/public_key.h"

namespace chancery::block {

inline constexpr char kKeySetType[] = "key-set";

struct KeySet {
  struct ManifestKey {
    std::string spki = {};  // DER SubjectPublicKeyInfo.
    absl::Time not_before = {};
    absl::Time not_after = {};
    std::vector<IssuerId> issuers = {};  // It signs for these and no others.
  };
  struct Issuer {
    std::string name = {};         // As in URLs: /crl/<name>.crl.
    std::string certificate = {};  // DER.
  };

  uint64_t version = 1;  // Only grows.
  uint64_t epoch = 1;
  std::vector<ManifestKey> keys;
  std::vector<Issuer> issuers;

  std::string Encode() const;
  // InvalidArgument unless Encode made it.
  static absl::StatusOr<KeySet> Parse(base::Bytes encoded);

  // The key with this id, if it may sign for `issuer` at `time`.
  // PermissionDenied otherwise, saying which of the three fails.
  absl::StatusOr<crypto::PublicKey> FindManifestKey(
      const crypto::Sha256Digest& key_id, const IssuerId& issuer,
      absl::Time time) const;
};

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_KEY_SET_H_
