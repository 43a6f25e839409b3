// Tokens of SoftHSM2, an HSM in software, in this test's temporary folder.
#ifndef CHANCERY_CRYPTO_TESTING_SOFT_HSM_H_
#define CHANCERY_CRYPTO_TESTING_SOFT_HSM_H_

#include <string>

namespace chancery::crypto::testing {

inline constexpr char kSoftHsmModule[] = "/usr/lib/softhsm/libsofthsm2.so";
inline constexpr char kSoftHsmPin[] = "1234";

// Sets SOFTHSM2_CONF for this process and those it starts, with a store without
// tokens. One at a time, and before the module is loaded.
class SoftHsm {
 public:
  SoftHsm();

  // Makes a token with kSoftHsmPin.
  void AddToken(const std::string& label);

  // "pkcs11:token=<token><rest>?module-path=<SoftHSM>"; `rest` is empty or
  // starts with ";".
  static std::string Uri(const std::string& token,
                         const std::string& rest = "");

  // Puts the PKCS #8 private key at `path` and its public half into a token.
  static void Import(const std::string& token, const std::string& path,
                     const std::string& label, const std::string& id_hex);

  // What OpenSC's pkcs11-tool prints, logged in to the token.
  static std::string Pkcs11Tool(const std::string& token,
                                const std::string& arguments);
};

}  // namespace chancery::crypto::testing

#endif  // CHANCERY_CRYPTO_TESTING_SOFT_HSM_H_
