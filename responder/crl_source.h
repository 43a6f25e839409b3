#ifndef CHANCERY_RESPONDER_CRL_SOURCE_H_
#define CHANCERY_RESPONDER_CRL_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "base/fd.h"
#include "responder/freshness.h"

namespace chancery::responder {

// A file that never changes. Thread-safe.
class CrlFile {
 public:
  virtual ~CrlFile() = default;

  // Null: it is not there any more, as a newer one is, or too many others are
  // open. Reads a folder at most.
  virtual std::shared_ptr<const base::Fd> Open() const = 0;
};

// What is sent of a CRL in one coding.
struct CrlRepresentation {
  std::shared_ptr<const CrlFile> file = {};
  uint64_t size = 0;  // Of the whole file.
  // With its quotes.
  std::string etag = {};
};

// A CRL as it is served; never changes.
struct ServedCrl {
  CrlRepresentation plain = {};  // Its DER.
  CrlRepresentation gzip = {};   // No file: there is none.
  Freshness times = {};
};

// The newest CRL of each issuer. Thread-safe, never blocks.
class CrlSource {
 public:
  virtual ~CrlSource() = default;

  // What is at "/crl/<name>.crl"; `name` is an issuer's, or has a shard's or a
  // delta's below it (cache/crl_scope.h). Null if there is none.
  virtual std::shared_ptr<const ServedCrl> Find(
      absl::string_view name) const = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CRL_SOURCE_H_
