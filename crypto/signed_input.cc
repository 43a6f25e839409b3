#include "crypto/signed_input.h"

#include <algorithm>

#include "crypto/digest.h"

namespace chancery::crypto {
namespace {

// RFC 8017 section 9.2, note 1: all of DigestInfo but the digest.
constexpr uint8_t kSha256Prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                     0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                     0x01, 0x05, 0x00, 0x04, 0x20};
constexpr uint8_t kSha384Prefix[] = {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                     0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                     0x02, 0x05, 0x00, 0x04, 0x30};
constexpr uint8_t kSha512Prefix[] = {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                     0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                     0x03, 0x05, 0x00, 0x04, 0x40};

}  // namespace

SignedInput::SignedInput(SignatureAlgorithm algorithm, base::Bytes message) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256:
      Append(Sha256(message));
      break;
    case SignatureAlgorithm::kEcdsaSha384:
      Append(Sha384(message));
      break;
    case SignatureAlgorithm::kRsaSha256:
      Append(kSha256Prefix);
      Append(Sha256(message));
      break;
    case SignatureAlgorithm::kRsaSha384:
      Append(kSha384Prefix);
      Append(Sha384(message));
      break;
    case SignatureAlgorithm::kRsaSha512:
      Append(kSha512Prefix);
      Append(Sha512(message));
      break;
    case SignatureAlgorithm::kEd25519:
      break;
  }
}

void SignedInput::Append(base::Bytes bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin() + size_);
  size_ += bytes.size();
}

}  // namespace chancery::crypto
