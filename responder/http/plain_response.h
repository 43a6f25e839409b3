#ifndef CHANCERY_RESPONDER_HTTP_PLAIN_RESPONSE_H_
#define CHANCERY_RESPONDER_HTTP_PLAIN_RESPONSE_H_

#include "absl/strings/string_view.h"
#include "responder/http/http_message.h"

namespace chancery::responder {

// A line of text for people, not to be cached.
void SetPlainResponse(int status, absl::string_view line,
                      HttpResponse& response);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_PLAIN_RESPONSE_H_
