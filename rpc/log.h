// One line on stderr for each event, for people (text) or machines (JSON).
//
//   log.Info("block_signed", {{"block", id}, {"records", 4096}});
//   2026-11-23T18:44:58.123Z INFO block_signed block=07ab records=4096
//   {"time":"2026-11-23T18:44:58.123Z","level":"info","event":"block_signed",
//    "block":"07ab","records":4096}                       (one line)
#ifndef CHANCERY_RPC_LOG_H_
#define CHANCERY_RPC_LOG_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/secret.h"

namespace chancery::rpc {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  bool json = false;
  LogLevel level = LogLevel::kInfo;  // Events below it are dropped.
};

// A name (a constant of ours: lower case, not "time", "level" or "event") and a
// value. Values may hold any bytes: what is not UTF-8 is replaced, control
// characters are escaped. A Secret cannot be a value.
class LogField {
 public:
  using Value = std::variant<std::string, int64_t, uint64_t, double, bool>;

  LogField(absl::string_view name, absl::string_view value)
      : name_(name), value_(std::string(value)) {}
  LogField(absl::string_view name, const char* value)
      : LogField(name, absl::string_view(value)) {}
  LogField(absl::string_view name, const std::string& value)
      : LogField(name, absl::string_view(value)) {}
  LogField(absl::string_view name, bool value) : name_(name), value_(value) {}
  LogField(absl::string_view name, double value) : name_(name), value_(value) {}
  template <std::signed_integral T>
  LogField(absl::string_view name, T value)
      : name_(name), value_(int64_t{value}) {}
  template <std::unsigned_integral T>
  LogField(absl::string_view name, T value)
      : name_(name), value_(uint64_t{value}) {}
  LogField(absl::string_view name, const absl::Status& status);
  LogField(absl::string_view name, absl::Duration duration);  // Seconds.
  LogField(absl::string_view name, absl::Time time);
  LogField(absl::string_view name, const base::Secret& secret) = delete;

  absl::string_view name() const { return name_; }
  const Value& value() const { return value_; }

 private:
  absl::string_view name_;
  Value value_;
};

// Thread-safe; lines of different threads do not mix.
class Log {
 public:
  // Writes to stderr. `clock` must outlive it.
  Log(const LogOptions& options, const base::Clock& clock);
  // As above, to `out`, which must outlive it.
  Log(const LogOptions& options, const base::Clock& clock, std::ostream& out);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  using Fields = std::initializer_list<LogField>;
  void Debug(absl::string_view event, Fields fields = {}) const;
  void Info(absl::string_view event, Fields fields = {}) const;
  void Warning(absl::string_view event, Fields fields = {}) const;
  void Error(absl::string_view event, Fields fields = {}) const;

 private:
  struct Sink;
  void Write(LogLevel level, absl::string_view event, Fields fields) const;

  const LogOptions options_;
  const base::Clock& clock_;
  const std::unique_ptr<Sink> sink_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_LOG_H_
