#ifndef CHANCERY_TOOLS_CHANCERY_AUDIT_HTTP_RESPONDER_H_
#define CHANCERY_TOOLS_CHANCERY_AUDIT_HTTP_RESPONDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "audit/sources.h"

namespace chancery::cli {

// A responder as the world sees it. `url` is that of its OCSP; CRLs are at
// "/crl/" of the same server. InvalidArgument: it is no URL.
absl::StatusOr<std::unique_ptr<audit::ResponderSource>> MakeHttpResponder(
    const std::string& url);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AUDIT_HTTP_RESPONDER_H_
