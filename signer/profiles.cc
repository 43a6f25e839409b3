#include "signer/profiles.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "chancery/config/signer.pb.h"
#include "policy/cfssl/config.h"
#include "policy/cfssl/profiles.h"
#include "policy/copied_extensions.h"
#include "policy/dns_name.h"
#include "policy/name_pattern.h"
#include "rpc/config.h"
#include "signer/lint_settings.h"
#include "x509/certificate/certificate_policies.h"
#include "x509/certificate/name_constraints.h"
#include "x509/certificate/names.h"

namespace chancery::signer {
namespace {

constexpr uint32_t kMaxBackdateMinutes = 60 * 48;
constexpr uint32_t kMaxNames = 1000;
constexpr uint32_t kMinRsaBits = 2048, kMaxRsaBits = 4096;
constexpr uint32_t kMaxPathLength = 1000;
constexpr size_t kMaxBlockedFile = 256 << 20;

// `rule` with the field and value that broke it.
absl::Status InField(const std::string& field, const std::string& value,
                     const absl::Status& rule) {
  return rule.ok() ? rule : rpc::ConfigError(field, value, rule.message());
}

template <typename Texts>
absl::Status AddSubtrees(const Texts& texts, x509::NameSubtree::Kind kind,
                         const std::string& field,
                         std::vector<x509::NameSubtree>& out) {
  for (const std::string& text : texts) {
    auto subtree = x509::NameSubtreeFromText(kind, text);
    RETURN_IF_ERROR(InField(field, text, subtree.status()));
    out.push_back(*std::move(subtree));
  }
  return absl::OkStatus();
}

absl::StatusOr<x509::NameConstraints> ToConstraints(
    const config::NameConstraints& from, const std::string& field) {
  using Kind = x509::NameSubtree::Kind;
  x509::NameConstraints out;
  RETURN_IF_ERROR(AddSubtrees(from.permitted_dns(), Kind::kDns,
                              field + "permitted_dns", out.permitted));
  RETURN_IF_ERROR(AddSubtrees(from.permitted_ip(), Kind::kIp,
                              field + "permitted_ip", out.permitted));
  RETURN_IF_ERROR(AddSubtrees(from.permitted_email(), Kind::kEmail,
                              field + "permitted_email", out.permitted));
  RETURN_IF_ERROR(AddSubtrees(from.permitted_uri(), Kind::kUri,
                              field + "permitted_uri", out.permitted));
  RETURN_IF_ERROR(AddSubtrees(from.excluded_dns(), Kind::kDns,
                              field + "excluded_dns", out.excluded));
  RETURN_IF_ERROR(AddSubtrees(from.excluded_ip(), Kind::kIp,
                              field + "excluded_ip", out.excluded));
  RETURN_IF_ERROR(AddSubtrees(from.excluded_email(), Kind::kEmail,
                              field + "excluded_email", out.excluded));
  RETURN_IF_ERROR(AddSubtrees(from.excluded_uri(), Kind::kUri,
                              field + "excluded_uri", out.excluded));
  return out;
}

absl::Status SetPatterns(const config::Profile& from, const std::string& field,
                         policy::Profile& profile) {
  const auto add = [](const auto& texts, const std::string& name,
                      std::vector<policy::NamePattern>& out) -> absl::Status {
    for (const std::string& text : texts) {
      auto pattern =
          policy::NamePattern::Create(text, policy::NamePattern::Where::kWhole);
      RETURN_IF_ERROR(InField(name, text, pattern.status()));
      out.push_back(*std::move(pattern));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(add(from.allowed_name_pattern(),
                      field + "allowed_name_pattern",
                      profile.allowed_patterns));
  return add(from.forbidden_name_pattern(), field + "forbidden_name_pattern",
             profile.forbidden_patterns);
}

absl::Status SetPolicies(const config::Profile& from, const std::string& field,
                         policy::Profile& profile) {
  for (const config::CertificatePolicy& asked : from.certificate_policy()) {
    x509::CertificatePolicy policy{
        .oid = asked.oid(),
        .cps_urls = {asked.cps_url().begin(), asked.cps_url().end()},
        .user_notices = {asked.user_notice().begin(),
                         asked.user_notice().end()}};
    RETURN_IF_ERROR(InField(field + "certificate_policy", asked.oid(),
                            x509::CheckCertificatePolicy(policy)));
    for (const x509::CertificatePolicy& other : profile.policies) {
      if (other.oid == policy.oid) {
        return rpc::ConfigError(field + "certificate_policy.oid", policy.oid,
                                "each policy once");
      }
    }
    profile.policies.push_back(std::move(policy));
  }
  return absl::OkStatus();
}

absl::Status SetCopied(const config::Profile& from, const std::string& field,
                       policy::Profile& profile) {
  for (const std::string& oid : from.copy_extension()) {
    RETURN_IF_ERROR(InField(field + "copy_extension", oid,
                            policy::CheckCopiedExtension(oid)));
    profile.copied_extensions.insert(oid);
  }
  return absl::OkStatus();
}

// `status`, which begins with the name of a field, says of which profile.
absl::Status InProfile(const std::string& field, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(field, status.message()));
}

absl::Status SetPurposes(const config::Profile& from,
                         policy::Profile& profile) {
  ASSIGN_OR_RETURN(profile.key_usage,
                   policy::KeyUsageFromNames(
                       {from.key_usage().begin(), from.key_usage().end()}));
  ASSIGN_OR_RETURN(
      profile.extended_key_usage,
      policy::ExtendedKeyUsageFromNames({from.extended_key_usage().begin(),
                                         from.extended_key_usage().end()}));
  ASSIGN_OR_RETURN(profile.key_types,
                   policy::KeyTypesFromNames(
                       {from.key_type().begin(), from.key_type().end()}));
  return absl::OkStatus();
}

absl::StatusOr<policy::Profile> ToProfile(const config::Profile& from) {
  using x509::AltNameKind;
  policy::Profile profile;
  profile.name = from.name();
  profile.validity = absl::Hours(from.validity_hours());
  profile.backdate = absl::Minutes(from.backdate_minutes());
  const std::string field = absl::StrCat("profile \"", from.name(), "\".");
  RETURN_IF_ERROR(InProfile(field, SetPurposes(from, profile)));
  if (from.allow_dns()) profile.alt_name_kinds.insert(AltNameKind::kDns);
  if (from.allow_ip()) profile.alt_name_kinds.insert(AltNameKind::kIp);
  if (from.allow_email()) profile.alt_name_kinds.insert(AltNameKind::kEmail);
  if (from.allow_uri()) profile.alt_name_kinds.insert(AltNameKind::kUri);
  for (const std::string& suffix : from.dns_suffix()) {
    auto domain = policy::NormalizeDnsName(suffix, /*allow_wildcard=*/false);
    RETURN_IF_ERROR(InField(field + "dns_suffix", suffix, domain.status()));
    profile.dns_suffixes.push_back(*std::move(domain));
  }
  profile.allow_wildcard = from.allow_wildcard();
  if (from.max_names() != 0) profile.max_names = from.max_names();
  if (from.min_rsa_bits() != 0) profile.min_rsa_bits = from.min_rsa_bits();
  if (from.max_rsa_bits() != 0) profile.max_rsa_bits = from.max_rsa_bits();
  profile.must_staple = from.must_staple();
  profile.subject_attributes = {from.subject_attribute().begin(),
                                from.subject_attribute().end()};
  ASSIGN_OR_RETURN(profile.lints, CertificateLintsOf(from, field));
  ASSIGN_OR_RETURN(profile.names,
                   ToConstraints(from.names(), field + "names."));
  RETURN_IF_ERROR(SetPatterns(from, field, profile));
  RETURN_IF_ERROR(SetPolicies(from, field, profile));
  RETURN_IF_ERROR(SetCopied(from, field, profile));
  if (from.has_ca()) {
    profile.ca.emplace();
    if (!from.ca().any_path_length()) {
      profile.ca->path_length = static_cast<int>(from.ca().path_length());
    }
    ASSIGN_OR_RETURN(profile.ca->name_constraints,
                     ToConstraints(from.ca().name_constraints(),
                                   field + "ca.name_constraints."));
  }
  return profile;
}

absl::Status CheckSizes(const config::Profile& profile,
                        const std::string& field) {
  const auto check = [&](const char* name, uint32_t bits) {
    return bits == 0 ||
                   (bits >= kMinRsaBits && bits <= kMaxRsaBits && bits % 8 == 0)
               ? absl::OkStatus()
               : rpc::ConfigError(field + name, absl::StrCat(bits),
                                  absl::StrCat(kMinRsaBits, " to ", kMaxRsaBits,
                                               ", a multiple of 8"));
  };
  RETURN_IF_ERROR(check("min_rsa_bits", profile.min_rsa_bits()));
  RETURN_IF_ERROR(check("max_rsa_bits", profile.max_rsa_bits()));
  if (profile.max_rsa_bits() != 0 &&
      profile.min_rsa_bits() > profile.max_rsa_bits()) {
    return rpc::ConfigError(field + "min_rsa_bits",
                            absl::StrCat(profile.min_rsa_bits()),
                            "at most max_rsa_bits");
  }
  if (profile.ca().path_length() > kMaxPathLength ||
      (profile.ca().any_path_length() && profile.ca().path_length() != 0)) {
    return rpc::ConfigError(field + "ca.path_length",
                            absl::StrCat(profile.ca().path_length()),
                            absl::StrCat("at most ", kMaxPathLength,
                                         ", and not with "
                                         "any_path_length"));
  }
  return absl::OkStatus();
}

absl::Status CheckSubject(const config::Profile& profile,
                          const std::string& field) {
  for (const std::string& type : profile.subject_attribute()) {
    // A value that each of them can have.
    if (x509::EncodeName({{type, "XX"}}).ok()) continue;
    return rpc::ConfigError(
        field + "subject_attribute", type,
        "not one of CN, O, OU, C, L, ST, serialNumber, DC, emailAddress or a "
        "dotted OID");
  }
  return absl::OkStatus();
}

absl::Status CheckProfile(const config::Profile& profile) {
  if (profile.name().empty() || profile.name().size() > 128) {
    return rpc::ConfigError("profile.name", profile.name(),
                            "1 to 128 characters");
  }
  const std::string field = absl::StrCat("profile \"", profile.name(), "\".");
  if (profile.validity_hours() == 0) {
    return rpc::ConfigError(field + "validity_hours", "0",
                            "say how long a certificate lives");
  }
  if (profile.backdate_minutes() > kMaxBackdateMinutes) {
    return rpc::ConfigError(field + "backdate_minutes",
                            absl::StrCat(profile.backdate_minutes()),
                            "at most 2 days");
  }
  if (profile.extended_key_usage().empty() && !profile.has_ca()) {
    return rpc::ConfigError(
        field + "extended_key_usage", "",
        "say what its certificates are for, such as \"server_auth\"");
  }
  const bool has_names = profile.allow_dns() || profile.allow_ip() ||
                         profile.allow_email() || profile.allow_uri();
  if (!has_names && !profile.has_ca()) {
    return rpc::ConfigError(field + "allow_dns", "false",
                            "allow at least one kind of name");
  }
  if (has_names && profile.has_ca()) {
    return rpc::ConfigError(field + "allow_dns", "true",
                            "CA certificates hold no such names");
  }
  if (profile.has_ca() && profile.subject_attribute().empty()) {
    return rpc::ConfigError(field + "subject_attribute", "",
                            "a CA has a subject: name what is copied of it");
  }
  if (profile.require_scts()) {
    return rpc::ConfigError(field + "require_scts", "true",
                            "Certificate Transparency is not configured: no "
                            "certificate could be made");
  }
  if (profile.max_names() > kMaxNames) {
    return rpc::ConfigError(field + "max_names",
                            absl::StrCat(profile.max_names()),
                            absl::StrCat("at most ", kMaxNames));
  }
  RETURN_IF_ERROR(CheckSubject(profile, field));
  return CheckSizes(profile, field);
}

// CFSSL's file, with its path before each word.
absl::StatusOr<policy::cfssl::Profiles> LoadCfssl(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text,
                   base::ReadFile(path, policy::cfssl::kMaxConfig));
  const auto config = policy::cfssl::ParseConfig(text);
  base::Wipe(text.data(), text.size());  // It may hold keys.
  const auto profiles = config.ok() ? policy::cfssl::ToProfiles(
                                          *config, DefaultCertificateLints())
                                    : config.status();
  if (profiles.ok()) return profiles;
  return absl::Status(profiles.status().code(),
                      absl::StrCat("cfssl_config_file: ", path, ": ",
                                   profiles.status().message()));
}

}  // namespace

absl::StatusOr<Profiles> LoadProfiles(const config::Signer& config) {
  Profiles out;
  const auto add = [&](policy::Profile profile) {
    std::string name = profile.name;
    return out.by_name.emplace(name, std::move(profile)).second
               ? absl::OkStatus()
               : rpc::ConfigError("profile.name", name, "each name once");
  };
  for (const config::Profile& from : config.profile()) {
    RETURN_IF_ERROR(CheckProfile(from));
    ASSIGN_OR_RETURN(policy::Profile profile, ToProfile(from));
    RETURN_IF_ERROR(add(std::move(profile)));
  }
  if (config.cfssl_config_file().empty()) return out;
  ASSIGN_OR_RETURN(policy::cfssl::Profiles cfssl,
                   LoadCfssl(config.cfssl_config_file()));
  for (policy::Profile& profile : cfssl.profiles) {
    RETURN_IF_ERROR(add(std::move(profile)));
  }
  out.notes = std::move(cfssl.notes);
  return out;
}

absl::Status CheckProfileOf(const config::Issuer& issuer,
                            const policy::Profile& profile,
                            const std::string& field) {
  const auto agree = [&](const char* name, const std::string& own,
                         const std::string& other) {
    return own.empty() || other.empty() || own == other
               ? absl::OkStatus()
               : rpc::ConfigError(
                     field + name, own,
                     absl::StrCat("profile \"", profile.name, "\" says \"",
                                  absl::CHexEscape(other), "\": say it once"));
  };
  RETURN_IF_ERROR(agree("ocsp_url", issuer.ocsp_url(), profile.ocsp_url));
  RETURN_IF_ERROR(agree("crl_url", issuer.crl_url(), profile.crl_url));
  if (profile.ca.has_value() && issuer.policy() == config::Issuer::BR) {
    // Its CRLs then cover CA certificates too, which have rules of their own.
    return rpc::ConfigError(
        field + "profile", profile.name,
        "makes CAs: under policy br those are made by a ceremony, one by one");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const policy::BlockedKeys>> LoadBlockedKeys(
    const config::Signer& config) {
  if (config.blocked_key_file().empty()) {
    return std::shared_ptr<const policy::BlockedKeys>();
  }
  auto keys = std::make_shared<policy::BlockedKeys>();
  for (const std::string& path : config.blocked_key_file()) {
    const auto text = base::ReadFile(path, kMaxBlockedFile);
    RETURN_IF_ERROR(InField("blocked_key_file", path, text.status()));
    const absl::Status added = keys->Add(path, *text);
    if (!added.ok()) {
      return absl::Status(added.code(),
                          absl::StrCat("blocked_key_file: ", added.message()));
    }
  }
  keys->Seal();
  return std::shared_ptr<const policy::BlockedKeys>(std::move(keys));
}

}  // namespace chancery::signer
