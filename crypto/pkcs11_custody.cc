#include "crypto/pkcs11_custody.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/key_type.h"
#include "der/reader.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxWrapped = 16 << 10;  // RSA-4096 takes 2.4 KiB.
constexpr CK_ULONG kAesBytes = 32;

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, absl::string_view value) {
  return {type, const_cast<char*>(value.data()), value.size()};
}

template <typename T>
CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, const T* value) {
  return {type, const_cast<T*>(value), sizeof(T)};
}

// All objects of that class and name.
absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> FindAll(
    const Pkcs11Module& module, CK_SESSION_HANDLE session,
    CK_OBJECT_CLASS object_class, const Pkcs11KeyName& name) {
  std::vector<CK_ATTRIBUTE> wanted = {Attribute(CKA_CLASS, &object_class)};
  if (!name.label.empty()) wanted.push_back(Attribute(CKA_LABEL, name.label));
  if (!name.id.empty()) wanted.push_back(Attribute(CKA_ID, name.id));
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_FindObjectsInit(session, wanted.data(), wanted.size()),
      "finding a key"));
  std::vector<CK_OBJECT_HANDLE> found(16);
  CK_ULONG count = 0;
  const CK_RV value =
      module->C_FindObjects(session, found.data(), found.size(), &count);
  module->C_FindObjectsFinal(session);
  RETURN_IF_ERROR(Pkcs11Status(value, "finding a key"));
  found.resize(count);
  return found;
}

absl::Status DestroyAll(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                        CK_OBJECT_CLASS object_class, absl::string_view what,
                        const Pkcs11KeyName& name) {
  ASSIGN_OR_RETURN(const auto objects,
                   FindAll(module, session, object_class, name));
  for (const CK_OBJECT_HANDLE object : objects) {
    RETURN_IF_ERROR(Pkcs11Status(module->C_DestroyObject(session, object),
                                 absl::StrCat("destroying a ", what)));
  }
  ASSIGN_OR_RETURN(const auto left,
                   FindAll(module, session, object_class, name));
  if (left.empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the token said that it destroyed the ", what, " with ",
                   ToString(name), ", and still has one"));
}

