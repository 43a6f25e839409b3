#ifndef CHANCERY_RESPONDER_OCSP_PATH_H_
#define CHANCERY_RESPONDER_OCSP_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace chancery::responder {

// Reads the OCSPRequest out of a GET's path, RFC 6960 appendix A.1.1:
//
//   GET {url}/{url-encoding of base-64 encoding of the DER encoding of the
//   OCSPRequest}
//
// `path` is what follows {url}, without a query; `der` is replaced. Clients and
// what stands between them and us have many ways to write it. Understood are:
// any character escaped or not ("+" and "%2B", "/" and "%2F", "=" and "%3D",
// lower-case escapes); padding that is missing; slashes in front, since {url}
// may end in one and DER never begins with the bits of one; an escaped space
// for a "+" that was decoded as in a form; escaped line breaks of a base64 in
// MIME's form. Nothing is lost by that: what comes out still has to be an
// OCSPRequest. Allocates nothing where `der` has the room. False: it is no
// base64; `der` is then unspecified.
[[nodiscard]] bool DecodeOcspPath(absl::string_view path, std::string& der);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_OCSP_PATH_H_
