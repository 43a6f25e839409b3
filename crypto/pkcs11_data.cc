#include "crypto/pkcs11_data.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "crypto/pkcs11_objects.h"

namespace chancery::crypto {
namespace {

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, absl::string_view value) {
  return {type, const_cast<char*>(value.data()), value.size()};
}

template <typename T>
CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, const T* value) {
  return {type, const_cast<T*>(value), sizeof(T)};
}

absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> Find(const Pkcs11Module& module,
                                                   CK_SESSION_HANDLE session,
                                                   const std::string& label) {
  const CK_OBJECT_CLASS data = CKO_DATA;
  ASSIGN_OR_RETURN(
      const std::vector<CK_OBJECT_HANDLE> found,
      FindObjects(
          module, session,
          {Attribute(CKA_CLASS, &data),
           Attribute(CKA_APPLICATION, absl::string_view(kPkcs11Application)),
           Attribute(CKA_LABEL, label)},
          "finding data"));
  RETURN_IF_ERROR(CheckLoggedIn(module, session));
  return found;
}

absl::StatusOr<std::string> Read(const Pkcs11Module& module,
                                 CK_SESSION_HANDLE session,
                                 CK_OBJECT_HANDLE object) {
  std::string value(kMaxPkcs11Data, '\0');
  CK_ATTRIBUTE attribute = Attribute(CKA_VALUE, value);
  const CK_RV result =
      module->C_GetAttributeValue(session, object, &attribute, 1);
  if (result == CKR_BUFFER_TOO_SMALL) return std::string();
  RETURN_IF_ERROR(Pkcs11Status(result, "reading data"));
  value.resize(std::min<size_t>(attribute.ulValueLen, value.size()));
  return value;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadData(const Pkcs11Module& module,
                                                  CK_SESSION_HANDLE session,
                                                  const std::string& label) {
  ASSIGN_OR_RETURN(const auto objects, Find(module, session, label));
  std::vector<std::string> values;
  for (const CK_OBJECT_HANDLE object : objects) {
    ASSIGN_OR_RETURN(values.emplace_back(), Read(module, session, object));
  }
  return values;
}

absl::Status ReplaceData(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                         const std::string& label, base::Bytes value) {
  if (value.size() > kMaxPkcs11Data) {
    return absl::InvalidArgumentError(
        absl::StrCat("data for a token: ", value.size(), " bytes, at most ",
                     kMaxPkcs11Data));
  }
  ASSIGN_OR_RETURN(const auto old, Find(module, session, label));
  const CK_OBJECT_CLASS data = CKO_DATA;
  const CK_BBOOL yes = CK_TRUE;
  const std::string bytes(value.begin(), value.end());
  std::vector<CK_ATTRIBUTE> facts = {
      Attribute(CKA_CLASS, &data),
      Attribute(CKA_TOKEN, &yes),
      Attribute(CKA_PRIVATE, &yes),
      Attribute(CKA_APPLICATION, absl::string_view(kPkcs11Application)),
      Attribute(CKA_LABEL, label),
      Attribute(CKA_VALUE, bytes)};
  CK_OBJECT_HANDLE made;
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_CreateObject(session, facts.data(), facts.size(), &made),
      "keeping data in the token"));
  // A crash before this leaves two whole ones.
  for (const CK_OBJECT_HANDLE object : old) {
    RETURN_IF_ERROR(Pkcs11Status(module->C_DestroyObject(session, object),
                                 "destroying old data"));
  }
  return absl::OkStatus();
}

}  // namespace chancery::crypto
