// What the faulty module is told to do wrong.
//
// The file that FAULTY_PKCS11_COMMANDS names is read again whenever it was
// replaced (written beside and renamed, so that nobody reads half of it); what
// it says then replaces all that was said before. A command is a line:
//
//   fail FUNCTION CODE [next N] [key KEY]   returns CODE and does nothing else
//   delay FUNCTION MS [next N] [key KEY]    waits before it goes on
//   corrupt [next N] [key KEY]              flips a bit of what C_Sign returns
//   swap KEY LABEL    who looks for KEY finds the key with LABEL
//   absent            no slot has a token; sessions end with it
//   slots N           slot ids are N higher than SoftHSM's
//   flags NUMBER      set in CK_TOKEN_INFO, beside SoftHSM's
//   log FUNCTION      each call is a line of <commands file>.log: "C_Login 0"
//
// FUNCTION is a name such as C_Sign, or * for all but C_Initialize and
// C_Finalize; CODE a name such as CKR_DEVICE_ERROR, or a number; KEY a
// CKA_LABEL, or id: and a CKA_ID in hex. `next N` limits a command to N calls;
// `key` to calls that name that key: C_SignInit, C_Sign, C_GetAttributeValue. A
// line that is none of these ends the process, since the test that wrote it is
// wrong.
#ifndef CHANCERY_CRYPTO_TESTING_FAULTY_PKCS11_FAULTS_H_
#define CHANCERY_CRYPTO_TESTING_FAULTY_PKCS11_FAULTS_H_

#include <p11-kit/pkcs11.h>
#include <sys/stat.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace chancery::crypto::testing {

// What names a key: its CKA_LABEL and CKA_ID (bytes); empty if not known.
struct KeyName {
  std::string label;
  std::string id;
};

// Thread-safe.
class Faults {
 public:
  // `commands` is the file's path; empty or absent: no faults.
  explicit Faults(std::string commands);

  // Reads the file again if it was replaced. True if tokens have just gone.
  bool Refresh();

  struct Effect {
    CK_RV fail = CKR_OK;
    std::chrono::milliseconds delay{0};
    bool corrupt = false;
  };
  // What becomes of this call; counts it for `next N`.
  Effect Of(const std::string& function, const KeyName& key);

  // Writes a line for a call if it is to be logged.
  void Log(const std::string& function, CK_RV result);

  bool absent();
  CK_SLOT_ID slot_offset();
  CK_FLAGS token_flags();
  // The label of the key that whoever looks for `key` finds instead.
  std::optional<std::string> SwappedFor(const KeyName& key);

 private:
  struct Rule {
    enum Kind { kFail, kDelay, kCorrupt } kind = kFail;
    std::string function;
    CK_RV code = CKR_OK;
    std::chrono::milliseconds delay{0};
    std::optional<int> left;  // Calls.
    std::string key;          // Empty: any.
  };
  struct Swap {
    std::string key;
    std::string label;
  };
  struct Commands {
    std::vector<Rule> rules;
    std::vector<Swap> swaps;
    std::vector<std::string> logged;
    bool absent = false;
    CK_SLOT_ID slot_offset = 0;
    CK_FLAGS flags = 0;
  };

  static Commands Parse(const std::string& text);
  static void ParseLine(const std::string& line, Commands& commands);

  const std::string path_;
  std::mutex mu_;  // Guards what follows.
  struct stat seen_ = {};
  Commands commands_;
};

}  // namespace chancery::crypto::testing

#endif  // CHANCERY_CRYPTO_TESTING_FAULTY_PKCS11_FAULTS_H_
