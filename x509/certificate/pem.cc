#include "x509/certificate/pem.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::x509 {
namespace {

constexpr absl::string_view kRequest = "CERTIFICATE REQUEST";
constexpr absl::string_view kNewRequest = "NEW CERTIFICATE REQUEST";

}  // namespace

std::string EncodePem(absl::string_view label, base::Bytes der) {
  const std::string text = base::Base64(der);
  std::string out = absl::StrCat("-----BEGIN ", label, "-----\n");
  for (size_t at = 0; at < text.size(); at += 64) {
    absl::StrAppend(&out, text.substr(at, 64), "\n");
  }
  absl::StrAppend(&out, "-----END ", label, "-----\n");
  return out;
}

absl::StatusOr<std::vector<std::string>> DecodePem(absl::string_view label,
                                                   absl::string_view text) {
  const std::string begin = absl::StrCat("-----BEGIN ", label, "-----");
  const std::string end = absl::StrCat("-----END ", label, "-----");
  std::vector<std::string> out;
  for (size_t at = text.find(begin); at != absl::string_view::npos;
       at = text.find(begin, at)) {
    at += begin.size();
    const size_t stop = text.find(end, at);
    if (stop == absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("PEM: ", label, ": its end is missing"));
    }
    std::string body;
    for (char c : text.substr(at, stop - at)) {
      if (!absl::ascii_isspace(static_cast<unsigned char>(c)))
        body.push_back(c);
    }
    auto der = base::FromBase64(body);
    if (!der.has_value() || der->empty() || body.size() % 4 != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("PEM: ", label, ": not base64"));
    }
    out.push_back(*std::move(der));
    at = stop + end.size();
  }
  return out;
}

absl::StatusOr<std::string> DerOrPem(absl::string_view label,
                                     absl::string_view input) {
  // A SEQUENCE of 128 bytes or more; '0' and such an octet begin no text.
  if (input.size() > 1 && input[0] == '\x30' &&
      static_cast<uint8_t>(input[1]) >= 0x80) {
    return std::string(input);
  }
  ASSIGN_OR_RETURN(std::vector<std::string> blocks, DecodePem(label, input));
  // RFC 7468 section 7: "Parsers MAY treat the label "NEW CERTIFICATE REQUEST"
  // as equivalent."
  if (label == kRequest) {
    ASSIGN_OR_RETURN(std::vector<std::string> more,
                     DecodePem(kNewRequest, input));
    for (std::string& der : more) blocks.push_back(std::move(der));
  }
  if (blocks.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected DER or one PEM block \"", label, "\", found ",
                     blocks.size(), " blocks"));
  }
  return std::move(blocks.front());
}

}  // namespace chancery::x509
