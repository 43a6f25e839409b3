#include "policy/check_names.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "policy/dns_name.h"
#include "policy/email_name.h"
#include "policy/uri_name.h"
#include "x509/certificate/name_constraints.h"

namespace chancery::policy {
namespace {

absl::Status Refuse(absl::string_view field, absl::string_view value,
                    absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": \"", absl::CHexEscape(value), "\": ", rule));
}

bool HasSuffix(const std::string& name, const std::string& suffix) {
  return name == suffix || absl::EndsWith(name, "." + suffix);
}

absl::StatusOr<x509::AltName> CheckDns(const Profile& profile,
                                       const x509::AltName& name) {
  ASSIGN_OR_RETURN(std::string host,
                   NormalizeDnsName(name.value, profile.allow_wildcard));
  if (!profile.dns_suffixes.empty() &&
      std::none_of(
          profile.dns_suffixes.begin(), profile.dns_suffixes.end(),
          [&](const std::string& suffix) { return HasSuffix(host, suffix); })) {
    return Refuse("DNS name", host,
                  absl::StrCat("profile \"", profile.name,
                               "\" does not allow this domain"));
  }
  return x509::AltName{.kind = name.kind, .value = std::move(host)};
}

absl::StatusOr<x509::AltName> CheckEmail(const x509::AltName& name) {
  ASSIGN_OR_RETURN(std::string address, NormalizeEmailName(name.value));
  return x509::AltName{.kind = name.kind, .value = std::move(address)};
}

absl::StatusOr<x509::AltName> CheckUri(const x509::AltName& name) {
  RETURN_IF_ERROR(CheckUriName(name.value));
  return name;
}

absl::StatusOr<x509::AltName> CheckOneName(const Profile& profile,
                                           const x509::AltName& name) {
  if (profile.alt_name_kinds.count(name.kind) == 0) {
    return Refuse("name", x509::AltNameText(name),
                  absl::StrCat("profile \"", profile.name,
                               "\" does not allow this kind"));
  }
  switch (name.kind) {
    case x509::AltNameKind::kDns:
      return CheckDns(profile, name);
    case x509::AltNameKind::kEmail:
      return CheckEmail(name);
    case x509::AltNameKind::kUri:
      return CheckUri(name);
    case x509::AltNameKind::kIp:
      return name;
  }
  return absl::InternalError("name: of no kind");
}

// Without its kind: what patterns are matched against.
std::string Text(const x509::AltName& name) {
  const std::string text = x509::AltNameText(name);
  return text.substr(text.find(':') + 1);
}

// `name` in its normal form against the rules beyond its kind.
absl::Status CheckRules(const Profile& profile, const x509::AltName& name) {
  const std::string whose = absl::StrCat("profile \"", profile.name, "\"");
  RETURN_IF_ERROR(x509::CheckPermitted(profile.names, name, whose));
  const std::string text = Text(name);
  for (const NamePattern& pattern : profile.forbidden_patterns) {
    if (pattern.Matches(text)) {
      return Refuse("name", text,
                    absl::StrCat(whose, " forbids what matches \"",
                                 pattern.text(), "\""));
    }
  }
  if (profile.allowed_patterns.empty() ||
      std::any_of(
          profile.allowed_patterns.begin(), profile.allowed_patterns.end(),
          [&](const NamePattern& pattern) { return pattern.Matches(text); })) {
    return absl::OkStatus();
  }
  return Refuse("name", text,
                absl::StrCat("no allowed pattern of ", whose, " matches it"));
}

}  // namespace

absl::StatusOr<std::vector<x509::AltName>> CheckNames(
    const Profile& profile, const std::vector<x509::AltName>& asked) {
  if (asked.size() > profile.max_names) {
    return absl::InvalidArgumentError(
        absl::StrCat("csr: asks for ", asked.size(), " names; at most ",
                     profile.max_names, " are allowed"));
  }
  std::vector<x509::AltName> names;
  for (const x509::AltName& name : asked) {
    ASSIGN_OR_RETURN(x509::AltName normal, CheckOneName(profile, name));
    RETURN_IF_ERROR(CheckRules(profile, normal));
    if (std::find(names.begin(), names.end(), normal) == names.end()) {
      names.push_back(std::move(normal));
    }
  }
  return names;
}

}  // namespace chancery::policy
