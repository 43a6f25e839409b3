#ifndef CHANCERY_RESPONDER_CACHE_TAGS_H_
#define CHANCERY_RESPONDER_CACHE_TAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::responder {

// Tags by which a CDN is told what to drop: Cache-Tag (Cloudflare), Edge-Cache-
// Tag (Akamai), Surrogate-Key (Fastly), xkey (Varnish). An OCSP response has
//
//   ocsp/<issuer>/<serial in hex>   for one certificate that was revoked
//   ocsp/<issuer>                   for all of an issuer's
//
// and a CRL has crl/<issuer>, a shard's crl/<issuer>/<shard> too. The tags
// themselves are block/cache_tag.h's. Immutable; thread-safe.
class CacheTags {
 public:
  // Names of the header fields to send; none for none. InvalidArgument: not a
  // field name (RFC 9110 section 5.1).
  static absl::StatusOr<CacheTags> Create(
      const std::vector<std::string>& fields);

  // Whole header lines, appended.
  void AppendOcsp(absl::string_view issuer, base::Bytes serial,
                  std::string& headers) const;
  // `path` as in block::AppendCrlTag.
  void AppendCrl(absl::string_view path, std::string& headers) const;

 private:
  struct Field {
    std::string start;  // "Name: "
    char separator;
  };
  std::vector<Field> fields_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_TAGS_H_
