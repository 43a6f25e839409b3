// Keys that are known to be somebody else's, by lists of their hashes.
#ifndef CHANCERY_POLICY_BLOCKED_KEYS_H_
#define CHANCERY_POLICY_BLOCKED_KEYS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"

namespace chancery::policy {

// Add the lists, then Seal; immutable and thread-safe afterwards. 10 or 32
// bytes of memory for each key.
class BlockedKeys {
 public:
  BlockedKeys() = default;

  // A line for each key; empty lines and those that begin with # do not count:
  //   64 hexadecimal digits: SHA-256 of the DER SubjectPublicKeyInfo.
  //   20: an RSA key as Debian's openssl-blacklist has it, the last 10 bytes of
  //     SHA-1 over "Modulus=", its upper-case hexadecimal digits and a newline.
  // `name` is what errors call the list; refusals, which others read, say only
  // what follows its last slash. InvalidArgument names the list and the line;
  // nothing was added then.
  absl::Status Add(const std::string& name, absl::string_view text);
  void Seal();

  size_t size() const { return spkis_.size() + moduli_.size(); }

  // InvalidArgument names the key's SHA-256 and the list.
  absl::Status Check(const crypto::PublicKey& key) const;

 private:
  using ShortHash = std::array<uint8_t, 10>;
  template <typename Hash>
  struct Entry {
    Hash hash;
    uint16_t list;  // In names_.
    bool operator<(const Entry& other) const { return hash < other.hash; }
  };
  template <typename Hash>
  const std::string* Find(const std::vector<Entry<Hash>>& entries,
                          const Hash& hash) const;

  std::vector<std::string> names_;
  std::vector<Entry<crypto::Sha256Digest>> spkis_;  // Sorted once sealed.
  std::vector<Entry<ShortHash>> moduli_;
};

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_BLOCKED_KEYS_H_
