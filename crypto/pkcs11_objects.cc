#include "crypto/pkcs11_objects.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/key_type.h"
#include "crypto/spki.h"
#include "der/reader.h"

namespace chancery::crypto {
namespace {

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, const void* value, size_t size) {
  return {type, const_cast<void*>(value), size};
}

// At most two handles: one is enough to use, two are enough to refuse.
absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> Find(const Pkcs11Module& module,
                                                   CK_SESSION_HANDLE session,
                                                   CK_OBJECT_CLASS object_class,
                                                   const Pkcs11KeyName& name) {
  std::vector<CK_ATTRIBUTE> wanted = {
      Attribute(CKA_CLASS, &object_class, sizeof object_class)};
  if (!name.label.empty()) {
    wanted.push_back(
        Attribute(CKA_LABEL, name.label.data(), name.label.size()));
  }
  if (!name.id.empty()) {
    wanted.push_back(Attribute(CKA_ID, name.id.data(), name.id.size()));
  }
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_FindObjectsInit(session, wanted.data(), wanted.size()),
      "finding a key"));
  std::vector<CK_OBJECT_HANDLE> found(2);
  CK_ULONG count = 0;
  const CK_RV value = module->C_FindObjects(session, found.data(), 2, &count);
  module->C_FindObjectsFinal(session);
  RETURN_IF_ERROR(Pkcs11Status(value, "finding a key"));
  found.resize(count);
  return found;
}

// An attribute's value; nullopt if the token does not tell it.
absl::StatusOr<std::optional<std::string>> Read(const Pkcs11Module& module,
                                                CK_SESSION_HANDLE session,
                                                CK_OBJECT_HANDLE object,
                                                CK_ATTRIBUTE_TYPE type) {
  std::string value(8192, '\0');
  CK_ATTRIBUTE attribute = Attribute(type, value.data(), value.size());
  const CK_RV result =
      module->C_GetAttributeValue(session, object, &attribute, 1);
  if (result == CKR_ATTRIBUTE_TYPE_INVALID ||
      result == CKR_ATTRIBUTE_SENSITIVE ||
      attribute.ulValueLen == static_cast<CK_ULONG>(-1)) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(Pkcs11Status(result, "reading a key's attribute"));
  value.resize(attribute.ulValueLen);
  return value;
}

struct Curve {
  absl::string_view parameters;  // CKA_EC_PARAMS.
  KeyType type;
  size_t size;  // Of a point.
};

// RFC 5480 namedCurve; for Ed25519 also PKCS#11's own PrintableString.
constexpr Curve kCurves[] = {
    {{"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10}, KeyType::kEcP256, 65},
    {{"\x06\x05\x2b\x81\x04\x00\x22", 7}, KeyType::kEcP384, 97},
    {{"\x06\x05\x2b\x81\x04\x00\x23", 7}, KeyType::kEcP521, 133},
    {{"\x06\x03\x2b\x65\x70", 5}, KeyType::kEd25519, 32},
    {{"\x13\x0c"
      "edwards25519",
      14},
     KeyType::kEd25519,
     32},
};

absl::StatusOr<PublicKey> FromEc(const std::string& parameters,
                                 const std::string& point) {
  for (const Curve& curve : kCurves) {
    if (parameters != curve.parameters) continue;
    // CKA_EC_POINT is the DER OCTET STRING of the point. Old tokens leave the
    // header off, and a bare point starts with 04 too: its size decides.
    der::Reader in(base::AsBytes(point));
    base::Bytes bits;
    if (!in.Read(der::Tag::kOctetString, bits) || bits.size() != curve.size) {
      bits = base::AsBytes(point);
    }
    const std::string spki = SpkiFromKeyBits(curve.type, bits);
    return PublicKey::FromSpki(base::AsBytes(spki));
  }
  return absl::UnimplementedError(
      absl::StrCat("the key's curve ", base::Hex(base::AsBytes(parameters)),
                   " (DER) is not supported"));
}

absl::Status NotTold() {
  return absl::NotFoundError(
      "the token does not tell the key's public half: there is no public key "
      "object beside the private key");
}

absl::StatusOr<PublicKey> FromObject(const Pkcs11Module& module,
                                     CK_SESSION_HANDLE session,
                                     CK_OBJECT_HANDLE object) {
  ASSIGN_OR_RETURN(const auto modulus,
                   Read(module, session, object, CKA_MODULUS));
  if (modulus && !modulus->empty()) {
    ASSIGN_OR_RETURN(const auto exponent,
                     Read(module, session, object, CKA_PUBLIC_EXPONENT));
    if (!exponent || exponent->empty()) return NotTold();
    const std::string spki =
        SpkiFromRsa(base::AsBytes(*modulus), base::AsBytes(*exponent));
    return PublicKey::FromSpki(base::AsBytes(spki));
  }
  ASSIGN_OR_RETURN(const auto parameters,
                   Read(module, session, object, CKA_EC_PARAMS));
  ASSIGN_OR_RETURN(const auto point,
                   Read(module, session, object, CKA_EC_POINT));
  if (!parameters || !point || point->empty()) return NotTold();
  return FromEc(*parameters, *point);
}

absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> AllOf(
    const Pkcs11Module& module, CK_SESSION_HANDLE session,
    CK_OBJECT_CLASS object_class) {
  return FindObjects(module, session,
                     {Attribute(CKA_CLASS, &object_class, sizeof object_class)},
                     "listing keys");
}

}  // namespace

absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> FindObjects(
    const Pkcs11Module& module, CK_SESSION_HANDLE session,
    std::vector<CK_ATTRIBUTE> wanted, absl::string_view what) {
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_FindObjectsInit(session, wanted.data(), wanted.size()), what));
  std::vector<CK_OBJECT_HANDLE> found;
  CK_RV value = CKR_OK;
  for (CK_ULONG count = 1; value == CKR_OK && count > 0;) {
    CK_OBJECT_HANDLE some[16];
    count = 0;
    value = module->C_FindObjects(session, some, 16, &count);
    if (value == CKR_OK) found.insert(found.end(), some, some + count);
  }
  module->C_FindObjectsFinal(session);
  RETURN_IF_ERROR(Pkcs11Status(value, what));
  return found;
}

