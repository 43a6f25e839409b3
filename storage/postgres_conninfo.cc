#include "storage/postgres_conninfo.h"

#include <postgresql/libpq-fe.h>

#include <map>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace chancery::storage {

absl::StatusOr<std::string> CompleteConninfo(const std::string& conninfo) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(conninfo.c_str(), &error), PQconninfoFree);
  PQfreemem(error);
  if (parsed == nullptr || conninfo.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        "PostgreSQL: the connection string is not one that libpq takes: write "
        "key='value' pairs or a postgresql:// URI");
  }
  std::map<std::string, std::string> settings = {
      {"application_name", "chancery"},
      {"connect_timeout", "5"},       // Seconds.
      {"tcp_user_timeout", "10000"},  // Milliseconds.
  };
  for (const PQconninfoOption* option = parsed.get();
       option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings[option->keyword] = option->val;
  }
  std::string out;
  for (const auto& [key, value] : settings) {
    absl::StrAppend(&out, key, "='",
                    absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}),
                    "' ");
  }
  return out;
}

}  // namespace chancery::storage
