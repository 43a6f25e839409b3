// Where an auditor reads from. Whoever implements these does I/O and nothing
// else: what is read is judged elsewhere.
#ifndef CHANCERY_AUDIT_SOURCES_H_
#define CHANCERY_AUDIT_SOURCES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace chancery::audit {

struct LedgerPage {
  std::vector<std::string> entries =
      {};  // As encoded, from the asked index on.
  // When they were read: of the whole ledger.
  uint64_t ledger_size = 0;
  std::string ledger_root = {};
};

// The signer's ledger, live or from its folder.
class LedgerSource {
 public:
  virtual ~LedgerSource() = default;
  // At least one entry from index `from` on, if there is one. OutOfRange: the
  // ledger has fewer than `from`. Unavailable: it could not be read.
  virtual absl::StatusOr<LedgerPage> Read(uint64_t from) = 0;
};

// What a responder serves to the world.
class ResponderSource {
 public:
  virtual ~ResponderSource() = default;
  // Names it in findings: its URL.
  virtual const std::string& name() const = 0;
  // The body of the answer to each OCSPRequest. Unavailable: it does not
  // answer, or not with 200.
  virtual absl::StatusOr<std::vector<std::string>> AskOcsp(
      const std::vector<std::string>& requests) = 0;
  // The CRL at "/crl/<file>". NotFound: there is none. Unavailable: it does
  // not answer, or not with 200.
  virtual absl::StatusOr<std::string> GetCrl(const std::string& file) = 0;
};

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_SOURCES_H_
