#include "policy/cfssl/profiles.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "der/oid.h"
#include "policy/cfssl/usages.h"
#include "policy/copied_extensions.h"
#include "policy/lints/registry.h"

namespace chancery::policy::cfssl {
namespace {

constexpr absl::Duration kDefaultBackdate = absl::Minutes(5);
// CFSSL's own default profile.
constexpr char kDefaultExpiry[] = "8760h";
constexpr char kDefaultName[] = "default";
constexpr int64_t kMaxPathLength = 1000;

// One profile on its way: where it stands in the file, and what is said of it.
class Converter {
 public:
  Converter(std::string path, const RawProfile& raw, const RawProfile* urls,
            std::vector<std::string>& notes)
      : path_(std::move(path)), raw_(raw), urls_(urls), notes_(notes) {}

  absl::StatusOr<Profile> Convert(const std::string& name,
                                  const lints::Selection& preset);

 private:
  absl::Status Refuse(absl::string_view field, absl::string_view value,
                      absl::string_view rule) const {
    return absl::InvalidArgumentError(
        absl::StrCat(absl::CHexEscape(path_), ".", field, ": \"",
                     absl::CHexEscape(value), "\": ", rule));
  }
  // With the rule that somebody else found broken.
  absl::Status Refuse(absl::string_view field, absl::string_view value,
                      const absl::Status& rule) const {
    return rule.ok() ? rule : Refuse(field, value, rule.message());
  }
  void Note(absl::string_view field, absl::string_view what) {
    notes_.push_back(
        absl::StrCat(absl::CHexEscape(path_), ".", field, ": ", what));
  }

  absl::StatusOr<absl::Duration> Duration(absl::string_view field,
                                          const std::string& text) const;
  absl::StatusOr<std::optional<absl::Time>> Date(absl::string_view field,
                                                 const std::string& text) const;
  absl::Status SetValidity(Profile& out) const;
  absl::Status SetUsages(Profile& out) const;
  absl::Status SetCa(Profile& out) const;
  absl::Status SetNames(Profile& out);
  absl::Status SetExtensions(Profile& out) const;
  absl::Status SetPolicies(Profile& out) const;
  absl::Status SetUrls(Profile& out) const;
  absl::Status SetLints(const lints::Selection& preset, Profile& out);
  absl::Status CheckRefused() const;
  void NoteUnused();

  const std::string path_;
  const RawProfile& raw_;
  const RawProfile* const urls_;  // The default profile's; may be null.
  std::vector<std::string>& notes_;
};

absl::StatusOr<absl::Duration> Converter::Duration(
    absl::string_view field, const std::string& text) const {
  absl::Duration duration;
  // Go knows the same units, and the micro sign.
  const std::string plain = absl::StrReplaceAll(text, {{"\u00b5s", "us"}});
  if (!absl::ParseDuration(plain, &duration) ||
      duration < absl::ZeroDuration() || duration > absl::Hours(24 * 36525)) {
    return Refuse(field, text,
                  "a duration such as 8760h or 90m, of at most 100 years");
  }
  return absl::Trunc(duration, absl::Seconds(1));
}

absl::StatusOr<std::optional<absl::Time>> Converter::Date(
    absl::string_view field, const std::string& text) const {
  if (text.empty()) return std::nullopt;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error) ||
      time < absl::UnixEpoch() ||
      time >= absl::FromCivil(absl::CivilSecond(10000), absl::UTCTimeZone())) {
    return Refuse(field, text, "a date such as 2030-01-31T00:00:00Z");
  }
  return std::optional<absl::Time>(time);
}

