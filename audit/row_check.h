// The inventory's rows of certificates, compared with the ledger.
#ifndef CHANCERY_AUDIT_ROW_CHECK_H_
#define CHANCERY_AUDIT_ROW_CHECK_H_

#include <cstdint>
#include <vector>

#include "audit/finding.h"
#include "audit/replay.h"
#include "storage/rows.h"

namespace chancery::audit {

// Sees every row of an inventory, in any order, and knows afterwards which are
// not there. `followed` is what the inventory's cursor said before the first
// row was read: each row reflects at least the entries before it.
// Thread-compatible.
class RowCheck {
 public:
  // `replay` must outlive it; it has at least `followed` entries and may grow.
  RowCheck(const Replay& replay, uint64_t followed)
      : replay_(replay), followed_(followed) {}

  // False: the row is of entries that `replay` does not have yet. Show it again
  // once it has more.
  [[nodiscard]] bool See(const storage::CertificateRow& row,
                         Findings& findings);
  // Certificates that should have a row.
  void CheckMissing(Findings& findings) const;

  uint64_t rows() const { return rows_; }

 private:
  void Compare(const storage::CertificateRow& row, CertificateNumber number,
               Findings& findings) const;

  const Replay& replay_;
  const uint64_t followed_;
  uint64_t rows_ = 0;
  std::vector<bool> seen_;
};

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_ROW_CHECK_H_
