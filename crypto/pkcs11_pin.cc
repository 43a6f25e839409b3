#include "crypto/pkcs11_pin.h"

#include <sys/stat.h>

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/secret_source.h"

namespace chancery::crypto {
namespace {

int64_t Nanoseconds(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Pkcs11Pin::Pkcs11Pin(base::Secret pin, const Pkcs11Uri& uri, bool try_final)
    : token_(absl::StrCat("token \"", uri.text, "\"")),
      source_(uri.pin),
      try_final_(try_final),
      pin_(std::move(pin)),
      read_(StampOf(source_.file)) {}

Pkcs11Pin::Stamp Pkcs11Pin::StampOf(const std::string& path) {
  struct stat info;
  if (path.empty() || stat(path.c_str(), &info) != 0) return {};
  return {.inode = info.st_ino,
          .modified_ns = Nanoseconds(info.st_mtim),
          .changed_ns = Nanoseconds(info.st_ctim)};
}

std::string Pkcs11Pin::Remedy() const {
  if (source_.file.empty()) {
    return "it is not tried again before this process is started again";
  }
  return absl::StrCat("it is not tried again before ", source_.file,
                      " is written again");
}

absl::Status Pkcs11Pin::ReadIfChanged() {
  const Stamp now = StampOf(source_.file);
  if (now == Stamp() || now == read_) return refused_;
  absl::StatusOr<base::Secret> pin = ReadSecret(source_);
  if (!pin.ok()) {
    // Perhaps it is just being written.
    return refused_.ok() ? absl::OkStatus()
                         : absl::Status(refused_.code(),
                                        absl::StrCat(refused_.message(), "; ",
                                                     pin.status().message()));
  }
  pin_ = *std::move(pin);
  read_ = now;
  refused_ = absl::OkStatus();
  return refused_;
}

absl::Status Pkcs11Pin::CheckMayTry(const Pkcs11Module& module,
                                    CK_SLOT_ID slot) const {
  CK_TOKEN_INFO info;
  RETURN_IF_ERROR(
      Pkcs11Status(module->C_GetTokenInfo(slot, &info),
                   absl::StrCat(token_, ": asking for the PIN's state")));
  if ((info.flags & CKF_USER_PIN_LOCKED) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("the PIN of ", token_,
                     " is locked (CKF_USER_PIN_LOCKED); its security officer "
                     "must reset it; it was not tried"));
  }
  if ((info.flags & CKF_USER_PIN_FINAL_TRY) != 0 && !try_final_) {
    return absl::PermissionDeniedError(absl::StrCat(
        token_,
        " would lock itself at the next wrong PIN (CKF_USER_PIN_FINAL_TRY), so "
        "that it was not tried; make sure that the PIN is right, then log in "
        "once with another program, or start the signer with --confirm-pin"));
  }
  return absl::OkStatus();
}

absl::Status Pkcs11Pin::CheckNotRefused() {
  base::MutexLock lock(mu_);
  return ReadIfChanged();
}

absl::Status Pkcs11Pin::Login(const Pkcs11Module& module, CK_SLOT_ID slot,
                              CK_SESSION_HANDLE session) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(ReadIfChanged());
  RETURN_IF_ERROR(CheckMayTry(module, slot));
  return Try(module, session, CKU_USER);
}

absl::Status Pkcs11Pin::LoginForOperation(const Pkcs11Module& module,
                                          CK_SESSION_HANDLE session) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(ReadIfChanged());
  return Try(module, session, CKU_CONTEXT_SPECIFIC);
}

absl::Status Pkcs11Pin::Try(const Pkcs11Module& module,
                            CK_SESSION_HANDLE session, CK_USER_TYPE user) {
  const absl::string_view pin = pin_.Reveal();
  const CK_RV value = module->C_Login(
      session, user,
      reinterpret_cast<unsigned char*>(const_cast<char*>(pin.data())),
      pin.size());
  if (value == CKR_USER_ALREADY_LOGGED_IN) return absl::OkStatus();
  const absl::Status status =
      Pkcs11Status(value, absl::StrCat(token_, ": logging in"));
  switch (value) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      refused_ = absl::PermissionDeniedError(absl::StrCat(
          token_,
          " refused the PIN as wrong, and it locks itself after a few "
          "wrong ones; ",
          Remedy()));
      return refused_;
    case CKR_PIN_LOCKED:
      refused_ = absl::PermissionDeniedError(absl::StrCat(
          "the PIN of ", token_,
          " is locked; its security officer must reset it; ", Remedy()));
      return refused_;
    default:
      break;
  }
  if (absl::IsPermissionDenied(status)) {
    refused_ = absl::PermissionDeniedError(
        absl::StrCat(status.message(), "; ", Remedy()));
    return refused_;
  }
  return status;
}

}  // namespace chancery::crypto
