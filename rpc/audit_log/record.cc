#include "rpc/audit_log/record.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "nlohmann/json.hpp"

namespace chancery::rpc {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxText = 512;
constexpr size_t kMaxNames = 32;
constexpr size_t kMaxDer = 16 << 10;
constexpr size_t kHashSize = 32;
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%E6SZ";

constexpr std::array<std::pair<AuditEvent, const char*>, 7> kEvents = {{
    {AuditEvent::kStarted, "started"},
    {AuditEvent::kStopped, "stopped"},
    {AuditEvent::kRecovered, "recovered"},
    {AuditEvent::kAllowed, "allowed"},
    {AuditEvent::kRefused, "refused"},
    {AuditEvent::kFailed, "failed"},
    {AuditEvent::kCheckpoint, "checkpoint"},
}};

// The text fields of a record, in the line's order; and where they lie.
struct TextField {
  const char* name;
  std::string AuditRecord::*field;
};
constexpr TextField kWho[] = {
    {"identity", &AuditRecord::identity}, {"role", &AuditRecord::role},
    {"action", &AuditRecord::action},     {"why", &AuditRecord::why},
    {"issuer", &AuditRecord::issuer},     {"profile", &AuditRecord::profile},
    {"serial", &AuditRecord::serial},
};
constexpr TextField kWhat[] = {
    {"object", &AuditRecord::object},
    {"request_id", &AuditRecord::request_id},
    {"requester", &AuditRecord::requester},
};

// What JSON can hold: UTF-8, and nothing in it that moves a cursor.
std::string Clean(const std::string& text) {
  if (base::IsPlainText(text)) return text;
  std::string out;
  for (absl::string_view rest = text; !rest.empty();) {
    const size_t length = base::Utf8Length(rest);
    const bool plain = length > 0 && base::IsPlainText(rest.substr(0, length));
    if (plain) {
      out.append(rest.data(), length);
    } else {
      out += "\xef\xbf\xbd";  // U+FFFD.
    }
    rest.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

// Clean, and short; again changes nothing.
std::string Clip(const std::string& dirty) {
  std::string text = Clean(dirty);
  if (text.size() <= kMaxText) return text;
  const std::string note = absl::StrCat(" (of ", dirty.size(), " bytes)");
  size_t end = kMaxText - note.size();
  // Not within a character (RFC 3629 section 3).
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + note;
}

// Writes an object's members in the order of the calls, as nlohmann would, but
// without making the object: there is a line for each decision.
class LineWriter {
 public:
  void Add(absl::string_view name, uint64_t number) {
    Name(name);
    absl::StrAppend(&out_, number);
  }
  void Add(absl::string_view name, const std::string& text) {
    Name(name);
    Append(text);
  }
  void Add(absl::string_view name, const std::vector<std::string>& texts) {
    Name(name);
    out_ += '[';
    for (size_t i = 0; i < texts.size(); ++i) {
      if (i != 0) out_ += ',';
      Append(texts[i]);
    }
    out_ += ']';
  }
  std::string Finish() && { return std::move(out_) + "}"; }

 private:
  void Name(absl::string_view name) {
    absl::StrAppend(&out_, out_.empty() ? "{\"" : ",\"", name, "\":");
  }
  void Append(const std::string& text) {
    const bool as_it_is = std::all_of(text.begin(), text.end(), [](char c) {
      return c >= ' ' && c <= '~' && c != '"' && c != '\\';
    });
    if (as_it_is) {
      absl::StrAppend(&out_, "\"", text, "\"");
      return;
    }
    // Escapes all that is not printable ASCII.
    out_ += Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
  }

  std::string out_;
};

void AddText(LineWriter& line, const char* name, const std::string& text) {
  if (!text.empty()) line.Add(name, Clip(text));
}
void AddNumber(LineWriter& line, const char* name, uint64_t number) {
  if (number != 0) line.Add(name, number);
}
void AddBase64(LineWriter& line, const char* name, const std::string& der) {
  if (!der.empty() && der.size() <= kMaxDer) {
    line.Add(name, base::Base64(base::AsBytes(der)));
  }
}

std::optional<std::string> Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return "";
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<uint64_t> Number(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return 0;
  if (!found->is_number_unsigned()) return std::nullopt;
  return found->get<uint64_t>();
}

// Each reads what is there; whether that is all and as it is written shows in
// writing it again.
bool ReadRecord(const Json& json, AuditRecord& out) {
  const auto event = Text(json, "event");
  const auto time = Text(json, "time");
  if (!event.has_value() || !time.has_value()) return false;
  for (const auto& [value, name] : kEvents) {
    if (*event == name) out.event = value;
  }
  if (!absl::ParseTime(absl::RFC3339_full, *time, &out.time, nullptr)) {
    return false;
  }
  for (const auto& fields : {std::pair{std::begin(kWho), std::end(kWho)},
                             std::pair{std::begin(kWhat), std::end(kWhat)}}) {
    for (const TextField* at = fields.first; at != fields.second; ++at) {
      auto text = Text(json, at->name);
      if (!text.has_value()) return false;
      out.*at->field = *std::move(text);
    }
  }
  if (const auto names = json.find("names"); names != json.end()) {
    if (!names->is_array()) return false;
    for (const Json& name : *names) {
      if (!name.is_string()) return false;
      out.names.push_back(name.get<std::string>());
    }
  }
  const auto left_out = Number(json, "names_left_out");
  const auto count = Number(json, "count");
  const auto times = Number(json, "times");
  const auto certificate = Text(json, "certificate");
  const auto signature = Text(json, "signature");
  if (!left_out || !count || !times || !certificate || !signature) return false;
  out.names_left_out = *left_out;
  out.count = *count;
  out.times = *times;
  out.certificate = base::FromBase64(*certificate).value_or("");
  out.signature = base::FromBase64(*signature).value_or("");
  return true;
}

}  // namespace

absl::string_view AuditEventName(AuditEvent event) {
  for (const auto& [value, name] : kEvents) {
    if (value == event) return name;
  }
  return "unknown";
}

std::string EncodeAuditLine(const AuditLine& line) {
  const AuditRecord& record = line.record;
  LineWriter out;
  out.Add("sequence", line.sequence);
  out.Add("previous", base::Hex(base::AsBytes(line.previous)));
  out.Add("time",
          absl::FormatTime(kTimeFormat, record.time, absl::UTCTimeZone()));
  out.Add("service", Clip(line.service));
  out.Add("event", std::string(AuditEventName(record.event)));
  for (const TextField& field : kWho) {
    AddText(out, field.name, record.*field.field);
  }
  const size_t shown = std::min(record.names.size(), kMaxNames);
  std::vector<std::string> names;
  for (size_t i = 0; i < shown; ++i) names.push_back(Clip(record.names[i]));
  if (!names.empty()) out.Add("names", names);
  AddNumber(out, "names_left_out",
            record.names_left_out + record.names.size() - shown);
  for (const TextField& field : kWhat) {
    AddText(out, field.name, record.*field.field);
  }
  AddNumber(out, "count", record.count);
  AddNumber(out, "times", record.times);
  AddBase64(out, "certificate", record.certificate);
  AddBase64(out, "signature", record.signature);
  return std::move(out).Finish();
}

absl::StatusOr<AuditLine> ParseAuditLine(absl::string_view text) {
  const absl::Status malformed =
      absl::InvalidArgumentError("is not a line of an audit log");
  if (text.empty() || text.size() >= kMaxAuditLine || text[0] != '{') {
    return malformed;
  }
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded() || !json.is_object()) return malformed;
  AuditLine line;
  const auto sequence = Number(json, "sequence");
  const auto previous = Text(json, "previous");
  const auto service = Text(json, "service");
  if (!sequence || !previous || !service || !ReadRecord(json, line.record)) {
    return malformed;
  }
  line.sequence = *sequence;
  line.previous = base::FromHex(*previous).value_or("");
  line.service = *service;
  if (line.previous.size() != kHashSize || EncodeAuditLine(line) != text) {
    return malformed;
  }
  return line;
}

std::string AuditLineHash(absl::string_view text) {
  return base::ToString(crypto::Sha256(base::AsBytes(text)));
}

}  // namespace chancery::rpc
