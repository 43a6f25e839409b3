// A PKCS#11 module that forwards to another (FAULTY_PKCS11_MODULE, or SoftHSM)
// and fails on command: see faults.h. For tests.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <vector>

#include "crypto/testing/faulty_pkcs11/faults.h"

namespace chancery::crypto::testing {
namespace {

#define PKCS11_FUNCTIONS(X) \
  X(C_Initialize)           \
  X(C_Finalize)             \
  X(C_GetInfo)              \
  X(C_GetSlotList)          \
  X(C_GetSlotInfo)          \
  X(C_GetTokenInfo)         \
  X(C_GetMechanismList)     \
  X(C_GetMechanismInfo)     \
  X(C_InitToken)            \
  X(C_InitPIN)              \
  X(C_SetPIN)               \
  X(C_OpenSession)          \
  X(C_CloseSession)         \
  X(C_CloseAllSessions)     \
  X(C_GetSessionInfo)       \
  X(C_GetOperationState)    \
  X(C_SetOperationState)    \
  X(C_Login)                \
  X(C_Logout)               \
  X(C_CreateObject)         \
  X(C_CopyObject)           \
  X(C_DestroyObject)        \
  X(C_GetObjectSize)        \
  X(C_GetAttributeValue)    \
  X(C_SetAttributeValue)    \
  X(C_FindObjectsInit)      \
  X(C_FindObjects)          \
  X(C_FindObjectsFinal)     \
  X(C_EncryptInit)          \
  X(C_Encrypt)              \
  X(C_EncryptUpdate)        \
  X(C_EncryptFinal)         \
  X(C_DecryptInit)          \
  X(C_Decrypt)              \
  X(C_DecryptUpdate)        \
  X(C_DecryptFinal)         \
  X(C_DigestInit)           \
  X(C_Digest)               \
  X(C_DigestUpdate)         \
  X(C_DigestKey)            \
  X(C_DigestFinal)          \
  X(C_SignInit)             \
  X(C_Sign)                 \
  X(C_SignUpdate)           \
  X(C_SignFinal)            \
  X(C_SignRecoverInit)      \
  X(C_SignRecover)          \
  X(C_VerifyInit)           \
  X(C_Verify)               \
  X(C_VerifyUpdate)         \
  X(C_VerifyFinal)          \
  X(C_VerifyRecoverInit)    \
  X(C_VerifyRecover)        \
  X(C_DigestEncryptUpdate)  \
  X(C_DecryptDigestUpdate)  \
  X(C_SignEncryptUpdate)    \
  X(C_DecryptVerifyUpdate)  \
  X(C_GenerateKey)          \
  X(C_GenerateKeyPair)      \
  X(C_WrapKey)              \
  X(C_UnwrapKey)            \
  X(C_DeriveKey)            \
  X(C_SeedRandom)           \
  X(C_GenerateRandom)       \
  X(C_GetFunctionStatus)    \
  X(C_CancelFunction)

std::string Environment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

// Everything there is of this module; never destroyed, since threads may still
// be in it when the process ends.
struct Module {
  Module() : faults(Environment("FAULTY_PKCS11_COMMANDS", "")) {
    const std::string path =
        Environment("FAULTY_PKCS11_MODULE", "/usr/lib/softhsm/libsofthsm2.so");
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    const auto get = library == nullptr
                         ? nullptr
                         : reinterpret_cast<CK_C_GetFunctionList>(
                               dlsym(library, "C_GetFunctionList"));
    if (get == nullptr || get(&real) != CKR_OK) {
      std::fprintf(stderr, "faulty PKCS#11 module: cannot load %s\n",
                   path.c_str());
      std::abort();
    }
  }

