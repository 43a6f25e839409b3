#include "tools/chancery/ceremony/certificate_fields.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "chancery/config/ceremony_certificate.pb.h"
#include "policy/profile.h"
#include "rpc/config.h"
#include "tools/chancery/text.h"
#include "x509/certificate/certificate_policies.h"
#include "x509/certificate/extensions.h"
#include "x509/certificate/name_constraints.h"
#include "x509/certificate/names.h"

namespace chancery::cli::ceremony {
namespace {

using rpc::ConfigError;

constexpr int kMaxPathLength = 100;
constexpr size_t kMaxUrl = 2048;

// OK, or the rule under the field's name.
absl::Status InField(const std::string& field, const std::string& value,
                     const absl::Status& rule) {
  return rule.ok() ? rule : ConfigError(field, value, rule.message());
}

absl::StatusOr<std::string> ReadSubject(
    const std::string& field, const config::CeremonyCertificate& from) {
  std::vector<x509::Attribute> attributes;
  for (const auto& attribute : from.subject()) {
    attributes.push_back({attribute.type(), attribute.value()});
  }
  if (attributes.empty()) {
    return ConfigError(field + "subject", "", "is required");
  }
  auto name = x509::EncodeName(attributes);
  RETURN_IF_ERROR(
      InField(field + "subject", x509::NameText(attributes), name.status()));
  return name;
}

// What CAs use keys for is no profile's to give.
absl::StatusOr<uint32_t> ReadKeyUsage(const std::string& field,
                                      const config::CeremonyCertificate& from) {
  uint32_t usage = 0;
  for (const std::string& name : from.key_usage()) {
    if (name == "key_cert_sign") {
      usage |= x509::kKeyCertSign;
    } else if (name == "crl_sign") {
      usage |= x509::kCrlSign;
    } else {
      const auto other = policy::KeyUsageFromNames({name});
      if (!other.ok()) {
        return ConfigError(
            field + "key_usage", name,
            "not one of key_cert_sign, crl_sign, digital_signature, "
            "content_commitment, key_encipherment, data_encipherment, "
            "key_agreement");
      }
      usage |= *other;
    }
  }
  if (usage == 0) return ConfigError(field + "key_usage", "", "is required");
  return usage;
}

absl::StatusOr<x509::NameSubtree> ReadSubtree(absl::string_view text) {
  using Kind = x509::NameSubtree::Kind;
  constexpr std::pair<const char*, Kind> kPrefixes[] = {
      {"dns:", Kind::kDns},
      {"email:", Kind::kEmail},
      {"uri:", Kind::kUri},
      {"ip:", Kind::kIp}};
  for (const auto& [prefix, kind] : kPrefixes) {
    if (absl::ConsumePrefix(&text, prefix)) {
      return x509::NameSubtreeFromText(kind, text);
    }
  }
  return absl::InvalidArgumentError(
      "must begin with dns:, email:, uri: or ip:");
}

absl::StatusOr<std::vector<x509::NameSubtree>> ReadSubtrees(
    const std::string& field,
    const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::vector<x509::NameSubtree> out;
  for (const std::string& text : texts) {
    auto subtree = ReadSubtree(text);
    RETURN_IF_ERROR(InField(field, text, subtree.status()));
    out.push_back(*std::move(subtree));
  }
  return out;
}

absl::Status ReadPolicies(const std::string& field,
                          const config::CeremonyCertificate& from,
                          std::vector<x509::CertificatePolicy>& out) {
  for (const auto& from_policy : from.policy()) {
    x509::CertificatePolicy policy{.oid = from_policy.oid()};
    if (!from_policy.cps_url().empty()) {
      policy.cps_urls = {from_policy.cps_url()};
    }
    RETURN_IF_ERROR(InField(field + "policy", policy.oid,
                            x509::CheckCertificatePolicy(policy)));
    for (const x509::CertificatePolicy& other : out) {
      if (other.oid == policy.oid) {
        return ConfigError(field + "policy.oid", policy.oid, "each one once");
      }
    }
    out.push_back(std::move(policy));
  }
  return absl::OkStatus();
}

absl::Status ReadUrls(const std::string& field,
                      const google::protobuf::RepeatedPtrField<std::string>& in,
                      std::vector<std::string>& out) {
  for (const std::string& url : in) {
    if (!absl::StartsWith(url, "http://") || url.size() > kMaxUrl ||
        std::any_of(url.begin(), url.end(),
                    [](char c) { return c <= ' ' || c >= 0x7f; })) {
      return ConfigError(
          field, url,
          "must begin with http://: clients check it before they trust TLS");
    }
    out.push_back(url);
  }
  return absl::OkStatus();
}

// What only CAs have.
absl::Status ReadCaFields(const std::string& field,
                          const config::CeremonyCertificate& from, bool is_root,
                          x509::Extensions& out) {
  out.is_ca = true;
  if (from.has_path_length()) {
    if (from.path_length() > kMaxPathLength) {
      return ConfigError(field + "path_length",
                         absl::StrCat(from.path_length()),
                         absl::StrCat("at most ", kMaxPathLength));
    }
    out.path_length = static_cast<int>(from.path_length());
  }
  if (from.has_name_constraints()) {
    x509::NameConstraints constraints;
    ASSIGN_OR_RETURN(constraints.permitted,
                     ReadSubtrees(field + "name_constraints.permitted",
                                  from.name_constraints().permitted()));
    ASSIGN_OR_RETURN(constraints.excluded,
                     ReadSubtrees(field + "name_constraints.excluded",
                                  from.name_constraints().excluded()));
    if (constraints.empty()) {
      return ConfigError(field + "name_constraints", "", "name a subtree");
    }
    if (is_root) {
      return ConfigError(
          field + "name_constraints", "",
          "clients do not look at a root's: give them to the CA below it");
    }
    out.name_constraints = std::move(constraints);
  }
  const auto usages = policy::ExtendedKeyUsageFromNames(
      {from.extended_key_usage().begin(), from.extended_key_usage().end()});
  RETURN_IF_ERROR(InField(
      field + "extended_key_usage",
      from.extended_key_usage().empty() ? "" : from.extended_key_usage(0),
      usages.status()));
  out.extended_key_usage = *usages;
  return absl::OkStatus();
}

// Baseline Requirements section 7.1.2.8.
absl::Status ReadOcspSignerFields(const std::string& field,
                                  const config::CeremonyCertificate& from,
                                  x509::Extensions& out) {
  if (!from.extended_key_usage().empty()) {
    return ConfigError(field + "extended_key_usage", from.extended_key_usage(0),
                       "an OCSP signer has OCSPSigning alone: leave it out");
  }
  if (from.has_path_length() || from.has_name_constraints()) {
    return ConfigError(
        field + (from.has_path_length() ? "path_length" : "name_constraints"),
        "", "an OCSP signer is no CA");
  }
  out.extended_key_usage = {x509::kOcspSigning};
  out.ocsp_no_check = true;
  return absl::OkStatus();
}

absl::StatusOr<Revocation> ReadRevocation(
    const std::string& field, const config::CeremonyCrl::Revoked& from) {
  Revocation out;
  if (from.serial().empty() == from.certificate().empty()) {
    return ConfigError(field + "revoked.serial", from.serial(),
                       "name a serial or a certificate");
  }
  if (!from.serial().empty()) {
    auto serial = ParseSerial(from.serial());
    RETURN_IF_ERROR(
        InField(field + "revoked.serial", from.serial(), serial.status()));
    out.serial = *std::move(serial);
  }
  out.certificate = from.certificate();
  ASSIGN_OR_RETURN(out.date, ReadTime(field + "revoked.date", from.date()));
  if (!from.reason().empty()) {
    const auto reason = ParseReason(from.reason());
    RETURN_IF_ERROR(
        InField(field + "revoked.reason", from.reason(), reason.status()));
    out.reason = *reason;
  }
  return out;
}

}  // namespace

absl::StatusOr<absl::Time> ReadTime(const std::string& field,
                                    const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error) ||
      !absl::EndsWith(text, "Z") || absl::StrContains(text, ".") ||
      time < absl::UnixEpoch() || absl::ToUnixSeconds(time) > 253402300799) {
    return ConfigError(field, text,
                       "must be a time in UTC, as 2027-01-31T00:00:00Z");
  }
  return time;
}

