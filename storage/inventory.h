// The inventory: what the online half knows, in SQLite or PostgreSQL.
//
// Interfaces by role; one object implements all. Every call is one transaction
// and is durable when it returns OK. Every call may fail with Unavailable (the
// database does not answer: it was tried again for a while) and DataLoss (a row
// that makes no sense). Thread-safe; several processes may share a database.
#ifndef CHANCERY_STORAGE_INVENTORY_H_
#define CHANCERY_STORAGE_INVENTORY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/crl_pieces.h"
#include "storage/rows.h"

namespace chancery::storage {

class CertificateStore {
 public:
  virtual ~CertificateStore() = default;

  // Adds rows, all or none. Authority and followers may both add one: for a
  // known (issuer, serial) with the same DER, what is missing is filled in, and
  // its status counts as in SetStatus if it is not good. AlreadyExists: other
  // DER.
  virtual absl::Status AddCertificates(
      const std::vector<CertificateRow>& rows) = 0;

  // Forward only: a status with an older ledger index changes nothing.
  // NotFound: no such certificate.
  virtual absl::Status SetStatus(const StatusRow& status) = 0;

  // NotFound.
  virtual absl::StatusOr<CertificateRow> FindCertificate(
      const std::string& issuer_id, const std::string& serial) = 0;
  // In any issuer; more than one if serials repeat among them.
  virtual absl::StatusOr<std::vector<CertificateRow>> FindSerial(
      const std::string& serial) = 0;

  // What this client was given for this request id: a client that asks again
  // gets the same certificate. NotFound.
  virtual absl::StatusOr<CertificateRow> FindByRequest(
      const std::string& requester, const std::string& request_id) = 0;

  // By order of ledger entry, at most 1,000 at a time. A search by `text` reads
  // all that the other conditions leave. InvalidArgument: a token that is not
  // ours.
  virtual absl::StatusOr<CertificatePage> ListCertificates(
      const CertificateFilter& filter, const std::string& page_token,
      size_t limit) = 0;
  // Reads the whole index: for a person, not for each request.
  virtual absl::StatusOr<std::map<CertificateStatus, uint64_t>>
  CountByStatus() = 0;

  // The CRL shards of the issuer in which an entry from `since` on revoked,
  // held or released a certificate, or imported it revoked; the newest such
  // entry of each. Reads the index from there on.
  virtual absl::StatusOr<std::map<uint32_t, uint64_t>> StatusChanges(
      const std::string& issuer_id, uint64_t since) = 0;
};

class BlockStore {
 public:
  virtual ~BlockStore() = default;

  // Keeps a whole block if it is newer than what is held, deltas included, and
  // then drops the deltas; otherwise changes nothing. A lease on it ends.
  virtual absl::Status PutBlock(const BlockRow& block) = 0;
  // OK if it was added or is covered already. FailedPrecondition: it does not
  // lead from what is held: get the block from the signer.
  virtual absl::Status AddDelta(const std::string& block_id,
                                const DeltaRow& delta) = 0;
  // With its deltas. NotFound.
  virtual absl::StatusOr<BlockRow> GetBlock(const std::string& block_id) = 0;
  // Block id -> version with deltas.
  virtual absl::StatusOr<std::map<std::string, uint64_t>> BlockVersions() = 0;
  // Of one block; 0 if there is none.
  virtual absl::StatusOr<uint64_t> BlockVersion(
      const std::string& block_id) = 0;

  // Takes a lease, until `now` + `duration`, on up to `limit` blocks whose
  // refresh_at is at or before `now` and that nobody else has; returns their
  // ids, the first to end first: after an outage, those that are urgent. Two
  // owners never hold one block; an owner that asks
  // again gets its own again, so each process needs a name of its own.
  virtual absl::StatusOr<std::vector<std::string>> LeaseDueBlocks(
      const std::string& owner, absl::Time now, absl::Duration duration,
      size_t limit) = 0;
  virtual absl::Status ReleaseLease(const std::string& block_id,
                                    const std::string& owner) = 0;
  // Those of its leases on these blocks that this owner still has end at
  // `until`.
  virtual absl::Status RenewLeases(const std::string& owner,
                                   const std::vector<std::string>& block_ids,
                                   absl::Time until) = 0;
  // Has each of these blocks be due at its time, unless it is earlier already.
  virtual absl::Status MakeDue(
      const std::map<std::string, absl::Time>& due_at) = 0;
  // The earliest refresh_at; InfiniteFuture if there is none.
  virtual absl::StatusOr<absl::Time> EarliestRefresh() = 0;
  // Of all blocks but those of which all has expired, by next_update; or, with
  // `due_at`, of those that are due then.
  virtual absl::StatusOr<std::vector<BlockTimes>> ListBlockTimes(
      std::optional<absl::Time> due_at) = 0;
  // The earliest of each field, of the same blocks; InfiniteFuture without any.
  virtual absl::StatusOr<BlockTimes> OldestBlockTimes() = 0;
  // Drops the blocks of which all has expired and whose next_update is before
  // `ended`. Returns how many.
  virtual absl::StatusOr<uint64_t> DropEndedBlocks(absl::Time ended) = 0;