absl::Status Converter::SetValidity(Profile& out) const {
  ASSIGN_OR_RETURN(out.not_before, Date("not_before", raw_.not_before));
  ASSIGN_OR_RETURN(out.not_after, Date("not_after", raw_.not_after));
  out.backdate = kDefaultBackdate;
  if (!raw_.backdate.empty()) {
    ASSIGN_OR_RETURN(const absl::Duration backdate,
                     Duration("backdate", raw_.backdate));
    // "0 → 5 min".
    if (backdate > absl::ZeroDuration()) out.backdate = backdate;
  }
  if (out.backdate > absl::Hours(48)) {
    return Refuse("backdate", raw_.backdate, "at most 48h");
  }
  if (raw_.expiry.empty()) {
    return Refuse("expiry", "", "say how long a certificate lives, as 2160h");
  }
  ASSIGN_OR_RETURN(const absl::Duration expiry,
                   Duration("expiry", raw_.expiry));
  // CFSSL counts it from notBefore.
  out.validity = out.not_before.has_value() ? expiry : expiry - out.backdate;
  if (out.validity < absl::Minutes(1)) {
    return Refuse("expiry", raw_.expiry,
                  absl::StrCat("at least a minute more than backdate, ",
                               absl::FormatDuration(out.backdate)));
  }
  if (out.not_before.has_value() && out.not_after.has_value() &&
      *out.not_before >= *out.not_after) {
    return Refuse("not_before", raw_.not_before, "before not_after");
  }
  return absl::OkStatus();
}

absl::Status Converter::SetUsages(Profile& out) const {
  for (size_t i = 0; i < raw_.usages.size(); ++i) {
    const absl::Status added = AddUsage(raw_.usages[i], out);
    RETURN_IF_ERROR(
        Refuse(absl::StrCat("usages[", i, "]"), raw_.usages[i], added));
  }
  constexpr uint32_t kCaUsages = x509::kKeyCertSign | x509::kCrlSign;
  if (raw_.ca_constraint.is_ca) {
    if ((out.key_usage & x509::kKeyCertSign) == 0) {
      return Refuse("usages", absl::StrJoin(raw_.usages, ", "),
                    "a CA has cert sign");
    }
    out.key_usage &= ~kCaUsages;  // A CA has them without.
    return absl::OkStatus();
  }
  if ((out.key_usage & kCaUsages) != 0) {
    return Refuse("usages", absl::StrJoin(raw_.usages, ", "),
                  "cert sign and crl sign are for ca_constraint.is_ca");
  }
  constexpr uint32_t kOnly = x509::kEncipherOnly | x509::kDecipherOnly;
  if ((out.key_usage & kOnly) != 0 &&
      (out.key_usage & x509::kKeyAgreement) == 0) {
    return Refuse("usages", absl::StrJoin(raw_.usages, ", "),
                  "encipher only and decipher only need key agreement (RFC "
                  "5280 section 4.2.1.3)");
  }
  if (out.extended_key_usage.empty()) {
    return Refuse("usages", absl::StrJoin(raw_.usages, ", "),
                  "say what its certificates are for, such as server auth "
                  "(Baseline Requirements section 7.1.2.7.10)");
  }
  return absl::OkStatus();
}

absl::Status Converter::SetCa(Profile& out) const {
  const CaConstraint& from = raw_.ca_constraint;
  if (!from.is_ca) {
    if (from.max_path_len == 0 && !from.max_path_len_zero) {
      return absl::OkStatus();
    }
    return Refuse("ca_constraint.max_path_len", absl::StrCat(from.max_path_len),
                  "only with is_ca: true");
  }
  if (from.max_path_len < 0 || from.max_path_len > kMaxPathLength) {
    return Refuse("ca_constraint.max_path_len", absl::StrCat(from.max_path_len),
                  absl::StrCat("0 to ", kMaxPathLength));
  }
  if (from.max_path_len > 0 && from.max_path_len_zero) {
    return Refuse("ca_constraint.max_path_len", absl::StrCat(from.max_path_len),
                  "not with max_path_len_zero: true");
  }
  out.ca.emplace();
  // Zero alone says nothing, as Go's zero value.
  if (from.max_path_len > 0 || from.max_path_len_zero) {
    out.ca->path_length = static_cast<int>(from.max_path_len);
  }
  return absl::OkStatus();
}

