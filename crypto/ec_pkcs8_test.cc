#include "crypto/ec_pkcs8.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using testing::Shell;
using testing::TempPath;

constexpr char kAsDer[] = " | openssl pkcs8 -topk8 -nocrypt -outform DER";

// A new key, as OpenSSL writes it.
std::string Genpkey(const std::string& options) {
  return Shell("openssl genpkey " + options + kAsDer);
}

// The same key by OpenSSL's decoder, which the test holds it against.
PKeyPtr ByOpenSsl(const std::string& der) {
  const auto* at = reinterpret_cast<const uint8_t*>(der.data());
  PKCS8_PRIV_KEY_INFO* const info =
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size()));
  PKeyPtr key(info == nullptr ? nullptr : EVP_PKCS82PKEY(info));
  PKCS8_PRIV_KEY_INFO_free(info);
  return key;
}

std::string Pkcs8Of(EVP_PKEY* key) {
  PKCS8_PRIV_KEY_INFO* const info = EVP_PKEY2PKCS8(key);
  uint8_t* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  PKCS8_PRIV_KEY_INFO_free(info);
  return out;
}

TEST(EcKeyFromPkcs8Test, ReadsWhatOpenSslReads) {
  for (const char* curve : {"P-256", "P-384"}) {
    SCOPED_TRACE(curve);
    for (int i = 0; i < 20; ++i) {
      const std::string der = Genpkey(
          std::string("-algorithm EC -pkeyopt ec_paramgen_curve:") + curve);
      const PKeyPtr key = EcKeyFromPkcs8(base::AsBytes(der));
      ASSERT_NE(key, nullptr);
      const PKeyPtr expected = ByOpenSsl(der);
      EXPECT_EQ(EVP_PKEY_eq(key.get(), expected.get()), 1);
      // The private half too, and what it is written as.
      EXPECT_EQ(Pkcs8Of(key.get()), der);
    }
  }
}

TEST(EcKeyFromPkcs8Test, LeavesOtherKeysToOpenSsl) {
  const std::string ec = "-algorithm EC -pkeyopt ec_paramgen_curve:";
  const std::string key = TempPath("key.pem");
  Shell("openssl genpkey -out " + key + " " + ec + "P-256");
  const std::vector<std::pair<const char*, std::string>> rows = {
      {"P-521", Genpkey(ec + "P-521")},
      {"RSA", Genpkey("-algorithm RSA")},
      {"Ed25519", Genpkey("-algorithm ED25519")},
      {"explicit parameters",
       Genpkey(ec + "P-256 -pkeyopt ec_param_enc:explicit")},
      {"compressed point",
       Shell("openssl ec -conv_form compressed -in " + key + kAsDer)},
      {"no public key", Shell("openssl ec -no_public -in " + key + kAsDer)}};
  for (const auto& [name, der] : rows) {
    SCOPED_TRACE(name);
    EXPECT_NE(ByOpenSsl(der), nullptr);
    EXPECT_EQ(EcKeyFromPkcs8(base::AsBytes(der)), nullptr);
  }
}

TEST(EcKeyFromPkcs8Test, LeavesWhatIsMalformedToOpenSsl) {
  const std::string good =
      Genpkey("-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(EcKeyFromPkcs8(base::AsBytes(good).first(size)), nullptr);
  }
  const std::string longer = good + '\0';
  EXPECT_EQ(EcKeyFromPkcs8(base::AsBytes(longer)), nullptr);
  // The point's last octet: it is not on the curve any more.
  std::string off_curve = good;
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  EXPECT_EQ(EcKeyFromPkcs8(base::AsBytes(off_curve)), nullptr);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace chancery::crypto