absl::Status CheckSlug(const std::string& field, const std::string& name) {
  const bool fits =
      !name.empty() && name.size() <= 63 && name[0] != '-' &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_islower(static_cast<unsigned char>(c)) ||
               absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
      });
  if (fits) return absl::OkStatus();
  return ConfigError(field, name,
                     "1 to 63 lower-case letters, digits and dashes");
}

absl::StatusOr<std::string> ReadSha256(const std::string& field,
                                       const std::string& text) {
  auto bytes = base::FromHex(text);
  if (!bytes.has_value() || bytes->size() != 32) {
    return ConfigError(field, text, "must be 64 hexadecimal digits");
  }
  return *std::move(bytes);
}

absl::StatusOr<NewCertificate> ReadCertificate(
    const std::string& field, const config::CeremonyCertificate& from,
    CertificateKind kind) {
  NewCertificate out;
  if (kind != CertificateKind::kCross) {
    ASSIGN_OR_RETURN(out.subject, ReadSubject(field, from));
  } else if (!from.subject().empty()) {
    return ConfigError(field + "subject", from.subject(0).value(),
                       "a cross-certificate has that of the certificate that "
                       "it is for: leave it out");
  }
  if (!from.serial().empty()) {
    auto serial = ParseSerial(from.serial());
    RETURN_IF_ERROR(InField(field + "serial", from.serial(), serial.status()));
    out.serial = *std::move(serial);
  }
  ASSIGN_OR_RETURN(out.not_before,
                   ReadTime(field + "not_before", from.not_before()));
  ASSIGN_OR_RETURN(const absl::Time not_after,
                   ReadTime(field + "not_after", from.not_after()));
  if (not_after <= out.not_before) {
    return ConfigError(field + "not_after", from.not_after(),
                       "must be after not_before");
  }
  // Both ends belong to it (RFC 5280 section 4.1.2.5).
  out.validity = not_after - out.not_before + absl::Seconds(1);
  x509::Extensions& extensions = out.extensions;
  ASSIGN_OR_RETURN(extensions.key_usage, ReadKeyUsage(field, from));
  RETURN_IF_ERROR(kind == CertificateKind::kOcspSigner
                      ? ReadOcspSignerFields(field, from, extensions)
                      : ReadCaFields(field, from,
                                     kind == CertificateKind::kRoot,
                                     extensions));
  RETURN_IF_ERROR(ReadPolicies(field, from, extensions.policies));
  RETURN_IF_ERROR(
      ReadUrls(field + "crl_url", from.crl_url(), extensions.crl_urls));
  RETURN_IF_ERROR(
      ReadUrls(field + "ocsp_url", from.ocsp_url(), extensions.ocsp_urls));
  RETURN_IF_ERROR(ReadUrls(field + "ca_issuers_url", from.ca_issuers_url(),
                           extensions.ca_issuers_urls));
  return out;
}

