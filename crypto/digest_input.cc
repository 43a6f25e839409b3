#include "crypto/digest_input.h"

#include "absl/strings/string_view.h"

namespace chancery::crypto {
namespace {

// RFC 8017 section 9.2, note 1: all of DigestInfo but the digest.
constexpr absl::string_view kSha256Prefix(
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04"
    "\x20",
    19);
constexpr absl::string_view kSha384Prefix(
    "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04"
    "\x30",
    19);
constexpr absl::string_view kSha512Prefix(
    "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04"
    "\x40",
    19);

absl::string_view PrefixOf(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kRsaSha256:
      return kSha256Prefix;
    case SignatureAlgorithm::kRsaSha384:
      return kSha384Prefix;
    case SignatureAlgorithm::kRsaSha512:
      return kSha512Prefix;
    default:
      return "";
  }
}

}  // namespace

std::string DigestInput(const MessageDigest& digest) {
  const absl::string_view prefix = PrefixOf(digest.algorithm());
  return std::string(prefix.data(), prefix.size()) +
         base::ToString(digest.bytes());
}

}  // namespace chancery::crypto
