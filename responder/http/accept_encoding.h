#ifndef CHANCERY_RESPONDER_HTTP_ACCEPT_ENCODING_H_
#define CHANCERY_RESPONDER_HTTP_ACCEPT_ENCODING_H_

#include "absl/strings/string_view.h"

namespace chancery::responder {

// Whether a client whose Accept-Encoding is `field` is to get gzip where there
// is a choice (RFC 9110 section 12.5.3): it accepts gzip and does not like the
// identity better. An absent field accepts everything, but such clients are
// simple: false. An element that is malformed is as good as absent.
bool PrefersGzip(absl::string_view field);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_ACCEPT_ENCODING_H_
