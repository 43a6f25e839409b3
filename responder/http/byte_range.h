// Requests for a part of a representation, RFC 9110 section 14.
//
//   const ChosenRange range = ChooseRange("bytes=-500", 10'000);
//   // kPart, 9500, 500
#ifndef CHANCERY_RESPONDER_HTTP_BYTE_RANGE_H_
#define CHANCERY_RESPONDER_HTTP_BYTE_RANGE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "responder/http/http_message.h"

namespace chancery::responder {

struct ChosenRange {
  enum class Kind {
    kWhole,          // 200: no Range, or one that is ignored.
    kPart,           // 206
    kUnsatisfiable,  // 416
  };
  Kind kind = Kind::kWhole;
  uint64_t first = 0;  // Of a part.
  uint64_t size = 0;
};

// What the Range field `field` asks for of a representation of `size` octets,
// which is not 0. A set of several ranges, another unit and what is malformed
// are ignored, as section 14.2 allows.
ChosenRange ChooseRange(absl::string_view field, uint64_t size);

// Whether Range counts: the method is GET, and If-Range, if there is one, names
// this very representation (sections 13.1.5 and 14.2). `etag` is strong, with
// its quotes; the representation did not change twice in the second of
// `last_modified`, so that this is a strong validator too.
bool RangeApplies(const HttpRequest& request, absl::string_view etag,
                  absl::Time last_modified);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_BYTE_RANGE_H_
