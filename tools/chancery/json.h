// JSON as the commands print it: objects with their members in the order in
// which they were set.
#ifndef CHANCERY_TOOLS_CHANCERY_JSON_H_
#define CHANCERY_TOOLS_CHANCERY_JSON_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace chancery::cli {

class JsonObject {
 public:
  JsonObject();
  ~JsonObject();
  JsonObject(const JsonObject& other);
  JsonObject& operator=(const JsonObject& other);
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(JsonObject&&) noexcept;

  JsonObject& SetText(absl::string_view name, absl::string_view value);
  JsonObject& SetNumber(absl::string_view name, int64_t value);
  JsonObject& SetBool(absl::string_view name, bool value);
  JsonObject& SetNull(absl::string_view name);
  JsonObject& SetNumbers(absl::string_view name,
                         const std::vector<int64_t>& values);
  JsonObject& SetTexts(absl::string_view name,
                       const std::vector<std::string>& values);
  JsonObject& SetObject(absl::string_view name, const JsonObject& value);
  JsonObject& SetObjects(absl::string_view name,
                         const std::vector<JsonObject>& values);

  // Indented, with a line's end. Bytes that are not UTF-8 become U+FFFD.
  std::string Print() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_JSON_H_