// OK if no object of that class has the label, or the id.
absl::Status CheckFree(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                       CK_OBJECT_CLASS object_class, absl::string_view what,
                       const Pkcs11KeyName& name) {
  if (name.label.empty() || name.id.empty()) {
    return absl::InvalidArgumentError(
        "a new key in a token needs both a label and an id");
  }
  for (const Pkcs11KeyName& one :
       {Pkcs11KeyName{.label = name.label}, Pkcs11KeyName{.id = name.id}}) {
    ASSIGN_OR_RETURN(const auto found,
                     FindAll(module, session, object_class, one));
    if (!found.empty()) {
      return absl::AlreadyExistsError(absl::StrCat(
          "the token already has a ", what, " with ", ToString(one)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<CK_OBJECT_HANDLE> FindWrappingKey(const Pkcs11Module& module,
                                                 CK_SESSION_HANDLE session,
                                                 const Pkcs11KeyName& name) {
  ASSIGN_OR_RETURN(const auto found,
                   FindAll(module, session, CKO_SECRET_KEY, name));
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no secret key has ", ToString(name)));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "several secret keys have ", ToString(name), "; name one by its id"));
}

// Of the two mechanisms those that the session's token has, the better first.
absl::StatusOr<std::vector<CK_MECHANISM_TYPE>> Mechanisms(
    const Pkcs11Module& module, CK_SESSION_HANDLE session, CK_FLAGS use) {
  CK_SESSION_INFO session_info;
  RETURN_IF_ERROR(Pkcs11Status(module->C_GetSessionInfo(session, &session_info),
                               "asking for the session's slot"));
  std::vector<CK_MECHANISM_TYPE> found;
  for (const CK_MECHANISM_TYPE type : {CK_MECHANISM_TYPE{CKM_AES_KEY_WRAP_PAD},
                                       CK_MECHANISM_TYPE{CKM_AES_KEY_WRAP}}) {
    CK_MECHANISM_INFO info;
    if (module->C_GetMechanismInfo(session_info.slotID, type, &info) ==
            CKR_OK &&
        (info.flags & use) != 0) {
      found.push_back(type);
    }
  }
  if (!found.empty()) return found;
  return absl::UnimplementedError(
      "the token has neither CKM_AES_KEY_WRAP_PAD nor CKM_AES_KEY_WRAP");
}

bool IsExtractable(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                   CK_OBJECT_HANDLE key) {
  CK_BBOOL extractable = CK_FALSE;
  CK_ATTRIBUTE attribute = Attribute(CKA_EXTRACTABLE, &extractable);
  return module->C_GetAttributeValue(session, key, &attribute, 1) == CKR_OK &&
         extractable == CK_TRUE;
}

// What a token is told of a public key.
struct PublicParts {
  CK_KEY_TYPE type = CKK_EC;
  std::string ec_parameters = {};  // CKA_EC_PARAMS.
  std::string ec_point = {};       // CKA_EC_POINT: an OCTET STRING.
  std::string modulus = {}, exponent = {};
};

absl::StatusOr<PublicParts> Split(const PublicKey& key) {
  const absl::Status malformed =
      absl::InvalidArgumentError("public key: malformed");
  der::Reader in(key.spki()), spki, algorithm;
  base::Bytes oid, bits;
  if (!in.ReadSequence(spki) || !spki.ReadSequence(algorithm)) return malformed;
  PublicParts parts;
  if (key.type() == KeyType::kEd25519) {
    parts.type = CKK_EC_EDWARDS;
    parts.ec_parameters = base::ToString(algorithm.rest());
  } else if (key.type() != KeyType::kRsa) {
    if (!algorithm.ReadOid(oid)) return malformed;
    parts.ec_parameters = base::ToString(algorithm.rest());
  }
  if (!spki.ReadBitString(bits)) return malformed;
  if (key.type() != KeyType::kRsa) {
    // All points here are shorter than 256 bytes.
    parts.ec_point.assign(1, '\x04');
    if (bits.size() >= 0x80) parts.ec_point.push_back('\x81');
    parts.ec_point.push_back(static_cast<char>(bits.size()));
    base::Append(parts.ec_point, bits);
    return parts;
  }
  parts.type = CKK_RSA;
  der::Reader rsa(bits), numbers;
  base::Bytes modulus, exponent;
  if (!rsa.ReadSequence(numbers) || !numbers.ReadUnsigned(modulus) ||
      !numbers.ReadUnsigned(exponent)) {
    return malformed;
  }
  parts.modulus = base::ToString(modulus);
  parts.exponent = base::ToString(exponent);
  return parts;
}

absl::Status CreatePublicKey(const Pkcs11Module& module,
                             CK_SESSION_HANDLE session,
                             const PublicParts& parts,
                             const Pkcs11KeyName& name) {
  const CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
  const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  std::vector<CK_ATTRIBUTE> facts = {
      Attribute(CKA_CLASS, &object_class), Attribute(CKA_KEY_TYPE, &parts.type),
      Attribute(CKA_TOKEN, &yes),          Attribute(CKA_PRIVATE, &no),
      Attribute(CKA_VERIFY, &yes),         Attribute(CKA_LABEL, name.label),
      Attribute(CKA_ID, name.id),
  };
  if (parts.type == CKK_RSA) {
    facts.push_back(Attribute(CKA_MODULUS, parts.modulus));
    facts.push_back(Attribute(CKA_PUBLIC_EXPONENT, parts.exponent));
  } else {
    facts.push_back(Attribute(CKA_EC_PARAMS, parts.ec_parameters));
    facts.push_back(Attribute(CKA_EC_POINT, parts.ec_point));
  }
  CK_OBJECT_HANDLE made;
  return Pkcs11Status(
      module->C_CreateObject(session, facts.data(), facts.size(), &made),
      "storing a public key");
}

}  // namespace

absl::Status CheckNameFree(const Pkcs11Module& module,
                           CK_SESSION_HANDLE session,
                           const Pkcs11KeyName& name) {
  RETURN_IF_ERROR(
      CheckFree(module, session, CKO_PRIVATE_KEY, "private key", name));
  return CheckFree(module, session, CKO_SECRET_KEY, "secret key", name);
}

absl::Status GenerateWrappingKey(const Pkcs11Module& module,
                                 CK_SESSION_HANDLE session,
                                 const Pkcs11KeyName& name) {
  RETURN_IF_ERROR(
      CheckFree(module, session, CKO_SECRET_KEY, "secret key", name));
  const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  std::vector<CK_ATTRIBUTE> facts = {
      Attribute(CKA_TOKEN, &yes),
      Attribute(CKA_PRIVATE, &yes),
      Attribute(CKA_SENSITIVE, &yes),
      Attribute(CKA_EXTRACTABLE, &no),
      Attribute(CKA_WRAP, &yes),
      Attribute(CKA_UNWRAP, &yes),
      Attribute(CKA_ENCRYPT, &no),
      Attribute(CKA_DECRYPT, &no),
      Attribute(CKA_LABEL, name.label),
      Attribute(CKA_ID, name.id),
      Attribute(CKA_VALUE_LEN, &kAesBytes),
  };
  CK_MECHANISM generate = {CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made;
  return Pkcs11Status(module->C_GenerateKey(session, &generate, facts.data(),
                                            facts.size(), &made),
                      "generating a wrapping key");
}

absl::Status DestroyWrappingKey(const Pkcs11Module& module,
                                CK_SESSION_HANDLE session,
                                const Pkcs11KeyName& name) {
  ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE key,
                   FindWrappingKey(module, session, name));
  return Pkcs11Status(module->C_DestroyObject(session, key),
                      "destroying a wrapping key");
}

absl::StatusOr<std::string> WrapPrivateKey(const Pkcs11Module& module,
                                           CK_SESSION_HANDLE session,
                                           const Pkcs11KeyName& wrapping_key,
                                           const Pkcs11KeyName& name) {
  ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE key,
                   FindPrivateKey(module, session, name));
  if (!IsExtractable(module, session, key)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the key with ", ToString(name),
        " was made never to leave the token (CKA_EXTRACTABLE is false)"));
  }
  ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE wrapping,
                   FindWrappingKey(module, session, wrapping_key));
  ASSIGN_OR_RETURN(const auto mechanisms,
                   Mechanisms(module, session, CKF_WRAP));
  CK_MECHANISM mechanism = {mechanisms[0], nullptr, 0};
  std::string wrapped(kMaxWrapped, '\0');
  CK_ULONG size = wrapped.size();
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_WrapKey(session, &mechanism, wrapping, key,
                        reinterpret_cast<unsigned char*>(wrapped.data()),
                        &size),
      absl::StrCat("wrapping the key with ", ToString(name))));
  wrapped.resize(size);
  return wrapped;
}

