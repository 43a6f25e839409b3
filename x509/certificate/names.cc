#include "x509/certificate/names.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "der/oid.h"
#include "der/reader.h"
#include "der/writer.h"

namespace chancery::x509 {
namespace {

using der::Tag;

constexpr size_t kMaxNames = 1000;
constexpr size_t kMaxValue = 256;

// `min` and `max` are the upper bounds of RFC 5280 appendix A, in characters.
struct Known {
  const char* type;
  const char* oid;
  Tag tag;
  size_t min = 1;
  size_t max = kMaxValue;
};
constexpr Known kKnown[] = {
    {"CN", "2.5.4.3", Tag::kUtf8String, 1, 64},
    {"serialNumber", "2.5.4.5", Tag::kPrintableString, 1, 64},
    {"C", "2.5.4.6", Tag::kPrintableString, 2, 2},
    {"L", "2.5.4.7", Tag::kUtf8String, 1, 128},
    {"ST", "2.5.4.8", Tag::kUtf8String, 1, 128},
    {"street", "2.5.4.9", Tag::kUtf8String, 1, 128},
    {"O", "2.5.4.10", Tag::kUtf8String, 1, 64},
    {"OU", "2.5.4.11", Tag::kUtf8String, 1, 64},
    {"DC", "0.9.2342.19200300.100.1.25", Tag::kIa5String, 1, 63},
    {"emailAddress", "1.2.840.113549.1.9.1", Tag::kIa5String, 1, 255},
};

bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           absl::string_view(" '()+,-./:=?").find(c) != absl::string_view::npos;
  });
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x1f && c < 0x7f; });
}

absl::Status Malformed(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("name: malformed ", what));
}

std::string Shown(absl::string_view value) { return absl::CHexEscape(value); }

std::string LatinToUtf8(absl::string_view latin) {
  std::string out;
  for (char c : latin) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xc0 | byte >> 6));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return out;
}

// Of clean UTF-8.
size_t Characters(absl::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (c & 0xc0) != 0x80; });
}

bool Fits(const Known& known, absl::string_view value) {
  switch (known.tag) {
    case Tag::kPrintableString:
      return IsPrintable(value);
    case Tag::kIa5String:
      return IsAscii(value);
    default:
      return base::IsPlainText(value);
  }
}

absl::Status AddRdn(const Attribute& attribute, der::Writer& name) {
  const Known* found =
      std::find_if(std::begin(kKnown), std::end(kKnown),
                   [&](const Known& k) { return attribute.type == k.type; });
  const Known known = found != std::end(kKnown)
                          ? *found
                          : Known{attribute.type.c_str(),
                                  attribute.type.c_str(), Tag::kUtf8String};
  const absl::StatusOr<std::string> oid = der::OidFromText(known.oid);
  if (!oid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "name: attribute \"", Shown(attribute.type), "\" is not known"));
  }
  const size_t size = Characters(attribute.value);
  if (size < known.min || size > known.max || !Fits(known, attribute.value)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "name: ", known.type, " \"", Shown(attribute.value), "\": ", known.min,
        " to ", known.max, " characters of ",
        known.tag == Tag::kUtf8String ? "UTF-8 without control characters"
                                      : "printable ASCII",
        " are allowed (RFC 5280 appendix A)"));
  }
  name.AddNested(Tag::kSet, [&](der::Writer& set) {
    set.AddSequence([&](der::Writer& pair) {
      pair.AddOid(*oid);
      pair.Add(known.tag, attribute.value);
    });
  });
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> EncodeName(
    const std::vector<Attribute>& attributes) {
  der::Writer out;
  absl::Status status;
  out.AddSequence([&](der::Writer& name) {
    for (const Attribute& attribute : attributes) {
      status = AddRdn(attribute, name);
      if (!status.ok()) return;
    }
  });
  RETURN_IF_ERROR(status);
  return out.Take();
}

absl::StatusOr<std::vector<Attribute>> ParseName(base::Bytes der) {
  der::Reader in(der), rdns;
  if (!in.ReadSequence(rdns) || !in.AtEnd()) return Malformed("Name");
  std::vector<Attribute> attributes;
  while (!rdns.AtEnd()) {
    der::Reader set;
    if (!rdns.ReadNested(Tag::kSet, set) || set.AtEnd())
      return Malformed("RDN");
    while (!set.AtEnd()) {
      der::Reader pair;
      base::Bytes oid, value;
      Tag tag;
      if (!set.ReadSequence(pair) || !pair.ReadOid(oid) ||
          !pair.ReadAny(tag, value) || !pair.AtEnd()) {
        return Malformed("attribute");
      }
      const std::string dotted = der::OidToText(oid);
      Attribute attribute{.type = dotted, .value = base::ToString(value)};
      for (const Known& known : kKnown) {
        if (dotted == known.oid) attribute.type = known.type;
      }
      const bool text = tag == Tag::kUtf8String ||
                        tag == Tag::kPrintableString ||
                        tag == Tag::kIa5String || tag == Tag::kTeletexString;
      if (tag == Tag::kTeletexString)
        attribute.value = LatinToUtf8(attribute.value);
      if (!text || !base::IsPlainText(attribute.value)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "name: ", attribute.type, " \"", Shown(attribute.value),
            "\" is not text without control characters"));
      }
      attributes.push_back(std::move(attribute));
    }
  }
  return attributes;
}

