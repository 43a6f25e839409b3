#include "x509/certificate/name_constraints.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "der/reader.h"
#include "der/tag.h"
#include "der/writer.h"

namespace chancery::x509 {
namespace {

using der::Tag;
using Kind = NameSubtree::Kind;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("nameConstraints: malformed ", what));
}

absl::Status Refuse(absl::string_view text, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("name constraint \"", absl::CHexEscape(text), "\": ", rule));
}

bool IsHost(absl::string_view text) {
  return !text.empty() && text.size() <= 253 && text.back() != '.' &&
         !absl::StrContains(text, "..") &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '-' || c == '.';
         });
}

// Of one label or more; with a dot before it, what is below.
bool IsHostOrBelow(absl::string_view text) {
  return IsHost(text) && text != ".";
}

// "10.0.0.0/8" as address and mask.
std::optional<std::string> IpSubtree(absl::string_view text) {
  const size_t slash = text.find('/');
  if (slash == absl::string_view::npos) return std::nullopt;
  const std::string address(text.substr(0, slash));
  uint8_t bytes[16];
  size_t size = 4;
  if (inet_pton(AF_INET, address.c_str(), bytes) != 1) {
    size = 16;
    if (inet_pton(AF_INET6, address.c_str(), bytes) != 1) return std::nullopt;
  }
  uint32_t length;
  if (!absl::SimpleAtoi(text.substr(slash + 1), &length) || length > size * 8) {
    return std::nullopt;
  }
  std::string value(reinterpret_cast<const char*>(bytes), size), mask;
  for (size_t i = 0; i < size; ++i) {
    const int bits = std::clamp<int>(static_cast<int>(length) - 8 * i, 0, 8);
    mask.push_back(static_cast<char>(0xff << (8 - bits)));
    // What the mask does not cover is zero, or it was a mistake.
    if ((value[i] & ~mask[i]) != 0) return std::nullopt;
  }
  return value + mask;
}

// The labels of a mask, if its ones come first.
std::optional<int> PrefixLength(absl::string_view mask) {
  int length = 0;
  bool ended = false;
  for (const char c : mask) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool one = (static_cast<uint8_t>(c) >> bit & 1) != 0;
      if (one && ended) return std::nullopt;
      if (!one) ended = true;
      if (one) ++length;
    }
  }
  return length;
}

std::string IpText(absl::string_view address) {
  return AltNameText({.kind = AltNameKind::kIp, .value = std::string(address)})
      .substr(3);
}

// Lower case: what is compared.
std::string Lower(absl::string_view text) {
  return absl::AsciiStrToLower(text);
}

// RFC 5280: "Any DNS name that can be constructed by simply adding zero or more
// labels to the left-hand side of the name satisfies the name constraint." A
// leading dot, which it does not know, stands for one label or more, as
// OpenSSL and Go read it.
bool DnsWithin(absl::string_view name, absl::string_view base) {
  if (base.empty()) return true;
  if (base[0] == '.') return absl::EndsWith(name, base) && name != base;
  return name == base || absl::EndsWith(name, absl::StrCat(".", base));
}

// "*.example.com" covers part of "a.example.com"'s subtree.
bool WildcardTouches(absl::string_view name, absl::string_view base) {
  if (!absl::StartsWith(name, "*.")) return false;
  const absl::string_view parent = name.substr(1);  // ".example.com"
  if (!base.empty() && base[0] == '.') base.remove_prefix(1);
  const size_t dot = base.find('.');
  return dot != absl::string_view::npos && base.substr(dot) == parent;
}

// RFC 5280: a host stands for itself, one with a dot before it for those below.
bool HostWithin(absl::string_view host, absl::string_view base) {
  if (base.empty()) return true;
  if (base[0] == '.') return absl::EndsWith(host, base) && host != base;
  return host == base;
}

// A mailbox stands for itself, else as HostWithin.
bool EmailWithin(absl::string_view address, absl::string_view base) {
  const size_t at = address.rfind('@');
  if (at == absl::string_view::npos) return false;
  const std::string host = Lower(address.substr(at + 1));
  const size_t base_at = base.rfind('@');
  if (base_at == absl::string_view::npos) return HostWithin(host, Lower(base));
  return address.substr(0, at) == base.substr(0, base_at) &&
         host == Lower(base.substr(base_at + 1));
}

