// What follows from the ledger's entries: certificates, blocks, CRLs, requests.
//
//   ASSIGN_OR_RETURN(auto view, ledger.Read());
//   ASSIGN_OR_RETURN(auto block, view->state().Block(block_id));
#ifndef CHANCERY_SIGNER_LEDGER_STATE_H_
#define CHANCERY_SIGNER_LEDGER_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/entry.h"
#include "signer/ledger/certificate_state.h"
#include "signer/ledger/kv_store.h"

namespace chancery::signer {

struct BlockState {
  std::string block_id = {};
  std::string issuer_id = {};
  uint32_t lifetime_class = 0;
  bool imported = false;
  uint32_t capacity = 0;
  uint32_t count = 0;  // Members; the next one's place.
  // False once a later block of the issuer, class and kind has been begun.
  bool open = true;
  absl::Time created = {};
  // One more with each new member and each change of a member's status: what a
  // signing compares before and after.
  uint64_t changes = 0;
  // Entries: the last that changed a member; the last that changed any of this.
  uint64_t member_index = 0;
  uint64_t changed_index = 0;
  // Of the newest manifest; version 0: never signed.
  uint64_t version = 0;
  std::string manifest_sha256 = {};
  uint64_t signed_ledger_size = 0;
  absl::Time this_update = absl::UnixEpoch();
  absl::Time refresh_at = absl::UnixEpoch();

  // Whether a member changed after what the newest manifest reflects.
  bool HasUnsignedChanges() const { return member_index >= signed_ledger_size; }
};

struct CrlState {
  ledger::CrlKind kind = ledger::CrlKind::kFull;
  uint64_t number = 0;
  absl::Time this_update = {};
  absl::Time next_update = {};
  uint64_t ledger_size = 0;
  uint64_t revoked_count = 0;
  std::string crl_sha256 = {};
  uint64_t index = 0;  // Of its entry.
};

// What an issuer began with.
struct IssuerState {
  std::string issuer_id = {};
  std::string name = {};
  uint32_t crl_shards = 1;
  uint64_t index = 0;  // Of its entry, which has the certificate.
};

struct RequestState {
  std::string request_hash = {};
  uint64_t index = 0;  // Of the first entry that the request led to.
};

// What a CRL says of a certificate, and when that may leave.
struct RevokedCertificate {
  std::string serial = {};
  uint8_t reason = 0;  // 6: held.
  absl::Time revoked_at = {};
  absl::Time not_after = {};
  uint64_t changed_index = 0;
};

// What to put a certificate in: the open block, or the next that is begun.
struct PlaceRequest {
  std::string issuer_id = {};
  uint32_t lifetime_class = 0;
  bool imported = false;
  uint32_t capacity = 0;  // Of a new block.
  absl::Duration max_age = absl::Hours(24);
};
struct Place {
  std::string block_id = {};
  uint32_t place = 0;
  uint32_t block_capacity = 0;
};

struct StoredBlock {
  uint64_t version = 0;
  std::string bytes = {};
};
struct StoredDelta {
  uint64_t base_version = 0;
  uint64_t version = 0;
  std::string bytes = {};
};

// Reads over one view of the store. Every read can fail with DataLoss (a row
// that does not parse) or Unavailable; NotFound only where it is named. A
// visitor's error ends the iteration and is returned.
// The reader must outlive this object. As thread-safe as the reader.
class State {
 public:
  using CertificateVisitor =
      absl::FunctionRef<absl::Status(const CertificateState&)>;
  using RevokedVisitor =
      absl::FunctionRef<absl::Status(const RevokedCertificate&)>;
  using IssuerVisitor = absl::FunctionRef<absl::Status(const IssuerState&)>;
  using CrlVisitor = absl::FunctionRef<absl::Status(const CrlState&)>;
  using BlockVisitor = absl::FunctionRef<absl::Status(const BlockState&)>;

  explicit State(const KvReader& reader) : reader_(reader) {}

  // The entry at `index`. NotFound: past the end.
  absl::StatusOr<ledger::Entry> EntryAt(uint64_t index) const;

  // NotFound: this ledger never issued or imported it.
  absl::StatusOr<CertificateState> Certificate(absl::string_view issuer_id,
                                               absl::string_view serial) const;
  // Its DER.
  absl::StatusOr<std::string> CertificateDer(
      const CertificateState& certificate) const;