std::string NameText(const std::vector<Attribute>& attributes) {
  std::string out;
  for (auto at = attributes.rbegin(); at != attributes.rend(); ++at) {
    absl::StrAppend(&out, out.empty() ? "" : ",", at->type, "=");
    for (size_t i = 0; i < at->value.size(); ++i) {
      const char c = at->value[i];
      const bool edge = (i == 0 && (c == ' ' || c == '#')) ||
                        (i + 1 == at->value.size() && c == ' ');
      if (edge ||
          absl::string_view(",+\"\\<>;").find(c) != absl::string_view::npos) {
        out.push_back('\\');
      }
      out.push_back(c);
    }
  }
  return out;
}

std::string AltNameText(const AltName& name) {
  switch (name.kind) {
    case AltNameKind::kDns:
      return "DNS:" + name.value;
    case AltNameKind::kEmail:
      return "email:" + name.value;
    case AltNameKind::kUri:
      return "URI:" + name.value;
    case AltNameKind::kIp:
      break;
  }
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(name.value.size() == 4 ? AF_INET : AF_INET6, name.value.data(),
            text, sizeof text);
  return absl::StrCat("IP:", text);
}

namespace {

// GeneralName's context tags.
uint8_t TagNumber(AltNameKind kind) {
  switch (kind) {
    case AltNameKind::kEmail:
      return 1;
    case AltNameKind::kDns:
      return 2;
    case AltNameKind::kUri:
      return 6;
    case AltNameKind::kIp:
      return 7;
  }
  return 2;
}

}  // namespace

namespace {

// What a name of this kind may be, of one that is not.
const char* AllowedText(const AltName& name) {
  if (name.kind == AltNameKind::kIp) return "an address of 4 or 16 octets";
  if (name.kind == AltNameKind::kDns && !name.value.empty() &&
      base::IsPlainText(name.value)) {
    return "ASCII: international names are written as A-labels, which begin "
           "with xn-- (RFC 5280 section 7.2)";
  }
  return "of ASCII characters that can be seen (RFC 5280 section 4.2.1.6)";
}

}  // namespace

std::string EncodeAltNames(const std::vector<AltName>& names) {
  der::Writer out;
  out.AddSequence([&](der::Writer& list) {
    for (const AltName& name : names)
      list.Add(der::Implicit(TagNumber(name.kind)), name.value);
  });
  return out.Take();
}

absl::StatusOr<std::vector<AltName>> ParseAltNames(base::Bytes der) {
  der::Reader in(der), list;
  if (!in.ReadSequence(list) || !in.AtEnd()) return Malformed("subjectAltName");
  std::vector<AltName> names;
  size_t count = 0;
  for (der::Reader rest = list; !rest.AtEnd(); ++count) {
    Tag tag;
    base::Bytes value;
    if (!rest.ReadAny(tag, value)) return Malformed("GeneralName");
  }
  if (count > kMaxNames) {
    return absl::InvalidArgumentError(absl::StrCat("subjectAltName: ", count,
                                                   " names; at most ",
                                                   kMaxNames, " are allowed"));
  }
  while (!list.AtEnd()) {
    Tag tag;
    base::Bytes value;
    if (!list.ReadAny(tag, value)) return Malformed("GeneralName");
    AltName name{.value = base::ToString(value)};
    if (tag == der::Implicit(1)) {
      name.kind = AltNameKind::kEmail;
    } else if (tag == der::Implicit(2)) {
      name.kind = AltNameKind::kDns;
    } else if (tag == der::Implicit(6)) {
      name.kind = AltNameKind::kUri;
    } else if (tag == der::Implicit(7)) {
      name.kind = AltNameKind::kIp;
    } else {
      return absl::InvalidArgumentError(
          "subjectAltName: a kind of name other than DNS, email, URI and IP");
    }
    const bool fits = name.kind == AltNameKind::kIp
                          ? value.size() == 4 || value.size() == 16
                          : !value.empty() && IsAscii(name.value);
    if (!fits) {
      return absl::InvalidArgumentError(
          absl::StrCat("subjectAltName: \"", Shown(name.value), "\" is not ",
                       AllowedText(name)));
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace chancery::x509
