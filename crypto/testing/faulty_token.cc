#include "crypto/testing/faulty_token.h"

#include "crypto/testing/command.h"
#include "crypto/testing/soft_hsm.h"

namespace chancery::crypto::testing {
namespace {

constexpr char kLabel[] = "t";

}  // namespace

FaultyToken::FaultyToken() { hsm_.AddToken(kLabel); }

KeySource FaultyToken::Source(const std::string& rest) {
  return {
      .pkcs11_uri = FaultyHsm::Uri(kLabel, rest),
      .secret = {.file = WriteTemp("pin", std::string(kSoftHsmPin) + "\n")}};
}

std::string FaultyToken::Tool(const std::string& arguments) {
  return SoftHsm::Pkcs11Tool(kLabel, arguments);
}

}  // namespace chancery::crypto::testing
