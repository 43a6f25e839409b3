// Tokens of SoftHSM2 behind a module that fails on command.
#ifndef CHANCERY_CRYPTO_TESTING_FAULTY_HSM_H_
#define CHANCERY_CRYPTO_TESTING_FAULTY_HSM_H_

#include <string>

#include "crypto/testing/soft_hsm.h"

namespace chancery::crypto::testing {

// One at a time, and before the module is loaded. Begins without faults.
class FaultyHsm {
 public:
  FaultyHsm();

  void AddToken(const std::string& label) { hsm_.AddToken(label); }

  // Replaces all commands: see faulty_pkcs11/faults.h. A line each.
  void Command(const std::string& commands);

  // Calls that were logged since the last Command, by `log FUNCTION` in it.
  int Calls(const std::string& function) const;

  // As SoftHsm::Uri, but through the faulty module.
  static std::string Uri(const std::string& token,
                         const std::string& rest = "");

 private:
  SoftHsm hsm_;
  const std::string commands_;
};

}  // namespace chancery::crypto::testing

#endif  // CHANCERY_CRYPTO_TESTING_FAULTY_HSM_H_
