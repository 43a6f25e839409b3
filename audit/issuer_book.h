// What the ledger says of issuers: their names, and into how many shards their
// CRLs are divided, for good (TRUST 7).
#ifndef CHANCERY_AUDIT_ISSUER_BOOK_H_
#define CHANCERY_AUDIT_ISSUER_BOOK_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "audit/finding.h"
#include "ledger/entry.h"

namespace chancery::audit {

// Thread-compatible.
class IssuerBook {
 public:
  void Take(const ledger::IssuerEntry& entry, uint64_t index,
            Findings& findings);
  // A certificate of an issuer is in one of its shards.
  void Take(const ledger::CertificateEntry& made, uint64_t index,
            Findings& findings);

  // Whether an issuer began here whose id begins so.
  bool HasPrefix(const std::string& prefix) const;
  // 1 of an issuer from before there were such entries.
  uint32_t ShardsOf(const std::string& issuer_id) const;

  // A certificate (DER) that was issued into the shard of a divided issuer: it
  // says where its CRL is. Empty: there is none.
  const std::string& SampleOf(const std::string& issuer_id,
                              uint32_t shard) const;

 private:
  struct Known {
    uint32_t shards = 1;
    uint64_t index = 0;
  };
  std::map<std::string, Known> issuers_;
  std::map<std::pair<std::string, uint32_t>, std::string> samples_;
  const std::string none_;
};

// Where a CRL is served, below "/crl/".
std::string CrlFile(const std::string& issuer_name, uint32_t shard,
                    uint32_t shards, bool is_delta = false);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_ISSUER_BOOK_H_
