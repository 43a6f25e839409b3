#include "policy/a_label.h"

#include <idn2.h>

#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace chancery::policy {
namespace {

struct Idn2Free {
  void operator()(char* text) const { idn2_free(text); }
};
using Text = std::unique_ptr<char, Idn2Free>;

absl::Status Refuse(absl::string_view label, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the label ", label, " is no A-label of IDNA 2008: ", why,
                   " (RFC 5891 section 4.2)"));
}

}  // namespace

absl::Status CheckALabel(absl::string_view label) {
  const std::string a_label = absl::AsciiStrToLower(label);
  char* out = nullptr;
  int result = idn2_to_unicode_8z8z(a_label.c_str(), &out, IDN2_NO_TR46);
  const Text u_label(out);
  if (result != IDN2_OK) return Refuse(label, idn2_strerror(result));
  // Encodes the U-label, checks it, and compares.
  out = nullptr;
  result = idn2_register_u8(reinterpret_cast<const uint8_t*>(u_label.get()),
                            reinterpret_cast<const uint8_t*>(a_label.c_str()),
                            reinterpret_cast<uint8_t**>(&out), IDN2_NO_TR46);
  const Text encoded(out);
  if (result != IDN2_OK) return Refuse(label, idn2_strerror(result));
  if (a_label != encoded.get()) {
    return Refuse(label, "it is encoded in another way");
  }
  return absl::OkStatus();
}

}  // namespace chancery::policy