// scheme://host[:port]/...; nullopt if there is no name of a host: RFC 5280
// rejects such URIs under any constraint.
std::optional<std::string> UriHost(absl::string_view uri) {
  const size_t begin = uri.find("://");
  if (begin == absl::string_view::npos) return std::nullopt;
  absl::string_view rest = uri.substr(begin + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const size_t at = rest.rfind('@'); at != absl::string_view::npos) {
    rest = rest.substr(at + 1);
  }
  if (rest.empty() || rest[0] == '[') return std::nullopt;
  rest = rest.substr(0, rest.find(':'));
  uint8_t address[4];
  if (rest.empty() ||
      inet_pton(AF_INET, std::string(rest).c_str(), address) == 1) {
    return std::nullopt;
  }
  return Lower(rest);
}

bool IpWithin(absl::string_view address, absl::string_view base) {
  if (base.size() != 2 * address.size()) return false;
  for (size_t i = 0; i < address.size(); ++i) {
    if (((address[i] ^ base[i]) & base[address.size() + i]) != 0) return false;
  }
  return true;
}

Kind KindOf(AltNameKind kind) {
  switch (kind) {
    case AltNameKind::kDns:
      return Kind::kDns;
    case AltNameKind::kEmail:
      return Kind::kEmail;
    case AltNameKind::kUri:
      return Kind::kUri;
    case AltNameKind::kIp:
      break;
  }
  return Kind::kIp;
}

bool Within(const AltName& name, const NameSubtree& subtree) {
  switch (name.kind) {
    case AltNameKind::kDns:
      return DnsWithin(Lower(name.value), Lower(subtree.value));
    case AltNameKind::kEmail:
      return EmailWithin(name.value, subtree.value);
    case AltNameKind::kUri: {
      const std::optional<std::string> host = UriHost(name.value);
      return host.has_value() && HostWithin(*host, Lower(subtree.value));
    }
    case AltNameKind::kIp:
      return IpWithin(name.value, subtree.value);
  }
  return false;
}

