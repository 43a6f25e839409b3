#include "tools/chancery/text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "x509/crl/reason.h"

namespace chancery::cli {
namespace {

// Those that a certificate is revoked for: 8 belongs to delta CRLs.
constexpr std::array kReasons = {0, 1, 2, 3, 4, 5, 6, 9, 10};

// Characters rather than bytes, so that columns of UTF-8 text line up.
size_t Width(absl::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (c & 0xc0) != 0x80; });
}

void AppendRow(const std::vector<std::string>& row,
               const std::vector<size_t>& widths, std::string& out) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string cell = Printable(row[i]);
    absl::StrAppend(&line, cell);
    if (i + 1 < row.size()) line.append(widths[i] - Width(cell) + 2, ' ');
  }
  absl::StrAppend(&out, absl::StripTrailingAsciiWhitespace(line), "\n");
}

}  // namespace

std::string Printable(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next =
        static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    // U+0080 to U+009F are control characters too.
    const bool c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
    if (c < 0x20 || c == 0x7f || c1) {
      absl::StrAppendFormat(&out, "\\x%02x", c1 ? next : c);
      if (c1) ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < header.size(); ++i) {
    size_t width = Width(header[i]);
    for (const auto& row : rows) {
      width = std::max(width, Width(Printable(row[i])));
    }
    widths.push_back(width);
  }
  std::string out;
  AppendRow(header, widths, out);
  for (const auto& row : rows) AppendRow(row, widths, out);
  return out;
}

std::string FormatFacts(
    const std::vector<std::pair<std::string, std::string>>& facts) {
  size_t widest = 0;
  for (const auto& [name, value] : facts) {
    widest = std::max(widest, Width(name));
  }
  std::string out;
  for (const auto& [name, value] : facts) {
    absl::StrAppend(&out, name, ":", std::string(widest - Width(name) + 2, ' '),
                    Printable(value), "\n");
  }
  return out;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> ParseTimeOption(absl::string_view option,
                                           const std::string& text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error) ||
      absl::ParseTime("%Y-%m-%d", text, absl::UTCTimeZone(), &time, &error)) {
    return time;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": value `", text,
                   "`: must be a time as in 2026-11-23T19:15:48Z, or a day as "
                   "in 2026-11-23"));
}

absl::StatusOr<std::string> ParseSerial(absl::string_view text) {
  std::string digits = absl::StrReplaceAll(text, {{":", ""}, {" ", ""}});
  if (absl::StartsWithIgnoreCase(digits, "serial=")) digits.erase(0, 7);
  if (absl::StartsWithIgnoreCase(digits, "0x")) digits.erase(0, 2);
  if (digits.size() % 2 != 0) digits.insert(digits.begin(), '0');
  std::optional<std::string> bytes = base::FromHex(digits);
  if (bytes.has_value()) {
    bytes->erase(0, std::min(bytes->find_first_not_of('\0'), bytes->size()));
  }
  if (!bytes.has_value() || bytes->empty() || bytes->size() > 20) {
    return absl::InvalidArgumentError(
        absl::StrCat("serial: value `", text,
                     "`: must be 1 to 40 hexadecimal digits and not zero, as "
                     "`openssl x509 -noout -serial` prints it"));
  }
  return *std::move(bytes);
}

std::string FormatSerial(base::Bytes serial) { return base::Hex(serial); }

absl::StatusOr<int> ParseReason(absl::string_view text) {
  int number = -1;
  const bool numeric = absl::SimpleAtoi(text, &number);
  const std::string plain =
      absl::AsciiStrToLower(absl::StrReplaceAll(text, {{"-", ""}, {"_", ""}}));
  std::string known;
  for (const int reason : kReasons) {
    const absl::string_view name = x509::CrlReasonName(reason);
    if (numeric ? reason == number : plain == absl::AsciiStrToLower(name)) {
      return reason;
    }
    absl::StrAppend(&known, known.empty() ? "" : ", ", name, " (", reason, ")");
  }
  return absl::InvalidArgumentError(absl::StrCat("must be one of ", known));
}

absl::StatusOr<int> ParseReasonOption(absl::string_view text) {
  auto reason = ParseReason(text);
  if (reason.ok()) return reason;
  return absl::InvalidArgumentError(absl::StrCat(
      "--reason: value `", text, "`: ", reason.status().message()));
}

std::string ReasonName(int reason) {
  const absl::string_view name = x509::CrlReasonName(reason);
  return name.empty() ? absl::StrCat("reason ", reason) : std::string(name);
}

}  // namespace chancery::cli