  // Templates are immutable: the same id again changes nothing.
  virtual absl::Status PutTemplate(const std::string& id,
                                   const std::string& data) = 0;
  // NotFound.
  virtual absl::StatusOr<std::string> GetTemplate(const std::string& id) = 0;
};

class CrlStore {
 public:
  virtual ~CrlStore() = default;

  // Takes the pieces, then makes it the newest of its scope in one step.
  // FailedPrecondition: one with this number or a greater one is held;
  // whichever of several callers comes last, the greatest number stays.
  // InvalidArgument: the pieces are not `size` bytes. After an error the one
  // held before is.
  virtual absl::Status PutCrl(const CrlRow& crl, CrlPieces pieces) = 0;
  // The newest of each scope.
  virtual absl::StatusOr<std::vector<CrlRow>> ListCrls() = 0;
  // A piece of one that is listed, from 0; nullopt after the last. Aborted: a
  // newer one has taken its place; if by another process, then not at once.
  virtual absl::StatusOr<std::optional<std::string>> GetCrlPart(
      const CrlRow& crl, uint32_t part) = 0;
};

class IssuerStore {
 public:
  virtual ~IssuerStore() = default;
  virtual absl::Status PutIssuer(
      const IssuerRow& issuer) = 0;  // Adds or replaces.
  virtual absl::StatusOr<std::vector<IssuerRow>> ListIssuers() = 0;
};

class LedgerCursor {
 public:
  virtual ~LedgerCursor() = default;
  // The first index of this signer's ledger that was not followed yet; 0 at
  // first.
  virtual absl::StatusOr<uint64_t> NextIndex(const std::string& signer) = 0;
  // Rows and cursor together. A step that another follower has taken already
  // changes nothing. FailedPrecondition: what comes before the step is not in
  // the inventory, which went back (a failover lost it).
  virtual absl::Status ApplyLedgerStep(const LedgerStep& step) = 0;
};

// A copy of each signer's ledger: what ApplyLedgerStep brought of it, but for
// what was dropped at its beginning.
class LedgerFeed {
 public:
  virtual ~LedgerFeed() = default;
  // The index of the first entry that is kept; 0 before there are any.
  virtual absl::StatusOr<uint64_t> FirstEntry(const std::string& signer) = 0;
  // Drops the entries and roots before `size`, all or none. The root of that
  // size stays, so that what follows leads to roots as before. One transaction:
  // go in steps of some thousand entries. NotFound: no root of that size is
  // kept.
  virtual absl::Status DropLedgerBefore(const std::string& signer,
                                        uint64_t size) = 0;
  // The root with the greatest size up to `size`, or the smallest above it. Not
  // all are kept: from one to the next there are at most as many entries as in
  // two steps, or as in 256. NotFound.
  virtual absl::StatusOr<LedgerRootRow> LedgerRootUpTo(
      const std::string& signer, uint64_t size) = 0;
  virtual absl::StatusOr<LedgerRootRow> LedgerRootAfter(
      const std::string& signer, uint64_t size) = 0;
  // Entries from `from` up to, without, `to`. DataLoss: one is not there.
  virtual absl::StatusOr<std::vector<std::string>> ReadLedger(
      const std::string& signer, uint64_t from, uint64_t to) = 0;
};

class HeadStore {
 public:
  virtual ~HeadStore() = default;
  // Keeps it unless one of a later epoch is held, or of the same epoch and the
  // same time or a later one.
  virtual absl::Status PutHead(const std::string& signer,
                               const HeadRow& head) = 0;
  // NotFound: none was put yet.
  virtual absl::StatusOr<HeadRow> GetHead(const std::string& signer) = 0;
};

class Inventory : public CertificateStore,
                  public BlockStore,
                  public CrlStore,
                  public IssuerStore,
                  public LedgerCursor,
                  public LedgerFeed,
                  public HeadStore {};

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_INVENTORY_H_
