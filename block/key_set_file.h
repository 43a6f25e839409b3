// A key set as a file that offline roots have signed, and what is pinned of
// them (TRUST 4: k of n).
#ifndef CHANCERY_BLOCK_KEY_SET_FILE_H_
#define CHANCERY_BLOCK_KEY_SET_FILE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "block/key_set.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"

namespace chancery::block {

// The roots, and how many of them have to sign.
struct KeySetRoots {
  std::vector<crypto::PublicKey> keys = {};
  size_t threshold = 1;
};

// PEM: a PUBLIC KEY for each root. Before them, unless there is one root alone,
// the line "Threshold: <number>", which PEM passes over.
std::string EncodeKeySetRoots(const KeySetRoots& roots);
// Also one key in DER. InvalidArgument: no key, one that is there twice, over
// 100, or a threshold that is missing, 0 or above their number.
absl::StatusOr<KeySetRoots> ParseKeySetRoots(absl::string_view text);

// A key set and its signatures:
//
//   u32 length, message | key id, u16 length, signature | key id, ...
//
// With one signature it is, byte for byte, a Signed.
struct KeySetFile {
  struct Signature {
    crypto::Sha256Digest key_id{};  // SHA-256 of the SubjectPublicKeyInfo.
    std::string bytes = {};         // X.509 form.
  };
  std::string message = {};  // KeySet::Encode.
  std::vector<Signature> signatures = {};

  std::string Encode() const;
  // InvalidArgument: malformed, no signature, or two by one key.
  static absl::StatusOr<KeySetFile> Parse(base::Bytes encoded);
};

// Adds `root`'s signature, which is verified before it is. AlreadyExists if it
// is there.
absl::Status AddSignature(const crypto::SigningKey& root, KeySetFile& file);

// How many of the roots have signed. PermissionDenied: a root's signature is
// wrong. Signatures of keys that are no roots say nothing.
absl::StatusOr<size_t> CountSignatures(const KeySetFile& file,
                                       const KeySetRoots& roots);

// The key set, if at least `threshold` of the roots have signed it.
// PermissionDenied: fewer have, or as CountSignatures.
absl::StatusOr<KeySet> OpenKeySet(base::Bytes file, const KeySetRoots& roots);

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_KEY_SET_FILE_H_