absl::Status Converter::SetNames(Profile& out) {
  using x509::AltNameKind;
  const CsrWhitelist all = {.subject = true,
                            .public_key_algorithm = true,
                            .public_key = true,
                            .signature_algorithm = true,
                            .dns_names = true,
                            .ip_addresses = true,
                            .email_addresses = true,
                            .uris = true};
  const CsrWhitelist copied = raw_.csr_whitelist.value_or(all);
  if (!copied.public_key || !copied.public_key_algorithm) {
    return Refuse("CSRWhitelist.PublicKey", "false",
                  "a certificate is for the request's key: PublicKey and "
                  "PublicKeyAlgorithm have to be true");
  }
  if (copied.dns_names) out.alt_name_kinds.insert(AltNameKind::kDns);
  if (copied.ip_addresses) out.alt_name_kinds.insert(AltNameKind::kIp);
  if (copied.email_addresses) out.alt_name_kinds.insert(AltNameKind::kEmail);
  if (copied.uris) out.alt_name_kinds.insert(AltNameKind::kUri);
  if (out.alt_name_kinds.empty() && !out.ca.has_value()) {
    return Refuse(
        "CSRWhitelist", "no kind of name",
        "at least one of DNSNames, IPAddresses, EmailAddresses, URIs");
  }
  if (copied.subject) {
    out.subject_attributes = {"CN", "serialNumber", "C", "L",
                              "ST", "street",       "O", "OU",
                              "DC", "emailAddress"};
  }
  out.allow_wildcard = true;
  out.max_names = 1000;
  if (raw_.name_whitelist.empty()) return absl::OkStatus();
  auto pattern =
      NamePattern::Create(raw_.name_whitelist, NamePattern::Where::kAnywhere);
  RETURN_IF_ERROR(
      Refuse("name_whitelist", raw_.name_whitelist, pattern.status()));
  if (pattern->unanchored()) {
    Note("name_whitelist",
         "it does not begin with ^ and end with $, so that it matches in the "
         "middle of names too, as CFSSL has it");
  }
  out.allowed_patterns.push_back(*std::move(pattern));
  return absl::OkStatus();
}

absl::Status Converter::SetExtensions(Profile& out) const {
  if (raw_.copy_extensions && raw_.allowed_extensions.empty()) {
    return Refuse("copy_extensions", "true",
                  "with it whoever asks writes the certificate: name those "
                  "that are meant in allowed_extensions");
  }
  for (size_t i = 0; i < raw_.allowed_extensions.size(); ++i) {
    const std::string& oid = raw_.allowed_extensions[i];
    RETURN_IF_ERROR(Refuse(absl::StrCat("allowed_extensions[", i, "]"), oid,
                           CheckCopiedExtension(oid)));
    out.copied_extensions.insert(oid);
  }
  return absl::OkStatus();
}

absl::Status Converter::SetPolicies(Profile& out) const {
  std::set<std::string> seen;
  for (size_t i = 0; i < raw_.policies.size(); ++i) {
    const CertificatePolicy& from = raw_.policies[i];
    const std::string field = absl::StrCat("Policies[", i, "]");
    x509::CertificatePolicy policy{.oid = from.id};
    for (const PolicyQualifier& qualifier : from.qualifiers) {
      if (qualifier.type == "id-qt-cps") {
        policy.cps_urls.push_back(qualifier.value);
      } else if (qualifier.type == "id-qt-unotice") {
        policy.user_notices.push_back(qualifier.value);
      } else {
        return Refuse(field + ".Qualifiers.Type", qualifier.type,
                      "id-qt-cps or id-qt-unotice");
      }
    }
    RETURN_IF_ERROR(
        Refuse(field, from.id, x509::CheckCertificatePolicy(policy)));
    if (!seen.insert(from.id).second) {
      return Refuse(field, from.id, "each policy once");
    }
    out.policies.push_back(std::move(policy));
  }
  return absl::OkStatus();
}

