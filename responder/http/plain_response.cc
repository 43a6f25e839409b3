#include "responder/http/plain_response.h"

namespace chancery::responder {

void SetPlainResponse(int status, absl::string_view line,
                      HttpResponse& response) {
  response.status = status;
  response.headers +=
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Cache-Control: no-store\r\n";
  response.body.assign(line.data(), line.size());
  response.body += '\n';
}

}  // namespace chancery::responder
