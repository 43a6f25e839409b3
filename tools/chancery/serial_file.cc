#include "tools/chancery/serial_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ledger/revocation_order.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

constexpr size_t kNamedLines = 10;
constexpr size_t kShownLine = 80;

}  // namespace

absl::StatusOr<SerialList> ParseSerialFile(absl::string_view text) {
  SerialList list;
  std::string bad;
  size_t bad_lines = 0, number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view content = line.substr(0, line.find('#'));
    const std::vector<absl::string_view> words =
        absl::StrSplit(content, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty()) continue;
    auto serial = ParseSerial(words.back());
    if (words.size() <= 2 && serial.ok()) {
      const absl::string_view issuer = words.size() == 2 ? words[0] : "";
      list[std::string(issuer)].push_back(*std::move(serial));
      continue;
    }
    if (++bad_lines > kNamedLines) continue;
    absl::StrAppend(&bad, "\n  line ", number, ": `",
                    Printable(line.substr(0, kShownLine)), "`");
  }
  if (bad_lines > 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        bad_lines, bad_lines == 1 ? " line is" : " lines are",
        " no serial of 1 to 40 hexadecimal digits, perhaps after an issuer's "
        "name:",
        bad, bad_lines > kNamedLines ? "\n  ..." : ""));
  }
  if (list.empty()) return absl::InvalidArgumentError("it has no serial");
  for (auto& [issuer, serials] : list) ledger::SortSerials(serials);
  return list;
}

}  // namespace chancery::cli
