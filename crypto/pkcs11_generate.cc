#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/pkcs11_objects.h"

namespace chancery::crypto {
namespace {

// What C_GenerateKeyPair takes for a KeySpec.
struct Mechanism {
  CK_MECHANISM_TYPE type;
  absl::string_view ec_parameters;  // CKA_EC_PARAMS; empty for RSA.
};

Mechanism MechanismFor(KeyType type) {
  switch (type) {
    case KeyType::kEcP256:
      return {CKM_EC_KEY_PAIR_GEN,
              {"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10}};
    case KeyType::kEcP384:
      return {CKM_EC_KEY_PAIR_GEN, {"\x06\x05\x2b\x81\x04\x00\x22", 7}};
    case KeyType::kEd25519:
      return {CKM_EC_EDWARDS_KEY_PAIR_GEN, {"\x06\x03\x2b\x65\x70", 5}};
    default:
      return {CKM_RSA_PKCS_KEY_PAIR_GEN, {}};
  }
}

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, absl::string_view value) {
  return {type, const_cast<char*>(value.data()), value.size()};
}

template <typename T>
CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, const T* value) {
  return {type, const_cast<T*>(value), sizeof(T)};
}

// OK if no private key has `name`.
absl::Status CheckFree(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                       const Pkcs11KeyName& name) {
  const absl::Status found = FindPrivateKey(module, session, name).status();
  if (absl::IsNotFound(found)) return absl::OkStatus();
  if (found.ok() || absl::IsFailedPrecondition(found)) {
    return absl::AlreadyExistsError(absl::StrCat(
        "the token already has a private key with ", ToString(name)));
  }
  return found;
}

}  // namespace

absl::StatusOr<PublicKey> GenerateKeyPair(const Pkcs11Module& module,
                                          CK_SESSION_HANDLE session,
                                          const KeySpec& spec,
                                          const Pkcs11KeyName& name,
                                          bool extractable) {
  RETURN_IF_ERROR(CheckKeySpec(spec));
  if (name.label.empty() || name.id.empty()) {
    return absl::InvalidArgumentError(
        "a new key in a token needs both a label and an id");
  }
  RETURN_IF_ERROR(CheckFree(module, session, {.label = name.label}));
  RETURN_IF_ERROR(CheckFree(module, session, {.id = name.id}));

  const Mechanism mechanism = MechanismFor(spec.type);
  const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  const CK_BBOOL leaves = extractable ? CK_TRUE : CK_FALSE;
  const CK_ULONG bits = static_cast<CK_ULONG>(spec.bits);
  std::vector<CK_ATTRIBUTE> public_half = {
      Attribute(CKA_TOKEN, &yes),  Attribute(CKA_PRIVATE, &no),
      Attribute(CKA_VERIFY, &yes), Attribute(CKA_LABEL, name.label),
      Attribute(CKA_ID, name.id),
  };
  if (mechanism.ec_parameters.empty()) {
    public_half.push_back(Attribute(CKA_MODULUS_BITS, &bits));
    public_half.push_back(
        Attribute(CKA_PUBLIC_EXPONENT, absl::string_view("\x01\x00\x01", 3)));
  } else {
    public_half.push_back(Attribute(CKA_EC_PARAMS, mechanism.ec_parameters));
  }
  std::vector<CK_ATTRIBUTE> private_half = {
      Attribute(CKA_TOKEN, &yes),     Attribute(CKA_PRIVATE, &yes),
      Attribute(CKA_SENSITIVE, &yes), Attribute(CKA_EXTRACTABLE, &leaves),
      Attribute(CKA_SIGN, &yes),      Attribute(CKA_LABEL, name.label),
      Attribute(CKA_ID, name.id),
  };
  CK_MECHANISM generate = {mechanism.type, nullptr, 0};
  CK_OBJECT_HANDLE public_key, private_key;
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_GenerateKeyPair(session, &generate, public_half.data(),
                                public_half.size(), private_half.data(),
                                private_half.size(), &public_key, &private_key),
      absl::StrCat("generating a key of type ", Name(spec.type))));
  return ReadPublicKey(module, session, private_key);
}

}  // namespace chancery::crypto
