#include "crypto/pkcs11_module.h"

#include <dlfcn.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace chancery::crypto {
namespace {

struct Row {
  CK_RV value;
  absl::StatusCode code;
  absl::string_view name;
};

#define ROW(value, code) \
  { value, absl::StatusCode::code, #value }
constexpr Row kRows[] = {
    // Connecting again may help.
    ROW(CKR_SESSION_HANDLE_INVALID, kUnavailable),
    ROW(CKR_SESSION_CLOSED, kUnavailable),
    ROW(CKR_DEVICE_REMOVED, kUnavailable),
    ROW(CKR_DEVICE_ERROR, kUnavailable),
    ROW(CKR_TOKEN_NOT_PRESENT, kUnavailable),
    ROW(CKR_TOKEN_NOT_RECOGNIZED, kUnavailable),
    ROW(CKR_SLOT_ID_INVALID, kUnavailable),
    ROW(CKR_USER_NOT_LOGGED_IN, kUnavailable),
    ROW(CKR_OBJECT_HANDLE_INVALID, kUnavailable),
    ROW(CKR_KEY_HANDLE_INVALID, kUnavailable),
    ROW(CKR_CRYPTOKI_NOT_INITIALIZED, kUnavailable),
    ROW(CKR_OPERATION_ACTIVE, kUnavailable),
    ROW(CKR_OPERATION_NOT_INITIALIZED, kUnavailable),
    // An operator has to act.
    ROW(CKR_PIN_INCORRECT, kPermissionDenied),
    ROW(CKR_PIN_INVALID, kPermissionDenied),
    ROW(CKR_PIN_LEN_RANGE, kPermissionDenied),
    ROW(CKR_PIN_LOCKED, kPermissionDenied),
    ROW(CKR_PIN_EXPIRED, kPermissionDenied),
    ROW(CKR_USER_PIN_NOT_INITIALIZED, kFailedPrecondition),
    ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, kFailedPrecondition),
    ROW(CKR_TOKEN_WRITE_PROTECTED, kFailedPrecondition),
    ROW(CKR_MECHANISM_INVALID, kUnimplemented),
    ROW(CKR_MECHANISM_PARAM_INVALID, kUnimplemented),
    ROW(CKR_DOMAIN_PARAMS_INVALID, kUnimplemented),
    ROW(CKR_KEY_SIZE_RANGE, kUnimplemented),
    ROW(CKR_SESSION_COUNT, kResourceExhausted),
    ROW(CKR_DEVICE_MEMORY, kResourceExhausted),
    ROW(CKR_HOST_MEMORY, kResourceExhausted),
    ROW(CKR_KEY_UNEXTRACTABLE, kFailedPrecondition),
    ROW(CKR_KEY_NOT_WRAPPABLE, kFailedPrecondition),
    ROW(CKR_WRAPPED_KEY_INVALID, kInvalidArgument),
    ROW(CKR_WRAPPED_KEY_LEN_RANGE, kInvalidArgument),
    // Named only.
    ROW(CKR_BUFFER_TOO_SMALL, kInternal),
    ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, kInternal),
    ROW(CKR_USER_TYPE_INVALID, kInternal),
    ROW(CKR_GENERAL_ERROR, kInternal),
    ROW(CKR_FUNCTION_FAILED, kInternal),
    ROW(CKR_KEY_TYPE_INCONSISTENT, kInternal),
    ROW(CKR_ARGUMENTS_BAD, kInternal),
    ROW(CKR_TEMPLATE_INCONSISTENT, kInternal),
    ROW(CKR_ATTRIBUTE_VALUE_INVALID, kInternal),
};
#undef ROW

template <size_t kSize>
std::string Field(const unsigned char (&field)[kSize]) {
  absl::string_view text(reinterpret_cast<const char*>(field), kSize);
  text = text.substr(0, text.find('\0'));
  return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
}

std::string Version(const CK_VERSION& version) {
  return absl::StrCat(version.major, ".", version.minor);
}

bool Matches(const std::string& wanted, const std::string& found) {
  return wanted.empty() || wanted == found;
}

}  // namespace

absl::Status Pkcs11Status(CK_RV value, absl::string_view what) {
  if (value == CKR_OK) return absl::OkStatus();
  for (const Row& row : kRows) {
    if (row.value == value) {
      return absl::Status(row.code, absl::StrCat(what, ": ", row.name));
    }
  }
  return absl::InternalError(absl::StrFormat("%s: CKR 0x%08x", what, value));
}

