#include "rpc/config.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace chancery::rpc {
namespace {

constexpr size_t kMaxConfigBytes = 4 << 20;
constexpr size_t kMaxMistakes = 10;

// Collects "file:line:column: what is wrong", the first few.
class Mistakes final : public google::protobuf::io::ErrorCollector {
 public:
  explicit Mistakes(const std::string& path) : path_(path) {}

  // Both count from 0; a negative line means the whole file.
  void AddError(int line, int column, const std::string& message) override {
    if (found_.size() == kMaxMistakes) return;
    found_.push_back(line < 0 ? absl::StrCat(path_, ": ", message)
                              : absl::StrCat(path_, ":", line + 1, ":",
                                             column + 1, ": ", message));
  }
  // The parser only warns of what it would drop or change: an error to us.
  void AddWarning(int line, int column, const std::string& message) override {
    AddError(line, column, message);
  }

  const std::vector<std::string>& found() const { return found_; }

 private:
  const std::string& path_;
  std::vector<std::string> found_;
};

}  // namespace

absl::Status LoadTextproto(const std::string& path,
                           google::protobuf::Message& message) {
  ASSIGN_OR_RETURN(const std::string text,
                   base::ReadFile(path, kMaxConfigBytes));
  return ParseTextproto(text, path, message);
}

absl::Status ParseTextproto(const std::string& text, const std::string& path,
                            google::protobuf::Message& message) {
  Mistakes mistakes(path);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&mistakes);
  parser.SetRecursionLimit(32);
  const bool parsed = parser.ParseFromString(text, &message);
  if (!mistakes.found().empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(mistakes.found(), "\n"));
  }
  if (!parsed) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not a textproto of ", message.GetTypeName()));
  }
  return absl::OkStatus();
}

absl::Status ConfigError(absl::string_view field, absl::string_view value,
                         absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("field `", field, "`: value `", value, "`: ", rule));
}

absl::Status RequireSet(absl::string_view field, absl::string_view value) {
  if (!value.empty()) return absl::OkStatus();
  return ConfigError(field, "", "is required");
}

}  // namespace chancery::rpc