// A profile's own, else the default profile's, as CFSSL does.
absl::Status Converter::SetUrls(Profile& out) const {
  const auto either = [&](std::string RawProfile::*field) {
    return (raw_.*field).empty() && urls_ != nullptr ? urls_->*field
                                                     : raw_.*field;
  };
  out.ocsp_url = either(&RawProfile::ocsp_url);
  out.crl_url = either(&RawProfile::crl_url);
  out.ca_issuers_urls = raw_.issuer_urls.empty() && urls_ != nullptr
                            ? urls_->issuer_urls
                            : raw_.issuer_urls;
  const auto check = [&](absl::string_view field, const std::string& url) {
    return url.empty() || absl::StartsWith(url, "http://")
               ? absl::OkStatus()
               : Refuse(field, url,
                        "http:// only: clients check it before they trust TLS");
  };
  RETURN_IF_ERROR(check("ocsp_url", out.ocsp_url));
  RETURN_IF_ERROR(check("crl_url", out.crl_url));
  for (const std::string& url : out.ca_issuers_urls) {
    RETURN_IF_ERROR(check("issuer_urls", url));
  }
  return absl::OkStatus();
}

absl::Status Converter::SetLints(const lints::Selection& preset, Profile& out) {
  out.lints = preset;
  const std::string& level = raw_.lint_error_level;
  // CFSSL refuses what zlint finds worse than the level.
  static constexpr const char* kLevels[] = {
      "", "reserved", "na", "ne", "pass", "info", "warn", "error", "fatal"};
  const std::string lower = absl::AsciiStrToLower(level);
  if (std::find(std::begin(kLevels), std::end(kLevels), lower) ==
      std::end(kLevels)) {
    return Refuse("lint_error_level", level,
                  "reserved, NA, NE, pass, info, warn, error or fatal");
  }
  if (lower == "na" || lower == "ne" || lower == "pass" || lower == "info") {
    const auto from =
        lower == "info" ? lints::Severity::kWarning : lints::Severity::kNotice;
    out.lints = lints::Selection();
    for (const char* set : {"rfc5280", "rfc8813"}) {
      RETURN_IF_ERROR(out.lints.Add(set, from));
    }
  } else if (lower == "error" || lower == "fatal" || lower == "reserved") {
    Note("lint_error_level",
         "errors of the lints rfc5280 and rfc8813 refuse a certificate all the "
         "same");
  }
  for (const std::string& lint : raw_.ignored_lints) {
    if (!out.lints.Except(lint).ok()) {
      Note("ignored_lints", absl::StrCat("no lint here is called \"",
                                         absl::CHexEscape(lint), "\""));
    }
  }
  if (!raw_.ignored_lint_sources.empty()) {
    Note("ignored_lint_sources",
         "zlint's sources are not here; only rfc5280 and rfc8813 look at these "
         "certificates");
  }
  return absl::OkStatus();
}

// What this signer does not do.
absl::Status Converter::CheckRefused() const {
  if (!raw_.remote.empty() || raw_.auth_remote.has_value()) {
    return Refuse(raw_.remote.empty() ? "auth_remote" : "remote", raw_.remote,
                  "this profile is another signer's: it belongs into the "
                  "configuration of a client, or of that signer without it");
  }
  if (raw_.ocsp_no_check) {
    return Refuse("ocsp_no_check", "true",
                  "only OCSP signers have it (RFC 6960 section 4.2.2.2.1), and "
                  "no profile makes those: docs/operations.md");
  }
  if (raw_.client_provides_serial_numbers) {
    return Refuse("ClientProvidesSerialNumbers", "true",
                  "the signer chooses serials, of 127 random bits (TRUST 3)");
  }
  if (!raw_.ct_log_servers.empty()) {
    return Refuse("ct_log_servers", absl::StrJoin(raw_.ct_log_servers, ", "),
                  "Certificate Transparency is not configured: certificates "
                  "would lack the SCTs that this asks for");
  }
  return absl::OkStatus();
}

void Converter::NoteUnused() {
  if (!raw_.auth_key.empty() || !raw_.prev_auth_key.empty()) {
    Note("auth_key",
         "the signer does not look at it: who may ask is for the authority's "
         "grants to say");
  }
  if (!raw_.cert_store.empty()) Note("cert_store", "no effect, as in CFSSL");
  if (raw_.csr_whitelist.has_value() &&
      !raw_.csr_whitelist->signature_algorithm) {
    Note("CSRWhitelist.SignatureAlgorithm",
         "no effect: the issuer's key decides how it signs");
  }
}

