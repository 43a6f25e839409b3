// Which names an identity may have certificates for.
//
//   NameLimits limits;
//   RETURN_IF_ERROR(limits.Allow(NameLimits::Kind::kDns, ".example.com"));
//   RETURN_IF_ERROR(limits.Check(csr.alt_names));
#ifndef CHANCERY_RPC_NAME_LIMITS_H_
#define CHANCERY_RPC_NAME_LIMITS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "x509/certificate/names.h"

namespace chancery::rpc {

// A list of patterns; a name that none of its kind allows is refused. Hosts are
// compared without case, everything else byte for byte. Whether a name is
// well-formed is for the profile to say. Immutable once filled; then
// thread-safe.
class NameLimits {
 public:
  using Kind = x509::AltNameKind;

  // DNS: "www.example.com", that name; "*.example.com", one label in place of
  // the star and the wildcard itself; ".example.com", everything below it.
  // Email: "ada@example.com"; "example.com", every address there;
  // ".example.com", those at every host below. IP: "192.0.2.0/24" (RFC 4632),
  // or an address. URI: "spiffe://example/web/", everything that begins so; one
  // without a slash at its end, that URI.
  // InvalidArgument: the rule that `pattern` breaks.
  absl::Status Allow(Kind kind, absl::string_view pattern);

  // PermissionDenied names the first name that is not allowed, and says so if
  // there is none at all.
  absl::Status Check(const std::vector<x509::AltName>& names) const;

 private:
  struct Network {
    std::string address;  // 4 or 16 bytes.
    int bits = 0;
  };
  bool Allows(const x509::AltName& name) const;
  bool AllowsUri(absl::string_view uri) const;

  std::vector<std::string> dns_, email_, uri_;  // Hosts in lower case.
  std::vector<Network> ip_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_NAME_LIMITS_H_
