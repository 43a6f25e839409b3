#include "policy/lints/fields.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "der/oid.h"

namespace chancery::policy::lints {
namespace {

constexpr size_t kMostQuoted = 80;
constexpr size_t kMostHex = 20;

// What people know attributes by; others are shown by their OID.
std::string AttributeLabel(const std::string& oid) {
  struct Known {
    const char* oid;
    const char* label;
  };
  static constexpr Known kKnown[] = {{"2.5.4.3", "CN"},
                                     {"2.5.4.6", "C"},
                                     {"2.5.4.7", "L"},
                                     {"2.5.4.8", "ST"},
                                     {"2.5.4.10", "O"},
                                     {"2.5.4.11", "OU"},
                                     {"2.5.4.5", "serialNumber"},
                                     {"1.2.840.113549.1.9.1", "emailAddress"},
                                     {"0.9.2342.19200300.100.1.25", "DC"}};
  for (const Known& known : kKnown) {
    if (oid == known.oid) return known.label;
  }
  return oid;
}

std::string Escaped(Bytes bytes) {
  std::string text;
  for (const uint8_t octet : bytes.first(std::min(bytes.size(), kMostQuoted))) {
    if (octet >= 0x20 && octet < 0x7f) {
      text.push_back(static_cast<char>(octet));
    } else {
      absl::StrAppend(&text, "\\x", absl::Hex(octet, absl::kZeroPad2));
    }
  }
  if (bytes.size() > kMostQuoted) text += "...";
  return text;
}

}  // namespace

bool ReadExtensions(Bytes contents, std::vector<Extension>& all) {
  der::Reader in(contents);
  while (!in.AtEnd()) {
    // Extension ::= SEQUENCE {
    der::Reader fields;
    if (!in.ReadSequence(fields)) return false;
    Extension extension;
    //   extnID     OBJECT IDENTIFIER,
    Bytes oid;
    if (!fields.Read(der::Tag::kOid, oid)) return false;
    extension.oid = der::OidToText(oid);
    //   critical   BOOLEAN DEFAULT FALSE,
    std::optional<Bytes> critical;
    if (!fields.ReadOptional(der::Tag::kBoolean, critical)) return false;
    if (critical.has_value()) {
      if (critical->size() != 1) return false;
      extension.critical = (*critical)[0] != 0;
      extension.false_encoded = !extension.critical;
      extension.odd_true = extension.critical && (*critical)[0] != 0xff;
    }
    //   extnValue  OCTET STRING }
    if (!fields.Read(der::Tag::kOctetString, extension.value) ||
        !fields.AtEnd()) {
      return false;
    }
    all.push_back(std::move(extension));
  }
  return true;
}

bool ReadWrappedExtensions(Bytes contents, std::vector<Extension>& all) {
  der::Reader in(contents), extensions;
  return in.ReadSequence(extensions) && in.AtEnd() &&
         ReadExtensions(extensions.rest(), all);
}

const Extension* FindExtension(const std::vector<Extension>& all,
                               absl::string_view oid) {
  for (const Extension& extension : all) {
    if (extension.oid == oid) return &extension;
  }
  return nullptr;
}

std::string RepeatedExtension(const std::vector<Extension>& all) {
  std::set<absl::string_view> seen;
  for (const Extension& extension : all) {
    if (!seen.insert(extension.oid).second) return extension.oid;
  }
  return "";
}

bool ReadTimeField(der::Reader& in, TimeField& field) {
  if (!in.ReadAny(field.tag, field.contents)) return false;
  if (field.tag == der::Tag::kUtcTime) {
    field.time = der::ParseUtcTime(field.contents);
    return true;
  }
  if (field.tag == der::Tag::kGeneralizedTime) {
    field.time = der::ParseGeneralizedTime(field.contents);
    return true;
  }
  return false;
}

std::string WrongTimeForm(absl::string_view field, const TimeField& time) {
  if (time.time.has_value()) return "";
  return absl::StrCat(field, " is ", Quoted(time.contents));
}

std::string WrongTimeChoice(absl::string_view field, const TimeField& time) {
  static const absl::Time k2050 =
      absl::FromCivil(absl::CivilYear(2050), absl::UTCTimeZone());
  if (time.tag != der::Tag::kGeneralizedTime || !time.time.has_value() ||
      *time.time >= k2050) {
    return "";
  }
  return absl::StrCat(field, " is GeneralizedTime ", Quoted(time.contents));
}

bool ReadName(Bytes element, std::vector<NameAttribute>& all) {
  der::Reader in(element), rdns;
  if (!in.ReadSequence(rdns) || !in.AtEnd()) return false;
  for (size_t rdn = 0; !rdns.AtEnd(); ++rdn) {
    // RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue
    der::Reader attributes;
    if (!rdns.ReadNested(der::Tag::kSet, attributes)) return false;
    while (!attributes.AtEnd()) {
      der::Reader fields;
      NameAttribute attribute;
      Bytes oid;
      if (!attributes.ReadSequence(fields) ||
          !fields.Read(der::Tag::kOid, oid) ||
          !fields.ReadAny(attribute.tag, attribute.value) || !fields.AtEnd()) {
        return false;
      }
      attribute.oid = der::OidToText(oid);
      attribute.rdn = rdn;
      all.push_back(std::move(attribute));
    }
  }
  return true;
}

std::string NameText(const std::vector<NameAttribute>& name) {
  std::string text;
  for (const NameAttribute& attribute : name) {
    absl::StrAppend(&text, text.empty() ? "" : ", ",
                    AttributeLabel(attribute.oid), "=",
                    Escaped(attribute.value));
  }
  return text;
}

bool ReadGeneralName(der::Reader& in, GeneralName& name) {
  der::Tag tag;
  if (!in.ReadAny(tag, name.contents)) return false;
  // Class context-specific, constructed or not.
  const uint8_t octet = static_cast<uint8_t>(tag);
  if ((octet & 0xc0) != 0x80 || (octet & 0x1f) > GeneralName::kRegisteredId) {
    return false;
  }
  name.kind = static_cast<GeneralName::Kind>(octet & 0x1f);
  return true;
}

bool ReadGeneralNames(Bytes contents, std::vector<GeneralName>& all) {
  der::Reader in(contents);
  while (!in.AtEnd()) {
    GeneralName name;
    if (!ReadGeneralName(in, name)) return false;
    all.push_back(name);
  }
  return true;
}

bool ReadPointName(Bytes contents, PointName& name) {
  der::Reader in(contents);
  // DistributionPointName ::= CHOICE {
  //   fullName                 [0]  GeneralNames,
  //   nameRelativeToCRLIssuer  [1]  RelativeDistinguishedName }
  der::Tag tag;
  Bytes inside;
  if (!in.ReadAny(tag, inside) || !in.AtEnd()) return false;
  if (tag == der::Explicit(0)) return ReadGeneralNames(inside, name.full);
  name.relative = tag == der::Explicit(1);
  return name.relative;
}

std::optional<AuthorityKeyId> ReadAuthorityKeyId(Bytes value) {
  der::Reader in(value), fields;
  AuthorityKeyId id;
  std::optional<Bytes> issuer, serial;
  // AuthorityKeyIdentifier ::= SEQUENCE {
  //   keyIdentifier             [0] KeyIdentifier            OPTIONAL,
  //   authorityCertIssuer       [1] GeneralNames             OPTIONAL,
  //   authorityCertSerialNumber [2] CertificateSerialNumber  OPTIONAL }
  if (!in.ReadSequence(fields) || !in.AtEnd() ||
      !fields.ReadOptional(der::Implicit(0), id.key) ||
      !fields.ReadOptional(der::ImplicitConstructed(1), issuer) ||
      !fields.ReadOptional(der::Implicit(2), serial) || !fields.AtEnd()) {
    return std::nullopt;
  }
  id.has_issuer = issuer.has_value();
  id.has_serial = serial.has_value();
  return id;
}

absl::Status Malformed(absl::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat(field, " is malformed"));
}

bool IsMinimalInteger(Bytes contents) {
  if (contents.size() < 2) return !contents.empty();
  return !(contents[0] == 0x00 && contents[1] < 0x80) &&
         !(contents[0] == 0xff && contents[1] >= 0x80);
}

bool IsPositiveInteger(Bytes contents) {
  return !contents.empty() && contents[0] < 0x80 &&
         std::any_of(contents.begin(), contents.end(),
                     [](uint8_t octet) { return octet != 0; });
}

bool IsWholeOctets(Bytes contents) {
  return contents.size() > 1 && contents[0] == 0;
}

std::string Quoted(Bytes bytes) {
  return absl::StrCat("\"", Escaped(bytes), "\"");
}

std::string ShortHex(Bytes bytes) {
  if (bytes.size() <= kMostHex) return base::Hex(bytes);
  return absl::StrCat(base::Hex(bytes.first(kMostHex)), "...");
}

bool StartsWithIgnoringCase(Bytes text, absl::string_view prefix) {
  return absl::StartsWithIgnoreCase(base::AsText(text), prefix);
}

}  // namespace chancery::policy::lints
