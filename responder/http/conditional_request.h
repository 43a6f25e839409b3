#ifndef CHANCERY_RESPONDER_HTTP_CONDITIONAL_REQUEST_H_
#define CHANCERY_RESPONDER_HTTP_CONDITIONAL_REQUEST_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "responder/http/http_message.h"

namespace chancery::responder {

// Whether the client has what it asks for already, so that 304 answers it:
// RFC 9110 sections 13.1.2, 13.1.3 and 13.2.2. `etag` is the representation's,
// with its quotes. An If-None-Match decides alone; a date that is none is as
// good as absent. Only GET and HEAD have preconditions here.
bool NotModified(const HttpRequest& request, absl::string_view etag,
                 absl::Time last_modified);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_CONDITIONAL_REQUEST_H_
