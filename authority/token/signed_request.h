// A request as CFSSL's clients sign it with an HMAC key, in its two shells of
// JSON.
#ifndef CHANCERY_AUTHORITY_TOKEN_SIGNED_REQUEST_H_
#define CHANCERY_AUTHORITY_TOKEN_SIGNED_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::authority {

inline constexpr size_t kMaxSignedRequest = 512 << 10;
inline constexpr size_t kTokenSize = 32;

// The outer shell: what is posted to authsign.
struct SignedRequest {
  std::string token = {};    // HMAC-SHA256 over `request`; nothing else.
  std::string request = {};  // The inner shell's very bytes.
  int64_t timestamp = 0;     // Seconds since 1970. Not signed.
};

// JSON as Go reads it: names in any case, the last of those that are repeated,
// others passed over; bytes in base64. InvalidArgument names the field.
absl::StatusOr<SignedRequest> ParseSignedRequest(absl::string_view json);

// The inner shell: what is asked for.
struct SignRequest {
  std::string csr = {};  // PEM.
  std::string profile = {};
  std::string label = {};
  std::vector<std::string> hosts = {};  // Empty: those of the CSR.
};

// As above. InvalidArgument: malformed, or something that this authority does
// not do: a subject, a serial or a CRL URL of the client's choice.
absl::StatusOr<SignRequest> ParseSignRequest(absl::string_view json);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_TOKEN_SIGNED_REQUEST_H_