  // NotFound: no such block.
  absl::StatusOr<BlockState> Block(absl::string_view block_id) const;
  // Where the next certificate goes. Changes nothing: append the entry.
  absl::StatusOr<Place> NextPlace(const PlaceRequest& request,
                                  absl::Time now) const;
  // In order of place; an expired member stays.
  absl::Status Members(absl::string_view block_id,
                       CertificateVisitor visit) const;
  // Those that an entry from `since` on changed, once each, in order of place.
  absl::Status ChangedMembers(absl::string_view block_id, uint64_t since,
                              CertificateVisitor visit) const;
  // All, in order of id.
  absl::Status Blocks(BlockVisitor visit) const;
  // Those that an entry from `since` on changed, in that order.
  absl::Status BlocksChangedSince(uint64_t since, BlockVisitor visit) const;
  // The hash of the signed manifest of one version. NotFound.
  absl::StatusOr<std::string> ManifestSha256(absl::string_view block_id,
                                             uint64_t version) const;

  // Revoked and held certificates that belong on the next CRL of the scope, by
  // serial. One leaves when a CRL is recorded, if it was on that CRL and the
  // CRL before was already past its notAfter: so two name it after its end.
  absl::Status RevokedCertificates(absl::string_view issuer_id, uint32_t shard,
                                   RevokedVisitor visit) const;
  // The serials, ascending, of those that were held and are not any more, since
  // an entry that the base of the scope's deltas does not reflect: what a delta
  // takes off that.
  absl::Status RemovedCertificates(
      absl::string_view issuer_id, uint32_t shard,
      absl::FunctionRef<absl::Status(absl::string_view serial)> visit) const;
  // The newest of its kind; nullopt before the first.
  absl::StatusOr<std::optional<CrlState>> Crl(
      absl::string_view issuer_id, uint32_t shard,
      ledger::CrlKind kind = ledger::CrlKind::kFull) const;
  // The newest of either kind: a scope's numbers are one sequence.
  absl::StatusOr<std::optional<CrlState>> NewestCrl(absl::string_view issuer_id,
                                                    uint32_t shard) const;
  // The full CRL that deltas of the scope add to; nullopt before the first. It
  // stays so for half of its validity, whatever full ones are made meanwhile,
  // so that whoever has one of those can use the deltas.
  absl::StatusOr<std::optional<CrlState>> DeltaBase(absl::string_view issuer_id,
                                                    uint32_t shard) const;
  // The newest of each scope and kind, in no order that means anything.
  absl::Status Crls(CrlVisitor visit) const;

  // nullopt: this ledger has no entry for it.
  absl::StatusOr<std::optional<IssuerState>> Issuer(
      absl::string_view issuer_id) const;
  // All that have an entry, in order of id.
  absl::Status Issuers(IssuerVisitor visit) const;

  // What was asked under this id before; nullopt: nothing that left an entry.
  absl::StatusOr<std::optional<RequestState>> Request(
      const ledger::Origin& origin) const;

  // The entry that first revoked a certificate of this key as keyCompromise, by
  // the SHA-256 of its DER SubjectPublicKeyInfo; nullopt: none did. It stays
  // when the certificate has expired, and whoever issued it.
  absl::StatusOr<std::optional<uint64_t>> CompromisedKey(
      absl::string_view spki_sha256) const;

  // Signed bytes of the block: whole, and the deltas that follow it, which lead
  // from its version to the present. NotFound: never stored.
  absl::StatusOr<StoredBlock> BlockBytes(absl::string_view block_id) const;
  absl::StatusOr<std::vector<StoredDelta>> Deltas(
      absl::string_view block_id) const;
  // NotFound.
  absl::StatusOr<std::string> Template(absl::string_view template_id) const;

  // The newest signed head; nullopt before the first.
  absl::StatusOr<std::optional<std::string>> Head() const;

  // Of whoever made the newest entries; 1 before the first epoch entry.
  absl::StatusOr<uint64_t> Epoch() const;
  // The furthest signed statement about this ledger that was shown to this
  // store (standing.h); nullopt: none that was worth keeping.
  absl::StatusOr<std::optional<std::string>> Witness() const;
  // The epoch in which whoever has this store may sign; nullopt: it was never
  // said.
  absl::StatusOr<std::optional<uint64_t>> ActiveEpoch() const;

 private:
  const KvReader& reader_;
};

// issuer_id's first 8 bytes, then the block's number among the issuer's.
std::string MakeBlockId(absl::string_view issuer_id, uint64_t number);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_STATE_H_
