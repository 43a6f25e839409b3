#include "crypto/pkcs11_uri.h"

#include <p11-kit/uri.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace chancery::crypto {
namespace {

struct UriFree {
  void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
};
using UriPtr = std::unique_ptr<P11KitUri, UriFree>;

// A fixed field of CK_TOKEN_INFO: padded with blanks, all zero if not given.
template <size_t kSize>
std::string Field(const unsigned char (&field)[kSize]) {
  const absl::string_view text(reinterpret_cast<const char*>(field), kSize);
  if (text[0] == '\0') return "";
  return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
}

std::string Attribute(P11KitUri* uri, CK_ATTRIBUTE_TYPE type) {
  const CK_ATTRIBUTE* attribute = p11_kit_uri_get_attribute(uri, type);
  if (attribute == nullptr || attribute->pValue == nullptr) return "";
  return {static_cast<const char*>(attribute->pValue), attribute->ulValueLen};
}

std::string OrEmpty(const char* text) { return text == nullptr ? "" : text; }

absl::Status Invalid(absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("PKCS#11 URI \"", text, "\": ", what));
}

}  // namespace

absl::StatusOr<Pkcs11Uri> ParsePkcs11Uri(absl::string_view text) {
  // Before anything quotes the URI.
  if (absl::StrContains(text, "pin-value")) {
    return absl::InvalidArgumentError(
        "a PKCS#11 URI must not contain the PIN (pin-value): name a file with "
        "pin-source=file:/path or an environment variable in the "
        "configuration");
  }
  const UriPtr uri(p11_kit_uri_new());
  Pkcs11Uri out;
  out.text = std::string(text);
  const int result =
      p11_kit_uri_parse(out.text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
  if (result != P11_KIT_URI_OK) {
    return Invalid(text, p11_kit_uri_message(result));
  }
  if (p11_kit_uri_any_unrecognized(uri.get())) {
    return Invalid(text, "it has an attribute that is not in RFC 7512");
  }
  const CK_ATTRIBUTE* kind = p11_kit_uri_get_attribute(uri.get(), CKA_CLASS);
  if (kind != nullptr && kind->ulValueLen == sizeof(CK_OBJECT_CLASS) &&
      *static_cast<const CK_OBJECT_CLASS*>(kind->pValue) != CKO_PRIVATE_KEY) {
    return Invalid(text, "its type is not \"private\"");
  }

  const CK_TOKEN_INFO* token = p11_kit_uri_get_token_info(uri.get());
  out.token = Field(token->label);
  out.serial = Field(token->serialNumber);
  out.manufacturer = Field(token->manufacturerID);
  out.model = Field(token->model);
  const CK_SLOT_ID slot = p11_kit_uri_get_slot_id(uri.get());
  if (slot != static_cast<CK_SLOT_ID>(-1)) out.slot_id = slot;
  out.object = Attribute(uri.get(), CKA_LABEL);
  out.id = Attribute(uri.get(), CKA_ID);
  out.module_path = OrEmpty(p11_kit_uri_get_module_path(uri.get()));

  const std::string pin = OrEmpty(p11_kit_uri_get_pin_source(uri.get()));
  absl::string_view path = pin;
  if (absl::ConsumePrefix(&path, "file:")) absl::ConsumePrefix(&path, "//");
  if (!pin.empty() && !absl::StartsWith(path, "/")) {
    return Invalid(text, absl::StrCat("pin-source \"", pin,
                                      "\" is not an absolute path of a file"));
  }
  out.pin.file = std::string(path);
  return out;
}

}  // namespace chancery::crypto
