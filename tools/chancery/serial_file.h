// A file of serial numbers, as `chancery revoke --file` takes it.
//
//   # Keys that were in the image of 2026-11-28.
//   01ab9f00c1
//   issuing 01:ab:9f:00:c2
#ifndef CHANCERY_TOOLS_CHANCERY_SERIAL_FILE_H_
#define CHANCERY_TOOLS_CHANCERY_SERIAL_FILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::cli {

// Issuer, "" where a line names none, to its serials (magnitudes), sorted as
// numbers, each once.
using SerialList = std::map<std::string, std::vector<std::string>>;

// One serial a line, hexadecimal, perhaps after the name of its issuer. What
// follows a # is a comment. InvalidArgument names the lines that are neither,
// the first ten of them, or says that there is no serial.
absl::StatusOr<SerialList> ParseSerialFile(absl::string_view text);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_SERIAL_FILE_H_
