#include "rpc/log.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "spdlog/logger.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace chancery::rpc {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%E3SZ";

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime(kTimeFormat, time, absl::UTCTimeZone());
}

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string ToText(const std::string& value) {
  bool plain = !value.empty();
  for (const char c : value) {
    plain =
        plain && absl::ascii_isgraph(c) && c != '"' && c != '=' && c != '\\';
  }
  if (plain) return value;
  return absl::StrCat("\"", absl::Utf8SafeCEscape(value), "\"");
}
std::string ToText(bool value) { return value ? "true" : "false"; }
template <typename Number>
std::string ToText(Number value) {
  return absl::StrCat(value);
}

std::string TextLine(absl::Time now, LogLevel level, absl::string_view event,
                     Log::Fields fields) {
  std::string line = absl::StrCat(
      Rfc3339(now), " ", absl::AsciiStrToUpper(LevelName(level)), " ", event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.name(), "=",
                    std::visit([](const auto& value) { return ToText(value); },
                               field.value()));
  }
  return line;
}

std::string JsonLine(absl::Time now, LogLevel level, absl::string_view event,
                     Log::Fields fields) {
  Json line;
  line["time"] = Rfc3339(now);
  line["level"] = LevelName(level);
  line["event"] = std::string(event);
  for (const LogField& field : fields) {
    std::visit(
        [&](const auto& value) { line[std::string(field.name())] = value; },
        field.value());
  }
  // What is not UTF-8 becomes U+FFFD; an infinite or missing number is null.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

LogField::LogField(absl::string_view name, const absl::Status& status)
    : LogField(name, absl::string_view(status.ToString())) {}
LogField::LogField(absl::string_view name, absl::Duration duration)
    : LogField(name, absl::ToDoubleSeconds(duration)) {}
LogField::LogField(absl::string_view name, absl::Time time)
    : LogField(name, absl::string_view(Rfc3339(time))) {}

struct Log::Sink {
  explicit Sink(spdlog::sink_ptr sink) : logger("chancery", std::move(sink)) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
  }
  spdlog::logger logger;
};

Log::Log(const LogOptions& options, const base::Clock& clock)
    : options_(options),
      clock_(clock),
      sink_(std::make_unique<Sink>(
          std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Log::Log(const LogOptions& options, const base::Clock& clock, std::ostream& out)
    : options_(options),
      clock_(clock),
      sink_(std::make_unique<Sink>(
          std::make_shared<spdlog::sinks::ostream_sink_mt>(out))) {}

Log::~Log() = default;

void Log::Write(LogLevel level, absl::string_view event, Fields fields) const {
  if (level < options_.level) return;
  const std::string line =
      (options_.json ? JsonLine : TextLine)(clock_.Now(), level, event, fields);
  // As one argument: the line is data, not a format.
  sink_->logger.log(spdlog::level::info, spdlog::string_view_t(line));
}

void Log::Debug(absl::string_view event, Fields fields) const {
  Write(LogLevel::kDebug, event, fields);
}
void Log::Info(absl::string_view event, Fields fields) const {
  Write(LogLevel::kInfo, event, fields);
}
void Log::Warning(absl::string_view event, Fields fields) const {
  Write(LogLevel::kWarning, event, fields);
}
void Log::Error(absl::string_view event, Fields fields) const {
  Write(LogLevel::kError, event, fields);
}

}  // namespace chancery::rpc