absl::StatusOr<std::shared_ptr<Pkcs11Module>> Pkcs11Module::Load(
    const std::string& path) {
  if (path.empty() || path[0] != '/') {
    return absl::InvalidArgumentError(
        absl::StrCat("PKCS#11 module \"", path,
                     "\": an absolute path is needed (module-path in the URI, "
                     "or in the configuration)"));
  }
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("cannot load the PKCS#11 module: ", dlerror()));
  }
  const auto get_functions = reinterpret_cast<CK_C_GetFunctionList>(
      dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  if (get_functions == nullptr || get_functions(&functions) != CKR_OK ||
      functions == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a PKCS#11 module"));
  }
  std::shared_ptr<Pkcs11Module> module(new Pkcs11Module(path, functions));
  RETURN_IF_ERROR(module->Initialize());
  return module;
}

Pkcs11Module::~Pkcs11Module() {
  if (initialized_here_) functions_->C_Finalize(nullptr);
}

absl::Status Pkcs11Module::Initialize() {
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV value = functions_->C_Initialize(&arguments);
  if (value == CKR_CRYPTOKI_ALREADY_INITIALIZED) return absl::OkStatus();
  if (value == CKR_CANT_LOCK) {
    return absl::FailedPreconditionError(absl::StrCat(
        path_, " does not support several threads (CKR_CANT_LOCK)"));
  }
  RETURN_IF_ERROR(Pkcs11Status(value, absl::StrCat("initialising ", path_)));
  initialized_here_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CK_SLOT_ID>> Pkcs11Module::ListSlots() const {
  for (;;) {
    // The call for the number is also what makes a module look for tokens that
    // came or went (PKCS#11 v2.40, C_GetSlotList).
    CK_ULONG count = 0;
    RETURN_IF_ERROR(Pkcs11Status(
        functions_->C_GetSlotList(CK_TRUE, nullptr, &count), "listing tokens"));
    std::vector<CK_SLOT_ID> slots(count);
    const CK_RV value =
        functions_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (value == CKR_BUFFER_TOO_SMALL) continue;  // One came in between.
    RETURN_IF_ERROR(Pkcs11Status(value, "listing tokens"));
    slots.resize(count);
    return slots;
  }
}

absl::StatusOr<Pkcs11Module::Slot> Pkcs11Module::FindSlot(
    const Pkcs11Uri& uri) const {
  ASSIGN_OR_RETURN(const std::vector<CK_SLOT_ID> slots, ListSlots());
  std::vector<Slot> found;
  std::vector<std::string> present;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info;
    const absl::Status asked =
        Pkcs11Status(functions_->C_GetTokenInfo(slot, &info),
                     absl::StrCat("(slot ", slot, ")"));
    if (!asked.ok()) present.push_back(std::string(asked.message()));
    if (!asked.ok() || (info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    present.push_back(absl::StrCat("token=", Field(info.label),
                                   ";serial=", Field(info.serialNumber)));
    if (Matches(uri.token, Field(info.label)) &&
        Matches(uri.serial, Field(info.serialNumber)) &&
        Matches(uri.manufacturer, Field(info.manufacturerID)) &&
        Matches(uri.model, Field(info.model)) &&
        (!uri.slot_id || *uri.slot_id == slot)) {
      found.push_back(
          {slot, absl::StrCat(present.back(), ";model=", Field(info.model),
                              ";manufacturer=", Field(info.manufacturerID))});
    }
  }
  if (found.size() == 1) return found[0];
  const std::string list =
      present.empty() ? "none" : absl::StrJoin(present, ", ");
  if (found.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "no token matches \"", uri.text, "\" in ", path_, "; present: ", list));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(found.size(), " tokens match \"", uri.text, "\" in ", path_,
                   "; name one by its serial: ", list));
}

absl::StatusOr<TokenFacts> Pkcs11Module::FactsOf(CK_SLOT_ID slot) const {
  CK_TOKEN_INFO info;
  RETURN_IF_ERROR(Pkcs11Status(functions_->C_GetTokenInfo(slot, &info),
                               "asking what the token is"));
  return TokenFacts{.label = Field(info.label),
                    .manufacturer = Field(info.manufacturerID),
                    .model = Field(info.model),
                    .serial = Field(info.serialNumber),
                    .hardware_version = Version(info.hardwareVersion),
                    .firmware_version = Version(info.firmwareVersion)};
}

}  // namespace chancery::crypto
