#include "tests/bench/answers.h"

#include <string.h>

#include <charconv>

namespace chancery::bench {
namespace {

constexpr std::string_view kContentLength = "ontent-Length: ";
constexpr std::string_view kUnauthorized{"\x30\x03\x0a\x01\x06", 5};
constexpr std::string_view kSuccessful{"\x0a\x01\x00", 3};

const char* Find(std::string_view in, std::string_view what) {
  return static_cast<const char*>(
      memmem(in.data(), in.size(), what.data(), what.size()));
}

}  // namespace

std::optional<HttpAnswer> ParseAnswer(std::string_view in) {
  const char* const end = Find(in, "\r\n\r\n");
  if (end == nullptr) return std::nullopt;
  const size_t header = static_cast<size_t>(end - in.data()) + 4;
  const char* const length = Find(in.substr(0, header), kContentLength);
  HttpAnswer answer{.size = header};
  size_t body = 0;
  if (length == nullptr || in.size() < 12 || !in.starts_with("HTTP/1.1 ") ||
      std::from_chars(length + kContentLength.size(), end, body).ec !=
          std::errc()) {
    return answer;
  }
  if (in.size() - header < body) return std::nullopt;
  std::from_chars(in.data() + 9, in.data() + 12, answer.status);
  answer.body = in.substr(header, body);
  answer.size += body;
  return answer;
}

std::string CheckAnswer(const HttpAnswer& answer, const Serial& serial,
                        const Expected& expected) {
  if (answer.status != 200) {
    return "HTTP status " + std::to_string(answer.status);
  }
  const std::string_view body = answer.body;
  if (!expected.known) {
    return body == kUnauthorized ? "" : "not `unauthorized` for an unknown one";
  }
  if (body.size() < 128 || body[0] != 0x30 ||
      static_cast<uint8_t>(body[1]) != 0x82 ||
      body.size() != 4 + (static_cast<uint8_t>(body[2]) * size_t{256} +
                          static_cast<uint8_t>(body[3])) ||
      body.substr(4, 3) != kSuccessful) {
    return "not a whole successful OCSPResponse";
  }
  const std::string_view name(reinterpret_cast<const char*>(serial.data()),
                              serial.size());
  const char* const found = Find(body, name);
  if (found == nullptr) return "about another certificate";
  // CertStatus follows the serial: good [0], revoked [1].
  const size_t at = static_cast<size_t>(found - body.data()) + serial.size();
  const uint8_t status =
      at < body.size() ? static_cast<uint8_t>(body[at]) : uint8_t{0};
  if (status != (expected.revoked ? 0xa1 : 0x80)) {
    return expected.revoked ? "not revoked, but it is" : "not good, but it is";
  }
  return "";
}

}  // namespace chancery::bench
