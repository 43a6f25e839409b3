#include "policy/dns_name.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "policy/a_label.h"

namespace chancery::policy {
namespace {

absl::Status Refuse(absl::string_view name, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("DNS name \"", absl::CHexEscape(name), "\": ", rule));
}

bool IsLabelCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isascii(static_cast<unsigned char>(c));
  });
}

}  // namespace

absl::StatusOr<std::string> NormalizeDnsName(absl::string_view name,
                                             bool allow_wildcard) {
  if (name.empty() || name.size() > 253)
    return Refuse(name, "1 to 253 characters are allowed");
  std::vector<absl::string_view> labels = absl::StrSplit(name, '.');
  size_t first = 0;
  if (labels[0] == "*") {
    if (!allow_wildcard) return Refuse(name, "the profile allows no wildcards");
    if (labels.size() < 3)
      return Refuse(name, "a wildcard stands above at least two labels");
    first = 1;
  }
  for (size_t i = first; i < labels.size(); ++i) {
    const absl::string_view label = labels[i];
    if (label.empty() || label.size() > 63) {
      return Refuse(name, "a label has 1 to 63 characters");
    }
    if (!std::all_of(label.begin(), label.end(), IsLabelCharacter)) {
      return Refuse(
          name, IsAscii(label)
                    ? "a label has letters, digits and hyphens; a wildcard is "
                      "the whole first label"
                    : "international labels are written as A-labels, which "
                      "begin with xn-- (RFC 5280 section 7.2)");
    }
    if (label.front() == '-' || label.back() == '-') {
      return Refuse(name, "a label neither begins nor ends with a hyphen");
    }
    if (label.size() >= 4 && label.substr(2, 2) == "--") {
      if (!absl::StartsWithIgnoreCase(label, "xn--")) {
        return Refuse(name,
                      "\"--\" there is reserved (RFC 5891 section 4.2.3.1)");
      }
      const absl::Status checked = CheckALabel(label);
      if (!checked.ok()) return Refuse(name, checked.message());
    }
  }
  const absl::string_view last = labels.back();
  if (std::all_of(last.begin(), last.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      })) {
    return Refuse(name,
                  "the last label is not a number: addresses are IP names");
  }
  return absl::AsciiStrToLower(name);
}

}  // namespace chancery::policy
