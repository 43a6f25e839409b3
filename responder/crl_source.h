#ifndef CHANCERY_RESPONDER_CRL_SOURCE_H_
#define CHANCERY_RESPONDER_CRL_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "base/fd.h"
#include "responder/freshness.h"

namespace chancery::responder {

// A CRL as it is served; never changes.
struct ServedCrl {
  std::shared_ptr<const base::Fd> file;  // Its DER and nothing else.
  uint64_t size = 0;
  // With its quotes: the hex SHA-256 of the DER, computed once, when it came.
  std::string etag;
  Freshness times;
};

// The newest CRL of each issuer. Thread-safe, never blocks.
class CrlSource {
 public:
  virtual ~CrlSource() = default;

  // Of the issuer (or shard) that is configured as `name`, as in
  // "/crl/<name>.crl". Null if there is none.
  virtual std::shared_ptr<const ServedCrl> Find(
      absl::string_view name) const = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CRL_SOURCE_H_