absl::Status CheckLoggedIn(const Pkcs11Module& module,
                           CK_SESSION_HANDLE session) {
  CK_SESSION_INFO info;
  RETURN_IF_ERROR(Pkcs11Status(module->C_GetSessionInfo(session, &info),
                               "asking for the session's state"));
  const bool logged_in = info.state != CKS_RO_PUBLIC_SESSION &&
                         info.state != CKS_RW_PUBLIC_SESSION;
  return Pkcs11Status(logged_in ? CKR_OK : CKR_USER_NOT_LOGGED_IN,
                      "asking for the session's state");
}

std::string ToString(const Pkcs11KeyName& name) {
  std::string out;
  if (!name.label.empty()) absl::StrAppend(&out, "label=", name.label);
  if (!name.id.empty()) {
    absl::StrAppend(&out, out.empty() ? "" : ";",
                    "id=", base::Hex(base::AsBytes(name.id)));
  }
  return out;
}

absl::StatusOr<CK_OBJECT_HANDLE> FindPrivateKey(const Pkcs11Module& module,
                                                CK_SESSION_HANDLE session,
                                                const Pkcs11KeyName& name) {
  ASSIGN_OR_RETURN(const auto found,
                   Find(module, session, CKO_PRIVATE_KEY, name));
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    // Private keys are invisible before the login.
    RETURN_IF_ERROR(CheckLoggedIn(module, session));
    return absl::NotFoundError(
        absl::StrCat("no private key has ", ToString(name)));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "several private keys have ", ToString(name), "; name one by its id"));
}

absl::StatusOr<PublicKey> ReadPublicKey(const Pkcs11Module& module,
                                        CK_SESSION_HANDLE session,
                                        CK_OBJECT_HANDLE private_key) {
  Pkcs11KeyName name;
  ASSIGN_OR_RETURN(auto id, Read(module, session, private_key, CKA_ID));
  if (id && !id->empty()) {
    name.id = *std::move(id);
  } else {
    ASSIGN_OR_RETURN(auto label, Read(module, session, private_key, CKA_LABEL));
    if (label) name.label = *std::move(label);
  }
  if (!name.id.empty() || !name.label.empty()) {
    ASSIGN_OR_RETURN(const auto found,
                     Find(module, session, CKO_PUBLIC_KEY, name));
    if (found.size() > 1) {
      return absl::FailedPreconditionError(
          absl::StrCat("several public keys have ", ToString(name)));
    }
    if (found.size() == 1) return FromObject(module, session, found[0]);
  }
  return FromObject(module, session, private_key);
}

absl::StatusOr<std::vector<TokenKey>> ListKeys(const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
  std::map<std::pair<std::string, std::string>, TokenKey> keys;
  for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
    ASSIGN_OR_RETURN(const auto objects, AllOf(module, session, object_class));
    for (const CK_OBJECT_HANDLE object : objects) {
      ASSIGN_OR_RETURN(const auto label,
                       Read(module, session, object, CKA_LABEL));
      ASSIGN_OR_RETURN(const auto id, Read(module, session, object, CKA_ID));
      TokenKey& key = keys[{label.value_or(""), id.value_or("")}];
      key.label = label.value_or("");
      key.id = id.value_or("");
      (object_class == CKO_PRIVATE_KEY ? key.private_half : key.public_half) =
          true;
    }
  }
  RETURN_IF_ERROR(CheckLoggedIn(module, session));
  std::vector<TokenKey> out;
  for (auto& [name, key] : keys) out.push_back(std::move(key));
  return out;
}

bool AlwaysAuthenticate(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                        CK_OBJECT_HANDLE private_key) {
  CK_BBOOL always = CK_FALSE;
  CK_ATTRIBUTE attribute =
      Attribute(CKA_ALWAYS_AUTHENTICATE, &always, sizeof always);
  return module->C_GetAttributeValue(session, private_key, &attribute, 1) ==
             CKR_OK &&
         always == CK_TRUE;
}

}  // namespace chancery::crypto