absl::StatusOr<Profile> Converter::Convert(const std::string& name,
                                           const lints::Selection& preset) {
  Profile out;
  out.name = name;
  RETURN_IF_ERROR(CheckRefused());
  ASSIGN_OR_RETURN(out.key_types, KeyTypesFromNames({}));
  RETURN_IF_ERROR(SetValidity(out));
  RETURN_IF_ERROR(SetCa(out));
  RETURN_IF_ERROR(SetUsages(out));
  RETURN_IF_ERROR(SetNames(out));
  RETURN_IF_ERROR(SetExtensions(out));
  RETURN_IF_ERROR(SetPolicies(out));
  RETURN_IF_ERROR(SetUrls(out));
  RETURN_IF_ERROR(SetLints(preset, out));
  NoteUnused();
  return out;
}

// Names that are referred to are there, as CFSSL demands.
absl::Status CheckReferences(const std::string& path, const RawProfile& raw,
                             const Config& config) {
  const auto in_keys = [&](const char* field, const std::string& name) {
    return name.empty() || config.auth_keys.count(name) != 0
               ? absl::OkStatus()
               : absl::InvalidArgumentError(
                     absl::StrCat(absl::CHexEscape(path), ".", field, ": \"",
                                  absl::CHexEscape(name),
                                  "\": auth_keys has none of this name"));
  };
  RETURN_IF_ERROR(in_keys("auth_key", raw.auth_key));
  RETURN_IF_ERROR(in_keys("prev_auth_key", raw.prev_auth_key));
  for (const auto& [name, type] : config.auth_keys) {
    if (type != "standard") {
      return absl::InvalidArgumentError(
          absl::StrCat("auth_keys.", absl::CHexEscape(name), ".type: \"",
                       absl::CHexEscape(type), "\": standard is allowed"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Profiles> ToProfiles(const Config& config,
                                    const lints::Selection& preset) {
  Profiles out;
  RawProfile fallback;
  fallback.usages = {"signing", "key encipherment", "server auth",
                     "client auth"};
  fallback.expiry = kDefaultExpiry;
  const RawProfile& first =
      config.default_profile.has_value() ? *config.default_profile : fallback;
  const auto add = [&](const std::string& name, const std::string& path,
                       const RawProfile& raw) -> absl::Status {
    if (name.empty() || name.size() > 128) {
      return absl::InvalidArgumentError(
          absl::StrCat(absl::CHexEscape(path),
                       ": a profile's name has 1 to 128 characters"));
    }
    RETURN_IF_ERROR(CheckReferences(path, raw, config));
    ASSIGN_OR_RETURN(
        Profile profile,
        Converter(path, raw,
                  config.default_profile.has_value() ? &first : nullptr,
                  out.notes)
            .Convert(name, preset));
    out.profiles.push_back(std::move(profile));
    return absl::OkStatus();
  };
  if (config.default_profile.has_value() && first.usages.empty()) {
    // CFSSL refuses each request for it.
    out.notes.push_back(
        "signing.default: without usages it makes no certificates; others take "
        "their URLs from it");
  } else {
    RETURN_IF_ERROR(add(kDefaultName, "signing.default", first));
  }
  for (const auto& [name, raw] : config.profiles) {
    if (name == kDefaultName) {
      return absl::InvalidArgumentError(
          "signing.profiles.default: this name is signing.default's");
    }
    RETURN_IF_ERROR(add(name, absl::StrCat("signing.profiles.", name), raw));
  }
  if (config.has_ocsp) {
    out.notes.push_back(
        "ocsp: no effect: OCSP signers are the issuer's, in the signer's "
        "configuration");
  }
  if (!config.remotes.empty()) {
    out.notes.push_back("remotes: no effect: this signer asks no other one");
  }
  return out;
}

}  // namespace chancery::policy::cfssl
