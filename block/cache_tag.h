// Tags by which a CDN is told what to drop: what a responder writes beside an
// answer, and a purge names.
#ifndef CHANCERY_BLOCK_CACHE_TAG_H_
#define CHANCERY_BLOCK_CACHE_TAG_H_

#include <string>

#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::block {

// "ocsp/<issuer>/<serial in hex>": the response for one certificate. What a tag
// cannot hold in an issuer's name is written "_". All append to `out`.
void AppendOcspTag(absl::string_view issuer, base::Bytes serial,
                   std::string& out);
// "ocsp/<issuer>": all responses of an issuer.
void AppendOcspTag(absl::string_view issuer, std::string& out);
// "crl/<path>": `path` is an issuer's name, or has a shard's below it.
void AppendCrlTag(absl::string_view path, std::string& out);

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_CACHE_TAG_H_
