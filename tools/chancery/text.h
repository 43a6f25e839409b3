// Text for people: tables, lists of facts, times, serial numbers, reasons.
#ifndef CHANCERY_TOOLS_CHANCERY_TEXT_H_
#define CHANCERY_TOOLS_CHANCERY_TEXT_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"

namespace chancery::cli {

// `text` with control characters written as \xNN: names in certificates come
// from strangers and must not steer the terminal.
std::string Printable(absl::string_view text);

// Columns wide enough for what is in them; a line for each row.
std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows);

// "name:   value", one a line, with the values in one column.
std::string FormatFacts(
    const std::vector<std::pair<std::string, std::string>>& facts);

// "2026-11-23T19:15:48Z".
std::string TimeText(absl::Time time);

// RFC 3339, or a day ("2026-11-23": its first second, UTC). InvalidArgument
// names the option.
absl::StatusOr<absl::Time> ParseTimeOption(absl::string_view option,
                                           const std::string& text);

// "01ab9f...", as in the output of openssl. Case, colons, spaces and "0x" do
// not matter. The result is the magnitude without leading zero octets.
// InvalidArgument unless it is a positive number of at most 20 octets.
absl::StatusOr<std::string> ParseSerial(absl::string_view text);
std::string FormatSerial(base::Bytes serial);

// A CRLReason (RFC 5280 section 5.3.1): its name in any case ("keyCompromise",
// "key-compromise") or its number. InvalidArgument lists those that exist.
absl::StatusOr<int> ParseReason(absl::string_view text);
// The same of the option --reason, which errors name with its value.
absl::StatusOr<int> ParseReasonOption(absl::string_view text);
// "keyCompromise"; "reason 7" for one that has no name.
std::string ReasonName(int reason);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_TEXT_H_
