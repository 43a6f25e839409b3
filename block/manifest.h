// What the signer says of one version of a block, and its signature.
#ifndef CHANCERY_BLOCK_MANIFEST_H_
#define CHANCERY_BLOCK_MANIFEST_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "block/template.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "merkle/tree.h"

namespace chancery::block {

// issuer_id's first 8 bytes, then the block's number among the issuer's.
using BlockId = std::array<uint8_t, 16>;
using IssuerId = crypto::Sha256Digest;

// Of 16 bytes, as they stand on the wire; nullopt: there are more or fewer.
std::optional<BlockId> ToBlockId(absl::string_view bytes);

inline constexpr uint32_t kMaxCapacity = 1 << 16;
inline constexpr size_t kMaxTemplates = 2;

// Commits to every record of one version of a block (TRUST 4).
struct Manifest {
  BlockId block_id{};
  IssuerId issuer_id{};
  uint64_t version = 0;
  uint64_t base_version = 0;  // Of a delta; 0: every record was signed.
  uint32_t capacity = 0;      // Places: a power of two.
  uint32_t count = 0;         // Places that have been given out.
  merkle::Hash record_root{};
  merkle::Hash status_root{};
  std::vector<TemplateId> templates = {};  // One for each response of a record.
  // Of the records that do not have their own. Whole seconds.
  absl::Time this_update = {};
  absl::Time next_update = {};
  absl::Time refresh_at = {};   // Sign again by then.
  absl::Time produced_at = {};  // When this manifest was made.
  uint64_t ledger_size = 0;     // Every entry before this index is reflected.
  merkle::Hash previous{};      // Hash of the manifest before; zeros for none.
  uint64_t epoch = 1;           // Of the signer that made it.

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string EncodeManifest(const Manifest& manifest);
// InvalidArgument unless EncodeManifest made it and its fields make sense.
absl::StatusOr<Manifest> ParseManifest(base::Bytes encoded);

// Domain separation: "chancery/<type>/v1", a zero octet, the message.
std::string SignedMessage(absl::string_view type, base::Bytes message);

// A message of ours with its signature.
struct Signed {
  std::string message = {};
  crypto::Sha256Digest key_id{};  // SHA-256 of the SubjectPublicKeyInfo.
  std::string signature = {};     // X.509 form.

  std::string Encode() const;
  static absl::StatusOr<Signed> Parse(base::Bytes encoded);
  // SHA-256 of message and signature: what a later manifest calls `previous`.
  merkle::Hash Hash() const;
};

crypto::Sha256Digest KeyIdOf(const crypto::PublicKey& key);

// Signs and verifies before it returns: a wrong manifest never leaves.
absl::StatusOr<Signed> Sign(absl::string_view type, std::string message,
                            const crypto::SigningKey& key);
absl::Status Verify(absl::string_view type, const Signed& signed_message,
                    const crypto::PublicKey& key);

inline constexpr char kManifestType[] = "manifest";

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_MANIFEST_H_