  Faults faults;
  CK_FUNCTION_LIST* real = nullptr;
  // Held shared by each call: SoftHSM does not survive that sessions are
  // closed under a call that uses them.
  std::shared_mutex calls;
  std::mutex mu;
  std::map<CK_SESSION_HANDLE, KeyName> signing;  // Guarded by mu.
};

Module& Self() {
  static Module& module = *new Module;
  return module;
}

enum class Needs { kNothing, kToken, kSession };

CK_RV WhenAbsent(Needs needs) {
  switch (needs) {
    case Needs::kToken:
      return CKR_TOKEN_NOT_PRESENT;
    case Needs::kSession:
      return CKR_DEVICE_REMOVED;
    case Needs::kNothing:
      break;
  }
  return CKR_OK;
}

// The tokens are pulled out: their sessions, logins and objects end.
void EndSessions() {
  const std::unique_lock lock(Self().calls);
  CK_FUNCTION_LIST& real = *Self().real;
  CK_ULONG count = 0;
  if (real.C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK) return;
  std::vector<CK_SLOT_ID> slots(count);
  if (real.C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) return;
  for (CK_ULONG i = 0; i < count; ++i) real.C_CloseAllSessions(slots[i]);
}

// Runs `call(effect)` unless this call is to fail.
template <typename Call>
CK_RV Run(const char* function, Needs needs, const KeyName& key,
          const Call& call) {
  Faults& faults = Self().faults;
  if (faults.Refresh()) EndSessions();
  const Faults::Effect effect = faults.Of(function, key);
  std::this_thread::sleep_for(effect.delay);
  CK_RV result = effect.fail;
  if (result == CKR_OK && faults.absent()) result = WhenAbsent(needs);
  if (result == CKR_OK) {
    const std::shared_lock lock(Self().calls);
    result = call(effect);
  }
  faults.Log(function, result);
  return result;
}

template <auto kMember>
struct Forward;

template <typename... Args, CK_RV (*CK_FUNCTION_LIST::*kMember)(Args...)>
struct Forward<kMember> {
  template <const char* kName>
  static CK_RV Call(Args... args) {
    constexpr bool kOfSession = [] {
      if constexpr (sizeof...(Args) == 0) {
        return false;
      } else {
        return std::is_same_v<std::tuple_element_t<0, std::tuple<Args...>>,
                              CK_SESSION_HANDLE>;
      }
    }();
    return Run(kName, kOfSession ? Needs::kSession : Needs::kNothing, {},
               [&](const Faults::Effect&) {
                 return (Self().real->*kMember)(args...);
               });
  }
};

// The value of one attribute; empty if there is none.
std::string Value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                  CK_ATTRIBUTE_TYPE type) {
  char value[256];
  CK_ATTRIBUTE attribute = {type, value, sizeof value};
  if (Self().real->C_GetAttributeValue(session, object, &attribute, 1) !=
          CKR_OK ||
      attribute.ulValueLen > sizeof value) {
    return "";
  }
  return {value, attribute.ulValueLen};
}

KeyName NameOf(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
  const std::shared_lock lock(Self().calls);
  return {Value(session, object, CKA_LABEL), Value(session, object, CKA_ID)};
}

// What `count` attributes ask for.
KeyName AskedFor(const CK_ATTRIBUTE* attributes, CK_ULONG count) {
  KeyName name;
  for (CK_ULONG i = 0; i < count; ++i) {
    const CK_ATTRIBUTE& attribute = attributes[i];
    const std::string value(static_cast<const char*>(attribute.pValue),
                            attribute.ulValueLen);
    if (attribute.type == CKA_LABEL) name.label = value;
    if (attribute.type == CKA_ID) name.id = value;
  }
  return name;
}

CK_RV GetSlotList(CK_BBOOL present, CK_SLOT_ID* slots, CK_ULONG* count) {
  return Run("C_GetSlotList", Needs::kNothing, {}, [&](const Faults::Effect&) {
    if (present == CK_TRUE && Self().faults.absent()) {
      *count = 0;
      return static_cast<CK_RV>(CKR_OK);
    }
    const CK_RV result = Self().real->C_GetSlotList(present, slots, count);
    if (result == CKR_OK && slots != nullptr) {
      for (CK_ULONG i = 0; i < *count; ++i) {
        slots[i] += Self().faults.slot_offset();
      }
    }
    return result;
  });
}

CK_SLOT_ID Real(CK_SLOT_ID slot) { return slot - Self().faults.slot_offset(); }

CK_RV GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO* info) {
  return Run("C_GetSlotInfo", Needs::kNothing, {}, [&](const Faults::Effect&) {
    const CK_RV result = Self().real->C_GetSlotInfo(Real(slot), info);
    if (result == CKR_OK && Self().faults.absent()) {
      info->flags &= ~static_cast<CK_FLAGS>(CKF_TOKEN_PRESENT);
    }
    return result;
  });
}

CK_RV GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  return Run("C_GetTokenInfo", Needs::kToken, {}, [&](const Faults::Effect&) {
    const CK_RV result = Self().real->C_GetTokenInfo(Real(slot), info);
    if (result == CKR_OK) info->flags |= Self().faults.token_flags();
    return result;
  });
}

CK_RV GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE* list,
                       CK_ULONG* count) {
  return Run("C_GetMechanismList", Needs::kToken, {},
             [&](const Faults::Effect&) {
               return Self().real->C_GetMechanismList(Real(slot), list, count);
             });
}

CK_RV GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
                       CK_MECHANISM_INFO* info) {
  return Run("C_GetMechanismInfo", Needs::kToken, {},
             [&](const Faults::Effect&) {
               return Self().real->C_GetMechanismInfo(Real(slot), type, info);
             });
}

CK_RV InitToken(CK_SLOT_ID slot, unsigned char* pin, CK_ULONG size,
                unsigned char* label) {
  return Run("C_InitToken", Needs::kToken, {}, [&](const Faults::Effect&) {
    return Self().real->C_InitToken(Real(slot), pin, size, label);
  });
}

