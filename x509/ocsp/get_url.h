// The URLs under which clients ask for a response by GET (RFC 6960 appendix
// A.1, RFC 9919 section 5): what a cache in front of a responder may hold.
#ifndef CHANCERY_X509_OCSP_GET_URL_H_
#define CHANCERY_X509_OCSP_GET_URL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace chancery::x509 {

// `base`, a slash, and the base64 of `request` (DER) in each of the ways that
// clients write it: all but letters and digits escaped (RFC 9919; NSS,
// Windows), only what may not be in a path's segment (Go's url.PathEscape), and
// nothing (Java, and others). Each URL once.
std::vector<std::string> OcspGetUrls(absl::string_view base,
                                     absl::string_view request);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_OCSP_GET_URL_H_