// An RDN as it is compared: attributes in an order of their own, text in lower
// case whatever its string type. One that is no text is its bytes.
std::vector<std::pair<std::string, std::string>> RdnForm(base::Bytes rdn) {
  der::Writer name;
  name.AddSequence([&](der::Writer& w) { w.AddElement(rdn); });
  const std::string der = name.Take();
  const auto attributes = ParseName(base::AsBytes(der));
  if (!attributes.ok()) return {{"", base::ToString(rdn)}};
  std::vector<std::pair<std::string, std::string>> out;
  for (const Attribute& attribute : *attributes) {
    out.emplace_back(attribute.type, Lower(attribute.value));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Empty if the Name is malformed.
auto RdnsOf(base::Bytes name) {
  der::Reader in(name), rdns;
  std::vector<decltype(RdnForm(name))> out;
  if (!in.ReadSequence(rdns)) return out;
  base::Bytes rdn;
  while (!rdns.AtEnd() && rdns.ReadElement(Tag::kSet, rdn)) {
    out.push_back(RdnForm(rdn));
  }
  return out;
}

// RFC 5280 section 7.1: the base is the beginning of the name.
bool SubjectWithin(base::Bytes subject, const NameSubtree& subtree) {
  const auto name = RdnsOf(subject);
  const auto root = RdnsOf(base::AsBytes(subtree.value));
  return root.size() <= name.size() &&
         std::equal(root.begin(), root.end(), name.begin());
}

absl::Status Forbidden(absl::string_view shown, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("name: \"", absl::CHexEscape(shown), "\": ", rule));
}

// The rule for one name, `shown`: `within` says whether it is in a subtree of
// its kind, `touches` whether it may be.
template <typename Test, typename Excluded>
absl::Status Check(const NameConstraints& constraints, Kind kind,
                   absl::string_view shown, absl::string_view whose,
                   Test within, Excluded touches) {
  for (const NameSubtree& subtree : constraints.excluded) {
    if (subtree.kind == kind && touches(subtree)) {
      return Forbidden(shown, absl::StrCat(NameSubtreeText(subtree),
                                           " is excluded by ", whose));
    }
  }
  std::vector<std::string> permitted;
  for (const NameSubtree& subtree : constraints.permitted) {
    if (subtree.kind != kind) continue;
    if (within(subtree)) return absl::OkStatus();
    permitted.push_back(NameSubtreeText(subtree));
  }
  if (permitted.empty()) return absl::OkStatus();
  return Forbidden(shown, absl::StrCat("permitted by ", whose, " is only ",
                                       absl::StrJoin(permitted, ", ")));
}

bool Constrains(const NameConstraints& constraints, Kind kind) {
  const auto of_kind = [kind](const NameSubtree& s) { return s.kind == kind; };
  return std::any_of(constraints.permitted.begin(), constraints.permitted.end(),
                     of_kind) ||
         std::any_of(constraints.excluded.begin(), constraints.excluded.end(),
                     of_kind);
}

// GeneralName's context tags.
Tag TagOf(Kind kind) {
  switch (kind) {
    case Kind::kEmail:
      return der::Implicit(1);
    case Kind::kDns:
      return der::Implicit(2);
    case Kind::kDirectory:
      return der::Explicit(4);
    case Kind::kUri:
      return der::Implicit(6);
    case Kind::kIp:
      break;
  }
  return der::Implicit(7);
}

// GeneralSubtrees ::= SEQUENCE OF GeneralSubtree
// GeneralSubtree ::= SEQUENCE { base GeneralName,
//   minimum [0] DEFAULT 0, maximum [1] OPTIONAL }
// RFC 5280: "the minimum MUST be zero, and maximum MUST be absent".
absl::Status ReadSubtrees(base::Bytes contents, std::vector<NameSubtree>& out) {
  der::Reader list(contents);
  if (list.AtEnd()) return Malformed("subtrees: none");
  while (!list.AtEnd()) {
    der::Reader fields;
    Tag tag;
    base::Bytes value;
    if (!list.ReadSequence(fields) || !fields.ReadAny(tag, value)) {
      return Malformed("GeneralSubtree");
    }
    if (!fields.AtEnd()) return Malformed("GeneralSubtree: it has bounds");
    NameSubtree subtree{.value = base::ToString(value)};
    bool known = false;
    for (const Kind kind :
         {Kind::kDns, Kind::kEmail, Kind::kUri, Kind::kIp, Kind::kDirectory}) {
      if (tag != TagOf(kind)) continue;
      subtree.kind = kind;
      known = true;
    }
    if (!known) continue;
    if (subtree.kind == Kind::kIp && value.size() != 8 && value.size() != 32) {
      return Malformed("iPAddress: neither 8 nor 32 octets");
    }
    if (subtree.kind == Kind::kDirectory) {
      der::Reader name(value), rdns;
      if (!name.ReadSequence(rdns) || !name.AtEnd()) {
        return Malformed("directoryName");
      }
    }
    out.push_back(std::move(subtree));
  }
  return absl::OkStatus();
}

void WriteSubtrees(der::Writer& out, int number,
                   const std::vector<NameSubtree>& subtrees) {
  if (subtrees.empty()) return;
  out.AddNested(der::ImplicitConstructed(number), [&](der::Writer& list) {
    for (const NameSubtree& subtree : subtrees) {
      list.AddSequence([&](der::Writer& fields) {
        fields.Add(TagOf(subtree.kind), subtree.value);
      });
    }
  });
}

}  // namespace

absl::StatusOr<NameSubtree> NameSubtreeFromText(Kind kind,
                                                absl::string_view text) {
  NameSubtree out{.kind = kind, .value = Lower(text)};
  switch (kind) {
    case Kind::kDns:
      if (!IsHost(text) || text[0] == '.') {
        return Refuse(text,
                      "a domain such as example.com, which covers itself "
                      "and what is below");
      }
      return out;
    case Kind::kUri:
      if (!IsHostOrBelow(text)) {
        return Refuse(text,
                      "a host such as www.example.com, or .example.com for "
                      "those below");
      }
      return out;
    case Kind::kEmail: {
      const size_t at = text.rfind('@');
      if (at != absl::string_view::npos) {
        // The local part keeps its case.
        out.value =
            absl::StrCat(text.substr(0, at + 1), Lower(text.substr(at + 1)));
      }
      if (at == 0 ||
          !IsHostOrBelow(at == absl::string_view::npos ? text
                                                       : text.substr(at + 1))) {
        return Refuse(text,
                      "a host such as example.com, .example.com for those "
                      "below, or a mailbox");
      }
      return out;
    }
    case Kind::kIp: {
      std::optional<std::string> range = IpSubtree(text);
      if (!range.has_value()) {
        return Refuse(text,
                      "a range such as 10.0.0.0/8 or 2001:db8::/32, without "
                      "bits after the prefix");
      }
      out.value = *std::move(range);
      return out;
    }
    case Kind::kDirectory:
      break;
  }
  return Refuse(text, "a directory name is not written as text");
}

