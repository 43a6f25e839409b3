// Every CRL that the ledger says was signed: numbers and times grow.
#ifndef CHANCERY_AUDIT_CRL_BOOK_H_
#define CHANCERY_AUDIT_CRL_BOOK_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "audit/certificate_table.h"
#include "audit/finding.h"
#include "ledger/entry.h"

namespace chancery::audit {

struct CrlRef {
  ledger::CrlKind kind = ledger::CrlKind::kFull;
  uint64_t number = 0;
  uint64_t index = 0;        // Its entry.
  uint64_t ledger_size = 0;  // Every entry before is reflected.
  int64_t this_update = 0;
  int64_t next_update = 0;
  uint64_t revoked_count = 0;
  std::string sha256 = {};
};

// A certificate's number of issuer, and a shard.
using CrlScope = std::pair<uint32_t, uint32_t>;

struct AuditedCrls {
  std::vector<CrlRef> crls = {};  // Numbers ascend.

  // Null: the ledger knows none with this number.
  const CrlRef* Find(uint64_t number) const;
  // The newest CRL of a kind before `number`; null if there is none.
  const CrlRef* Before(uint64_t number, ledger::CrlKind kind) const;
  const CrlRef* newest(ledger::CrlKind kind) const {
    return Before(UINT64_MAX, kind);
  }

  // Changes that no full CRL reflects.
  struct Pending {
    CertificateNumber certificate;
    uint64_t index;
    absl::Time at;
  };
  std::vector<Pending> pending = {};
};

// Thread-compatible.
class CrlBook {
 public:
  explicit CrlBook(const CertificateTable& certificates)
      : certificates_(certificates) {}

  // A certificate was revoked, held or released.
  void Change(CertificateNumber certificate, uint64_t index, absl::Time at);
  void Take(const ledger::CrlEntry& entry, uint32_t issuer, uint64_t index,
            absl::Time time, Findings& findings);

  const std::map<CrlScope, AuditedCrls>& scopes() const { return scopes_; }
  // Null: the ledger knows no CRL and no revocation of it.
  const AuditedCrls* Find(const CrlScope& scope) const;

  // Revocations older than `before` that no CRL states.
  void CheckStated(absl::Time before, Findings& findings) const;

 private:
  const CertificateTable& certificates_;
  std::map<CrlScope, AuditedCrls> scopes_;
};

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_CRL_BOOK_H_