CK_RV OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void* application,
                  CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  return Run("C_OpenSession", Needs::kToken, {}, [&](const Faults::Effect&) {
    return Self().real->C_OpenSession(Real(slot), flags, application, notify,
                                      session);
  });
}

CK_RV CloseAllSessions(CK_SLOT_ID slot) {
  return Run("C_CloseAllSessions", Needs::kToken, {},
             [&](const Faults::Effect&) {
               return Self().real->C_CloseAllSessions(Real(slot));
             });
}

CK_RV GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO* info) {
  return Run(
      "C_GetSessionInfo", Needs::kSession, {}, [&](const Faults::Effect&) {
        const CK_RV result = Self().real->C_GetSessionInfo(session, info);
        if (result == CKR_OK) info->slotID += Self().faults.slot_offset();
        return result;
      });
}

CK_RV GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                        CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return Run("C_GetAttributeValue", Needs::kSession, NameOf(session, object),
             [&](const Faults::Effect&) {
               return Self().real->C_GetAttributeValue(session, object,
                                                       attributes, count);
             });
}

CK_RV FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes,
                      CK_ULONG count) {
  return Run(
      "C_FindObjectsInit", Needs::kSession, {}, [&](const Faults::Effect&) {
        std::vector<CK_ATTRIBUTE> wanted;
        std::optional<std::string> other =
            Self().faults.SwappedFor(AskedFor(attributes, count));
        for (CK_ULONG i = 0; i < count; ++i) {
          const CK_ATTRIBUTE& attribute = attributes[i];
          if (!other ||
              (attribute.type != CKA_LABEL && attribute.type != CKA_ID)) {
            wanted.push_back(attribute);
          }
        }
        if (other) {
          wanted.push_back({CKA_LABEL, other->data(), other->size()});
        }
        return Self().real->C_FindObjectsInit(session, wanted.data(),
                                              wanted.size());
      });
}

CK_RV SignInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
               CK_OBJECT_HANDLE key) {
  const KeyName name = NameOf(session, key);
  {
    const std::lock_guard lock(Self().mu);
    Self().signing[session] = name;
  }
  return Run("C_SignInit", Needs::kSession, name, [&](const Faults::Effect&) {
    return Self().real->C_SignInit(session, mechanism, key);
  });
}

CK_RV Sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG data_size,
           unsigned char* signature, CK_ULONG* size) {
  KeyName name;
  {
    const std::lock_guard lock(Self().mu);
    name = Self().signing[session];
  }
  return Run(
      "C_Sign", Needs::kSession, name, [&](const Faults::Effect& effect) {
        const CK_RV result =
            Self().real->C_Sign(session, data, data_size, signature, size);
        if (effect.corrupt && result == CKR_OK && signature != nullptr &&
            *size > 0) {
          signature[*size / 2] ^= 0x10;
        }
        return result;
      });
}

// Slot events are not asked for; to wait for one needs no fault.
CK_RV WaitForSlotEvent(CK_FLAGS, CK_SLOT_ID*, void*) {
  return CKR_FUNCTION_NOT_SUPPORTED;
}

#define NAME(function) constexpr char kNameOf_##function[] = #function;
PKCS11_FUNCTIONS(NAME)
#undef NAME

// Not the exported one: libp11-kit, which many programs have loaded, exports
// that name too.
CK_RV GetFunctionList(CK_FUNCTION_LIST** list);

CK_FUNCTION_LIST MakeList() {
  CK_FUNCTION_LIST list = {};
  list.version = {2, 40};
#define FORWARD(function)                                               \
  list.function = &Forward<&CK_FUNCTION_LIST::function>::template Call< \
      kNameOf_##function>;
  PKCS11_FUNCTIONS(FORWARD)
#undef FORWARD
  list.C_GetFunctionList = &GetFunctionList;
  list.C_GetSlotList = &GetSlotList;
  list.C_GetSlotInfo = &GetSlotInfo;
  list.C_GetTokenInfo = &GetTokenInfo;
  list.C_GetMechanismList = &GetMechanismList;
  list.C_GetMechanismInfo = &GetMechanismInfo;
  list.C_InitToken = &InitToken;
  list.C_OpenSession = &OpenSession;
  list.C_CloseAllSessions = &CloseAllSessions;
  list.C_GetSessionInfo = &GetSessionInfo;
  list.C_GetAttributeValue = &GetAttributeValue;
  list.C_FindObjectsInit = &FindObjectsInit;
  list.C_SignInit = &SignInit;
  list.C_Sign = &Sign;
  list.C_WaitForSlotEvent = &WaitForSlotEvent;
  return list;
}

CK_RV GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions = MakeList();
  *list = &functions;
  return CKR_OK;
}

}  // namespace

CK_RV FaultyFunctionList(CK_FUNCTION_LIST** list) {
  return GetFunctionList(list);
}

}  // namespace chancery::crypto::testing

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(
    CK_FUNCTION_LIST** list) {
  return chancery::crypto::testing::FaultyFunctionList(list);
}