std::string NameSubtreeText(const NameSubtree& subtree) {
  if (subtree.kind == Kind::kIp) {
    const absl::string_view value = subtree.value;
    const absl::string_view mask = value.substr(value.size() / 2);
    const std::optional<int> length = PrefixLength(mask);
    return absl::StrCat(
        IpText(value.substr(0, value.size() / 2)), "/",
        length.has_value() ? absl::StrCat(*length) : IpText(mask));
  }
  if (subtree.kind == Kind::kDirectory) {
    const auto name = ParseName(base::AsBytes(subtree.value));
    return name.ok() ? NameText(*name) : "a directory name";
  }
  return absl::CHexEscape(subtree.value);
}

std::string EncodeNameConstraints(const NameConstraints& constraints) {
  der::Writer out;
  // NameConstraints ::= SEQUENCE { permittedSubtrees [0], excludedSubtrees [1]
  // }
  out.AddSequence([&](der::Writer& fields) {
    WriteSubtrees(fields, 0, constraints.permitted);
    WriteSubtrees(fields, 1, constraints.excluded);
  });
  return out.Take();
}

absl::StatusOr<NameConstraints> ParseNameConstraints(base::Bytes der) {
  der::Reader in(der), fields;
  std::optional<base::Bytes> permitted, excluded;
  if (!in.ReadSequence(fields) || !in.AtEnd() ||
      !fields.ReadOptional(der::ImplicitConstructed(0), permitted) ||
      !fields.ReadOptional(der::ImplicitConstructed(1), excluded) ||
      !fields.AtEnd()) {
    return Malformed("structure");
  }
  NameConstraints out;
  if (permitted.has_value()) {
    RETURN_IF_ERROR(ReadSubtrees(*permitted, out.permitted));
  }
  if (excluded.has_value()) {
    RETURN_IF_ERROR(ReadSubtrees(*excluded, out.excluded));
  }
  // RFC 5280: "either the permittedSubtrees field or the excludedSubtrees MUST
  // be present".
  if (!permitted.has_value() && !excluded.has_value()) {
    return Malformed("structure: no subtrees");
  }
  return out;
}

absl::Status CheckPermitted(const NameConstraints& constraints,
                            const AltName& name, absl::string_view whose) {
  const Kind kind = KindOf(name.kind);
  const std::string shown = AltNameText(name);
  // RFC 5280: "the application MUST reject the certificate".
  if (kind == Kind::kUri && Constrains(constraints, kind) &&
      !UriHost(name.value).has_value()) {
    return Forbidden(shown,
                     absl::StrCat("its host is no name, which ", whose,
                                  " constrain (RFC 5280 section 4.2.1.10)"));
  }
  return Check(
      constraints, kind, shown, whose,
      [&](const NameSubtree& subtree) { return Within(name, subtree); },
      [&](const NameSubtree& subtree) {
        return Within(name, subtree) ||
               (kind == Kind::kDns &&
                WildcardTouches(Lower(name.value), Lower(subtree.value)));
      });
}

absl::Status CheckPermittedSubject(const NameConstraints& constraints,
                                   base::Bytes subject,
                                   absl::string_view whose) {
  if (RdnsOf(subject).empty()) return absl::OkStatus();
  const auto name = ParseName(subject);
  const auto within = [&](const NameSubtree& subtree) {
    return SubjectWithin(subject, subtree);
  };
  RETURN_IF_ERROR(Check(constraints, Kind::kDirectory,
                        name.ok() ? NameText(*name) : "a subject", whose,
                        within, within));
  if (!name.ok()) return absl::OkStatus();
  // RFC 5280: mailboxes in the subject obey the constraints of mail names.
  for (const Attribute& attribute : *name) {
    if (attribute.type != "emailAddress") continue;
    RETURN_IF_ERROR(CheckPermitted(
        constraints, {.kind = AltNameKind::kEmail, .value = attribute.value},
        whose));
  }
  return absl::OkStatus();
}

}  // namespace chancery::x509