absl::Status UnwrapPrivateKey(const Pkcs11Module& module,
                              CK_SESSION_HANDLE session,
                              const Pkcs11KeyName& wrapping_key,
                              base::Bytes wrapped, const PublicKey& public_key,
                              const Pkcs11KeyName& name) {
  RETURN_IF_ERROR(
      CheckFree(module, session, CKO_PRIVATE_KEY, "private key", name));
  RETURN_IF_ERROR(
      CheckFree(module, session, CKO_PUBLIC_KEY, "public key", name));
  ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE wrapping,
                   FindWrappingKey(module, session, wrapping_key));
  ASSIGN_OR_RETURN(const PublicParts parts, Split(public_key));
  ASSIGN_OR_RETURN(const auto mechanisms,
                   Mechanisms(module, session, CKF_UNWRAP));
  const CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  const CK_BBOOL yes = CK_TRUE;
  std::vector<CK_ATTRIBUTE> facts = {
      Attribute(CKA_CLASS, &object_class), Attribute(CKA_KEY_TYPE, &parts.type),
      Attribute(CKA_TOKEN, &yes),          Attribute(CKA_PRIVATE, &yes),
      Attribute(CKA_SENSITIVE, &yes),      Attribute(CKA_EXTRACTABLE, &yes),
      Attribute(CKA_SIGN, &yes),           Attribute(CKA_LABEL, name.label),
      Attribute(CKA_ID, name.id),
  };
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  CK_RV value = CKR_GENERAL_ERROR;
  for (const CK_MECHANISM_TYPE type : mechanisms) {
    CK_MECHANISM mechanism = {type, nullptr, 0};
    value = module->C_UnwrapKey(
        session, &mechanism, wrapping, const_cast<uint8_t*>(wrapped.data()),
        wrapped.size(), facts.data(), facts.size(), &made);
    if (value == CKR_OK) break;
  }
  if (value != CKR_OK) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it is not a key that ", ToString(wrapping_key),
        " has wrapped: ", Pkcs11Status(value, "unwrapping").message()));
  }
  const absl::Status stored = CreatePublicKey(module, session, parts, name);
  if (!stored.ok()) module->C_DestroyObject(session, made);
  return stored;
}

absl::Status DestroyKeyPair(const Pkcs11Module& module,
                            CK_SESSION_HANDLE session,
                            const Pkcs11KeyName& name,
                            const PublicKey& expected) {
  ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE key,
                   FindPrivateKey(module, session, name));
  ASSIGN_OR_RETURN(const PublicKey told, ReadPublicKey(module, session, key));
  if (!(told == expected)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the key with ", ToString(name),
                     " is another one: nothing was destroyed"));
  }
  RETURN_IF_ERROR(
      DestroyAll(module, session, CKO_PRIVATE_KEY, "private key", name));
  return DestroyAll(module, session, CKO_PUBLIC_KEY, "public key", name);
}

absl::Status DestroyHalfKeyPair(const Pkcs11Module& module,
                                CK_SESSION_HANDLE session,
                                const Pkcs11KeyName& name) {
  const auto key = FindPrivateKey(module, session, name);
  absl::Status other = key.status();
  if (key.ok()) other = ReadPublicKey(module, session, *key).status();
  if (other.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the key with ", ToString(name),
                     " has both halves: nothing was destroyed"));
  }
  if (!absl::IsNotFound(other)) return other;
  RETURN_IF_ERROR(
      DestroyAll(module, session, CKO_PRIVATE_KEY, "private key", name));
  return DestroyAll(module, session, CKO_PUBLIC_KEY, "public key", name);
}

}  // namespace chancery::crypto
