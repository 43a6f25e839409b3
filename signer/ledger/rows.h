// Keys and values of the store (FORMAT.md). Only the ledger's own code uses
// them.
#ifndef CHANCERY_SIGNER_LEDGER_ROWS_H_
#define CHANCERY_SIGNER_LEDGER_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/entry.h"
#include "merkle/tree.h"
#include "signer/ledger/certificate_state.h"
#include "signer/ledger/state.h"

namespace chancery::signer {

// The first byte of a key: what the row is.
enum class Row : char {
  kMarker = 'M',
  kEntry = 'E',
  kCheckpoint = 'C',
  // Derived from the entries alone: replay gives them again.
  kCertificate = 'c',
  kMember = 'm',
  kMemberChange = 'g',
  kBlock = 'b',
  kBlockChange = 'k',
  kOpenBlock = 'o',
  kNextBlock = 'n',
  kManifest = 'h',
  kRevoked = 'r',
  kRevokedEnd = 'x',
  kRemoved = 'z',
  kCrl = 'l',
  kCrlBase = 'y',
  kIssuer = 'i',
  kRequest = 'q',
  kCompromisedKey = 'w',
  kEpoch = 'e',
  // Signed bytes beside the log.
  kBlockBytes = 'p',
  kDelta = 'd',
  kNewestBytes = 'v',  // The version that they lead to.
  kTemplate = 't',
  kHead = 'H',  // The newest.
  // That there is a row for each compromised key, of old entries too.
  kCompromisedKeysKnown = 'K',
  // Of this store alone: no other signer of the same ledger has it.
  kWitness = 'W',  // The furthest statement that was shown.
  kActive = 'A',   // The epoch in which it may sign.
};

bool IsDerived(char row);
// Such a row may be there before the first entry.
bool IsLocal(char row);

// The log's roots of subtrees are kept at every multiple of this size.
inline constexpr uint64_t kCheckpointInterval = 1024;

std::string MarkerKey();
std::string EntryKey(uint64_t index);
std::string CheckpointKey(uint64_t size);
std::string CertificateKey(absl::string_view issuer_id,
                           absl::string_view serial);
std::string MemberKey(absl::string_view block_id, uint32_t place);
std::string MemberChangeKey(absl::string_view block_id, uint64_t index);
std::string BlockKey(absl::string_view block_id);
std::string BlockChangeKey(uint64_t index);
std::string OpenBlockKey(absl::string_view issuer_id, uint32_t lifetime_class,
                         bool imported);
std::string NextBlockKey(absl::string_view issuer_id);
std::string ManifestKey(absl::string_view block_id, uint64_t version);
// Of a scope; with a serial, of one certificate in it.
std::string RevokedKey(absl::string_view issuer_id, uint32_t shard,
                       absl::string_view serial = "");
// Ordered by notAfter: what may leave the CRL comes first.
std::string RevokedEndKey(absl::string_view issuer_id, uint32_t shard,
                          absl::Time not_after, absl::string_view serial = "");
// Of a scope's certificates that are off the CRL though a delta's base may have
// them; with a serial, of one of them.
std::string RemovedKey(absl::string_view issuer_id, uint32_t shard,
                       absl::string_view serial = "");
std::string CrlKey(absl::string_view issuer_id, uint32_t shard,
                   ledger::CrlKind kind);
// The full CRL that deltas of a scope add to.
std::string CrlBaseKey(absl::string_view issuer_id, uint32_t shard);
std::string IssuerKey(absl::string_view issuer_id);
std::string RequestKey(const ledger::Origin& origin);
std::string CompromisedKeyKey(absl::string_view spki_sha256);
std::string CompromisedKeysKnownKey();
std::string BlockBytesKey(absl::string_view block_id);
std::string DeltaKey(absl::string_view block_id, uint64_t version);
std::string NewestBytesKey(absl::string_view block_id);
std::string TemplateKey(absl::string_view template_id);
std::string HeadKey();
std::string EpochKey();
std::string WitnessKey();
std::string ActiveKey();

// The key after all that begin with `prefix`.
// Empty (no end) if there is none: a prefix of nothing but 0xff.
std::string EndOf(std::string prefix);

// How long the log is: written with each group, and what its root is.
struct Marker {
  merkle::Frontier frontier;
  absl::Time last_time = absl::InfinitePast();  // Of an empty log.
};

// Parsing gives DataLoss, naming the kind of row.
std::string EncodeMarker(const Marker& marker);
absl::StatusOr<Marker> ParseMarker(absl::string_view value);
std::string EncodeMember(const CertificateState& state);
absl::StatusOr<CertificateState> ParseMember(absl::string_view value);
std::string EncodeBlock(const BlockState& state);
absl::StatusOr<BlockState> ParseBlock(absl::string_view value);
std::string EncodeCrl(const CrlState& state);
absl::StatusOr<CrlState> ParseCrl(absl::string_view value);
std::string EncodeRequest(const RequestState& state);
absl::StatusOr<RequestState> ParseRequest(absl::string_view value);
// The serial is in the key.
std::string EncodeRevoked(const RevokedCertificate& revoked);
absl::Status ParseRevoked(absl::string_view value, RevokedCertificate& revoked);
std::string EncodeIssuer(const IssuerState& state);
absl::StatusOr<IssuerState> ParseIssuer(absl::string_view value);
// Where a certificate's row is: its block and place.
std::string EncodePlace(absl::string_view block_id, uint32_t place);
absl::Status ParsePlace(absl::string_view value, std::string& block_id,
                        uint32_t& place);
// One number; deltas: the base version, then the bytes.
std::string EncodeNumber(uint64_t number);
absl::StatusOr<uint64_t> ParseNumber(absl::string_view value);
std::string EncodeVersioned(uint64_t version, absl::string_view bytes);
absl::Status ParseVersioned(absl::string_view value, uint64_t& version,
                            std::string& bytes);

absl::Status DamagedRow(absl::string_view kind);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_ROWS_H_
