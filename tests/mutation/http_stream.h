// What octets say in HTTP/1.x (RFC 9112), read by other code than the
// responder's: where it sees a request that this does not, one of them is
// wrong about where requests end.
#ifndef CHANCERY_TESTS_MUTATION_HTTP_STREAM_H_
#define CHANCERY_TESTS_MUTATION_HTTP_STREAM_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chancery::mutation {

// Names in lower case, in the order that they came.
using HttpFields = std::vector<std::pair<std::string, std::string>>;

// The first field of that name; nullptr if there is none.
const std::string* FindField(const HttpFields& fields, std::string_view name);

struct SeenRequest {
  std::string method;
  std::string target;
  HttpFields fields;
  std::string body;  // Without its transfer coding.
  // All of it came and is in order; else it is the last that is seen.
  bool complete = false;
};

// The requests at the front of `stream`, up to the first that is not one.
std::vector<SeenRequest> ReadRequests(std::string_view stream);

struct SeenResponse {
  int status = 0;
  HttpFields fields;
  std::string body;
};

// Takes a response from the front of `in`; `has_body` is false for the answer
// to a HEAD. False if it is cut off or not one.
bool ReadResponse(std::string_view& in, bool has_body, SeenResponse& response);

// The bytes of an OCSPRequest in the target of a GET (RFC 6960 appendix A.1),
// with all that clients do to it; false if there are none.
bool ReadOcspTarget(std::string_view target, std::string& der);

}  // namespace chancery::mutation

#endif  // CHANCERY_TESTS_MUTATION_HTTP_STREAM_H_
