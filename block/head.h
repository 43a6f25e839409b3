// What the signer says of everything at once, so that nobody can keep back what
// is new: how far its ledger is, and which version each block has (TRUST 3, 4).
#ifndef CHANCERY_BLOCK_HEAD_H_
#define CHANCERY_BLOCK_HEAD_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "block/key_set.h"
#include "block/manifest.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "merkle/tree.h"

namespace chancery::block {

inline constexpr char kHeadType[] = "head";
// Of a signer without a network. A type of its own: nobody who follows a
// running signer takes one for that signer's.
inline constexpr char kOfflineHeadType[] = "offline-head";

// The version that each block has which holds a response that lives.
// Ascending by id.
struct Index {
  std::vector<std::pair<BlockId, uint64_t>> versions = {};

  std::string Encode() const;
  // InvalidArgument unless Encode made it.
  static absl::StatusOr<Index> Parse(base::Bytes encoded);

  // 0: it does not name the block.
  uint64_t VersionOf(const BlockId& id) const;
};

struct Head {
  absl::Time time = {};  // Microseconds; that of each later head is later.
  // The ledger's RFC 6962 tree at that time.
  uint64_t ledger_size = 0;
  merkle::Hash ledger_root{};
  // Every entry before this index is reflected in the versions of the index.
  // Less than ledger_size while a change waits for its signature.
  uint64_t reflected_size = 0;
  merkle::Hash index_hash{};     // SHA-256 of the encoded index.
  uint64_t key_set_version = 0;  // The newest that the signer knows; 0: none.
  uint64_t epoch = 1;            // Of the active signer.

  std::string Encode() const;
  // InvalidArgument unless Encode made it and its fields make sense.
  static absl::StatusOr<Head> Parse(base::Bytes encoded);

  friend bool operator==(const Head&, const Head&) = default;
};

// As it travels and is kept: an encoded Signed message of type "head", and the
// index that it names.
struct SignedHead {
  std::string head = {};
  std::string index = {};
};

// `head` with the hash of `index`, signed. Errors as SigningKey::Sign.
absl::StatusOr<SignedHead> SignHead(Head head, const Index& index,
                                    const crypto::SigningKey& manifest_key,
                                    absl::string_view type = kHeadType);

struct OpenedHead {
  Head head;
  Index index;
  crypto::Sha256Digest key_id{};  // Who signed it; for these issuers.
  std::vector<IssuerId> issuers;
};

// A head that a key of `keys` signed which may sign at the head's time, with an
// index of blocks of issuers that the set has keys for: beside that key's own
// those of offline signers (TRUST 10). Whether it is new is not looked at.
// InvalidArgument: malformed, or the index is another one. PermissionDenied:
// the key, an issuer, or the signature.
absl::StatusOr<OpenedHead> OpenHead(const SignedHead& signed_head,
                                    const KeySet& keys);

// As OpenHead, of a signer without a network: of type kOfflineHeadType, with
// blocks of its key's issuers and no others.
absl::StatusOr<OpenedHead> OpenOfflineHead(const SignedHead& signed_head,
                                           const KeySet& keys);

// Whether a head that was opened under another key set would be under `keys`.
// PermissionDenied: its key is not there, or may not sign at the head's time.
absl::Status CheckKey(const OpenedHead& opened, const KeySet& keys);

// What the signed head says; nothing is verified.
absl::StatusOr<Head> HeadOf(base::Bytes signed_head);

// What the signer says of its ledger alone, for those who keep a copy of the
// entries: a head without an index, and of a type of its own, so that nobody
// takes it for one. Only time, ledger and epoch of `facts` mean anything.
inline constexpr char kLedgerRootType[] = "ledger-root";
absl::StatusOr<std::string> SignLedgerRoot(Head facts,
                                           const crypto::SigningKey& key);

// A head, or a ledger root, that one of `keys` signed: whether the key may sign
// for others to believe is not asked, only whether whoever has it did sign.
// InvalidArgument: malformed. PermissionDenied: another key, or the signature.
absl::StatusOr<Head> OpenStatement(absl::string_view type,
                                   base::Bytes statement,
                                   const std::vector<crypto::PublicKey>& keys);

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_HEAD_H_
