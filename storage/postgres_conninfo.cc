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
      // While an answer is waited for; seconds.
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
  };
  for (const PQconninfoOption* option = parsed.get();
       option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings[option->keyword] = option->val;
  }
  // Of several servers one is the primary; the others only read.
  const bool several = settings["host"].find(',') != std::string::npos ||
                       settings["hostaddr"].find(',') != std::string::npos;
  if (several) settings.try_emplace("target_session_attrs", "read-write");
  std::string out;
  for (const auto& [key, value] : settings) {
    if (value.empty()) continue;
    absl::StrAppend(&out, key, "='",
                    absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}),
                    "' ");
  }
  return out;
}

}  // namespace chancery::storage
