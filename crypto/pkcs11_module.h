// A PKCS#11 module (a shared library) and the meaning of its return values.
// The only headers with PKCS#11's types are this and those that include it.
#ifndef CHANCERY_CRYPTO_PKCS11_MODULE_H_
#define CHANCERY_CRYPTO_PKCS11_MODULE_H_

#include <p11-kit/pkcs11.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/token_facts.h"

namespace chancery::crypto {

// OK for CKR_OK, otherwise an error that says what failed and how:
// Unavailable when the session, the login or the token is gone, so that
// connecting again may help; PermissionDenied for a wrong or locked PIN;
// ResourceExhausted when the token has no more sessions; Internal else.
absl::Status Pkcs11Status(CK_RV value, absl::string_view what);

// Loaded and initialised for as long as it lives; the library itself is never
// unloaded, since few survive that. Thread-safe.
class Pkcs11Module {
 public:
  // NotFound if `path` cannot be loaded; FailedPrecondition if it is no PKCS#11
  // module or does not do its own locking. A process may load a module twice;
  // initialising is shared.
  static absl::StatusOr<std::shared_ptr<Pkcs11Module>> Load(
      const std::string& path);
  ~Pkcs11Module();
  Pkcs11Module(const Pkcs11Module&) = delete;
  Pkcs11Module& operator=(const Pkcs11Module&) = delete;

  CK_FUNCTION_LIST* operator->() const { return functions_; }
  const std::string& path() const { return path_; }

  // C_Initialize; OK if it is already. For use after another part of the
  // process has finalised the module.
  absl::Status Initialize();

  struct Slot {
    CK_SLOT_ID id = 0;
    std::string token;  // What distinguishes its token: label, serial, ...
  };

  // The slot of the one token that `uri` describes. NotFound lists the tokens
  // that are present; FailedPrecondition if several match.
  absl::StatusOr<Slot> FindSlot(const Pkcs11Uri& uri) const;

  // What the token in it says of itself.
  absl::StatusOr<TokenFacts> FactsOf(CK_SLOT_ID slot) const;

 private:
  // Of tokens that are present.
  absl::StatusOr<std::vector<CK_SLOT_ID>> ListSlots() const;

  Pkcs11Module(std::string path, CK_FUNCTION_LIST* functions)
      : path_(std::move(path)), functions_(functions) {}

  const std::string path_;
  CK_FUNCTION_LIST* const functions_;
  bool initialized_here_ = false;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_MODULE_H_
