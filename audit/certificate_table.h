// Every certificate that the ledger knows, and every status it ever had, in
// some 110 bytes a certificate and 32 a change.
#ifndef CHANCERY_AUDIT_CERTIFICATE_TABLE_H_
#define CHANCERY_AUDIT_CERTIFICATE_TABLE_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "audit/status_rules.h"
#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::audit {

// A certificate's number in its table.
using CertificateNumber = uint32_t;

struct CertificateFacts {
  base::Bytes serial() const { return {serial_bytes.data(), serial_size}; }

  int64_t not_after = 0;  // Seconds since 1970.
  uint64_t issued_index = 0;
  int64_t issued_at = 0;
  crypto::Sha256Digest sha256{};  // Of its DER.
  uint32_t issuer = 0;            // A number of IssuerNumber.
  uint32_t block = 0;             // The caller's number for its block.
  uint32_t place = 0;
  uint32_t crl_shard = 0;
  uint32_t last_change = UINT32_MAX;  // In the table's history.
  uint8_t serial_size = 0;
  std::array<uint8_t, 20> serial_bytes{};
};

// Thread-compatible: readers may share it while nobody adds.
class CertificateTable {
 public:
  CertificateTable();
  CertificateTable(const CertificateTable&) = delete;
  CertificateTable& operator=(const CertificateTable&) = delete;

  // The same issuer id gives the same number.
  uint32_t IssuerNumber(absl::string_view issuer_id);
  const std::string& issuer_id(uint32_t number) const {
    return issuer_ids_[number];
  }

  std::optional<CertificateNumber> Find(absl::string_view issuer_id,
                                        absl::string_view serial) const;
  // Of a serial that the issuer does not have yet, of 1 to 20 octets, which is
  // all that must be right: who breaks it gets nothing.
  CertificateNumber Add(CertificateFacts facts, absl::string_view serial);

  size_t size() const { return certificates_.size(); }
  const CertificateFacts& at(CertificateNumber number) const {
    return certificates_[number];
  }

  // From the entry at `index` on, which is after all before.
  void Change(CertificateNumber number, const CertificateStatus& status,
              uint64_t index);

  CertificateStatus Now(CertificateNumber number) const;
  // As the first `ledger_size` entries have it.
  CertificateStatus At(CertificateNumber number, uint64_t ledger_size) const;
  // The entry that last changed it, of the first `ledger_size`.
  uint64_t ChangedIndex(CertificateNumber number,
                        uint64_t ledger_size = UINT64_MAX) const;
  size_t changes() const { return history_.size(); }
  // Those that were ever revoked, held or released.
  const std::vector<CertificateNumber>& changed() const { return changed_; }

 private:
  struct Step {
    uint64_t index;
    int64_t revoked_at;
    uint32_t before;  // The certificate's change before, or UINT32_MAX.
    Status status;
    uint8_t reason;
  };
  struct Key {
    uint32_t issuer;
    absl::string_view serial;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Key& key) const;
    size_t operator()(CertificateNumber number) const;
    const CertificateTable* table;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(CertificateNumber a, CertificateNumber b) const {
      return a == b;
    }
    bool operator()(CertificateNumber a, const Key& b) const;
    bool operator()(const Key& a, CertificateNumber b) const {
      return (*this)(b, a);
    }
    const CertificateTable* table;
  };
  // Null: good since it was issued.
  const Step* ChangeAt(CertificateNumber number, uint64_t ledger_size) const;
  Key KeyOf(CertificateNumber number) const;

  std::vector<std::string> issuer_ids_;
  absl::flat_hash_map<std::string, uint32_t> issuer_numbers_;
  std::deque<CertificateFacts> certificates_;
  absl::flat_hash_set<CertificateNumber, Hash, Equal> by_serial_;
  std::vector<Step> history_;
  std::vector<CertificateNumber> changed_;
};

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_CERTIFICATE_TABLE_H_
