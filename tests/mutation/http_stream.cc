#include "tests/mutation/http_stream.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

namespace chancery::mutation {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string_view Trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Up to the next CRLF, which is taken too.
bool TakeLine(std::string_view& in, std::string_view& line) {
  const size_t end = in.find(kEndOfLine);
  if (end == std::string_view::npos) return false;
  line = in.substr(0, end);
  in.remove_prefix(end + kEndOfLine.size());
  return true;
}

bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           kOthers.find(c) != std::string_view::npos;
  });
}

// Field lines up to and with the empty one.
bool TakeFields(std::string_view& in, HttpFields& fields) {
  std::string_view line;
  while (TakeLine(in, line)) {
    if (line.empty()) return true;
    if (line.front() == ' ' || line.front() == '\t') {
      // RFC 9112 section 5.2: obs-fold, as a space.
      if (fields.empty()) return false;
      std::string& value = fields.back().second;
      if (!value.empty()) value += ' ';
      value += Trimmed(line);
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
      return false;
    }
    fields.emplace_back(Lower(line.substr(0, colon)),
                        Trimmed(line.substr(colon + 1)));
  }
  return false;
}

std::optional<size_t> Number(std::string_view digits, unsigned base) {
  if (digits.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    const unsigned digit =
        std::isdigit(static_cast<unsigned char>(c)) != 0
            ? static_cast<unsigned>(c - '0')
            : static_cast<unsigned>(
                  std::tolower(static_cast<unsigned char>(c)) - 'a' + 10);
    if (digit >= base || value > UINT32_MAX) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

// Content-Length; 0 without one. All that there are must be the same.
std::optional<size_t> Length(const HttpFields& fields) {
  std::optional<size_t> length;
  for (const auto& [name, value] : fields) {
    if (name != "content-length") continue;
    const auto one = Number(value, 10);
    if (!one.has_value() || (length.has_value() && length != one)) {
      return std::nullopt;
    }
    length = one;
  }
  return length.value_or(0);
}

bool TakeBytes(std::string_view& in, size_t size, std::string& out) {
  if (in.size() < size) return false;
  out.append(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

bool TakeChunks(std::string_view& in, std::string& body) {
  std::string_view line;
  while (TakeLine(in, line)) {
    const auto size = Number(Trimmed(line.substr(0, line.find(';'))), 16);
    if (!size.has_value()) return false;
    if (*size == 0) {
      HttpFields trailers;
      return TakeFields(in, trailers);
    }
    if (!TakeBytes(in, *size, body)) return false;
    if (!TakeLine(in, line) || !line.empty()) return false;
  }
  return false;
}

bool TakeRequest(std::string_view& in, SeenRequest& request) {
  std::string_view line;
  if (!TakeLine(in, line)) return false;
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(request.method) ||
      request.target.find(' ') != std::string::npos ||
      (version != "HTTP/1.1" && version != "HTTP/1.0") ||
      !TakeFields(in, request.fields)) {
    return false;
  }
  if (const std::string* coding =
          FindField(request.fields, "transfer-encoding")) {
    return Lower(*coding) == "chunked" && TakeChunks(in, request.body);
  }
  const auto length = Length(request.fields);
  return length.has_value() && TakeBytes(in, *length, request.body);
}

int HexDigit(char c) {
  const auto value = Number(std::string_view(&c, 1), 16);
  return value.has_value() ? static_cast<int>(*value) : -1;
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == ' ') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

const std::string* FindField(const HttpFields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.first == name) return &field.second;
  }
  return nullptr;
}

std::vector<SeenRequest> ReadRequests(std::string_view stream) {
  std::vector<SeenRequest> requests;
  while (true) {
    while (stream.substr(0, 2) == kEndOfLine) stream.remove_prefix(2);
    if (stream.empty()) return requests;
    SeenRequest& request = requests.emplace_back();
    request.complete = TakeRequest(stream, request);
    if (!request.complete) return requests;
  }
}

bool ReadResponse(std::string_view& in, bool has_body, SeenResponse& response) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  std::string_view rest = in, line;
  if (!TakeLine(rest, line) || line.substr(0, 9) != kVersion) return false;
  const auto status = Number(line.substr(9, 3), 10);
  if (!status.has_value() || line.substr(12, 1) != " ") return false;
  response.status = static_cast<int>(*status);
  if (!TakeFields(rest, response.fields)) return false;
  const bool without = response.status < 200 || response.status == 304;
  if (!without) {
    if (FindField(response.fields, "content-length") == nullptr) return false;
    const auto length = Length(response.fields);
    if (!length.has_value()) return false;
    if (has_body && !TakeBytes(rest, *length, response.body)) return false;
  }
  in = rest;
  return true;
}

bool ReadOcspTarget(std::string_view target, std::string& der) {
  // The absolute form: what follows the authority.
  if (Lower(target.substr(0, 4)) == "http") {
    const size_t authority = target.find("//");
    if (authority == std::string_view::npos) return false;
    target.remove_prefix(authority + 2);
    target.remove_prefix(std::min(target.find('/'), target.size()));
  }
  target = target.substr(0, target.find('?'));
  std::string base64;
  for (size_t i = 0; i < target.size(); ++i) {
    char c = target[i];
    if (c == '%') {
      if (i + 2 >= target.size()) return false;
      const int high = HexDigit(target[i + 1]), low = HexDigit(target[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '/' && base64.empty()) continue;
    if (c != '\r' && c != '\n') base64 += c;
  }
  while (!base64.empty() && base64.back() == '=') base64.pop_back();
  der.clear();
  uint32_t bits = 0;
  int count = 0;
  for (const char c : base64) {
    const int digit = Base64Digit(c);
    if (digit < 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      der += static_cast<char>(bits >> count & 0xff);
    }
  }
  return !der.empty();
}

}  // namespace chancery::mutation
