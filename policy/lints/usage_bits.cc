#include "policy/lints/usage_bits.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace chancery::policy::lints::usage {

std::string Text(uint32_t bits) {
  static constexpr const char* kNames[] = {
      "digitalSignature", "nonRepudiation", "keyEncipherment",
      "dataEncipherment", "keyAgreement",   "keyCertSign",
      "cRLSign",          "encipherOnly",   "decipherOnly"};
  std::string text;
  for (uint32_t bit = 0; bit < std::size(kNames); ++bit) {
    if ((bits >> bit & 1) == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", kNames[bit]);
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace chancery::policy::lints::usage