absl::StatusOr<MakeCrl> ReadCrl(const std::string& field,
                                const config::CeremonyCrl& from, bool is_last) {
  MakeCrl out;
  RETURN_IF_ERROR(CheckSlug(field + "name", from.name()));
  out.name = from.name();
  out.issuer = from.issuer();
  out.is_last = is_last;
  if (from.number() == 0) {
    return ConfigError(field + "number", "0", "must be at least 1");
  }
  out.number = from.number();
  if (!from.this_update().empty()) {
    ASSIGN_OR_RETURN(out.this_update,
                     ReadTime(field + "this_update", from.this_update()));
  }
  if (!from.next_update().empty()) {
    ASSIGN_OR_RETURN(out.next_update,
                     ReadTime(field + "next_update", from.next_update()));
  } else if (!is_last) {
    return ConfigError(field + "next_update", "", "is required");
  }
  if (from.first() != from.previous_file().empty()) {
    return ConfigError(
        field + "previous_file", from.previous_file(),
        "name the CRL before this one, or say `first: true`; not both");
  }
  std::vector<std::string> urls;
  if (!from.distribution_point().empty()) {
    google::protobuf::RepeatedPtrField<std::string> one;
    one.Add(std::string(from.distribution_point()));
    RETURN_IF_ERROR(ReadUrls(field + "distribution_point", one, urls));
    out.distribution_point = urls.front();
  }
  for (const auto& revoked : from.revoked()) {
    ASSIGN_OR_RETURN(Revocation revocation, ReadRevocation(field, revoked));
    out.revoked.push_back(std::move(revocation));
  }
  return out;
}

}  // namespace chancery::cli::ceremony
