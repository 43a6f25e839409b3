#include "policy/email_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "policy/dns_name.h"

namespace chancery::policy {
namespace {

// Atom = 1*atext (RFC 5322 section 3.2.3).
bool IsAtom(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("!#$%&'*+-/=?^_`{|}~").find(c) !=
               absl::string_view::npos;
  });
}

// Dot-string = Atom *("." Atom)
bool IsDotString(absl::string_view text) {
  for (absl::string_view atom : absl::StrSplit(text, '.')) {
    if (!IsAtom(atom)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> NormalizeEmailName(absl::string_view address) {
  const size_t at = address.rfind('@');
  if (at == absl::string_view::npos || at > 64 ||
      !IsDotString(address.substr(0, at))) {
    return absl::InvalidArgumentError(
        absl::StrCat("email name \"", absl::CHexEscape(address),
                     "\": local@host is allowed, without quotes (RFC 5280 "
                     "section 4.2.1.6)"));
  }
  ASSIGN_OR_RETURN(const std::string host,
                   NormalizeDnsName(address.substr(at + 1), false));
  return absl::StrCat(address.substr(0, at + 1), host);
}

}  // namespace chancery::policy
