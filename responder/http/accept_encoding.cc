#include "responder/http/accept_encoding.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace chancery::responder {
namespace {

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths.
std::optional<int> ParseWeight(absl::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) {
    return std::nullopt;
  }
  int weight = (text[0] - '0') * 1000;
  if (text.size() == 1) return weight;
  if (text[1] != '.') return std::nullopt;
  int scale = 100;
  for (const char digit : text.substr(2)) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(digit))) {
      return std::nullopt;
    }
    weight += (digit - '0') * scale;
    scale /= 10;
  }
  if (weight > 1000) return std::nullopt;
  return weight;
}

// [ weight ], weight = OWS ";" OWS "q=" qvalue
std::optional<int> ParseOptionalWeight(absl::string_view text) {
  if (text.empty()) return 1000;
  text = absl::StripLeadingAsciiWhitespace(text.substr(1));
  if (!absl::StartsWithIgnoreCase(text, "q=")) return std::nullopt;
  return ParseWeight(text.substr(2));
}

}  // namespace

bool PrefersGzip(absl::string_view field) {
  std::optional<int> gzip, identity, any;
  while (!field.empty()) {
    const size_t end = field.find(',');
    const absl::string_view element =
        absl::StripAsciiWhitespace(field.substr(0, end));
    field = end == absl::string_view::npos ? "" : field.substr(end + 1);
    const size_t semicolon = element.find(';');
    const absl::string_view coding =
        absl::StripAsciiWhitespace(element.substr(0, semicolon));
    const auto weight = ParseOptionalWeight(
        semicolon == absl::string_view::npos ? "" : element.substr(semicolon));
    if (!weight.has_value()) continue;
    if (absl::EqualsIgnoreCase(coding, "gzip") ||
        absl::EqualsIgnoreCase(coding, "x-gzip")) {  // Section 8.4.1.3.
      gzip = weight;
    } else if (absl::EqualsIgnoreCase(coding, "identity")) {
      identity = weight;
    } else if (coding == "*") {
      any = weight;
    }
  }
  // "The asterisk "*" symbol matches any available content coding not
  // explicitly listed in the field." Identity that is not listed has no weight
  // of its own.
  const int accepted = gzip.has_value() ? *gzip : any.value_or(0);
  return accepted > 0 && accepted >= identity.value_or(0);
}

}  // namespace chancery::responder
