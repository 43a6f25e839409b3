#include "policy/build_certificate.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "policy/check_names.h"
#include "policy/copied_extensions.h"
#include "policy/key_rules.h"
#include "policy/weak_key.h"

namespace chancery::policy {
namespace {

constexpr char kIssuersConstraints[] =
    "the issuer's name constraints (RFC 5280 section 4.2.1.10)";

// The name that `common_name` repeats, in the very characters of the name
// (Baseline Requirements section 7.1.4.3); nullopt if it repeats none.
std::optional<std::string> Repeated(const std::string& common_name,
                                    const std::vector<x509::AltName>& names) {
  for (const x509::AltName& name : names) {
    std::string text = name.value;
    if (name.kind == x509::AltNameKind::kIp) {
      text = x509::AltNameText(name).substr(std::strlen("IP:"));
    }
    if (absl::EqualsIgnoreCase(text, common_name)) return text;
  }
  return std::nullopt;
}

// What the profile copies of the request's subject: of a leaf one CN at most,
// which is one of its names; of a CA whatever is asked for.
std::vector<x509::Attribute> SubjectOf(
    const Profile& profile, const std::vector<x509::Attribute>& asked,
    const std::vector<x509::AltName>& names) {
  std::vector<x509::Attribute> subject;
  bool has_common_name = false;
  for (x509::Attribute attribute : asked) {
    if (profile.subject_attributes.count(attribute.type) == 0) continue;
    if (attribute.type == "CN" && !profile.ca.has_value()) {
      std::optional<std::string> name = Repeated(attribute.value, names);
      if (!name.has_value() || has_common_name) continue;
      attribute.value = *std::move(name);
      has_common_name = true;
    }
    subject.push_back(std::move(attribute));
  }
  return subject;
}

absl::Status CheckKeyFor(const Profile& profile, const crypto::PublicKey& key) {
  RETURN_IF_ERROR(CheckKey(key));
  const std::string whose = absl::StrCat("profile \"", profile.name, "\"");
  if (profile.key_types.count(key.type()) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: \"", crypto::Name(key.type()), "\": ", whose,
                     " does not allow this type"));
  }
  if (key.type() == crypto::KeyType::kRsa &&
      (key.bits() < profile.min_rsa_bits ||
       key.bits() > profile.max_rsa_bits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: RSA of ", key.bits(), " bits: ", whose, " allows ",
                     profile.min_rsa_bits, " to ", profile.max_rsa_bits));
  }
  return CheckNotWeak(key);
}

// RFC 5280 section 4.2.1.10: constraints hold for all certificates below.
absl::Status CheckConstraints(const IssuerFacts& issuer,
                              const x509::CertificateFacts& facts) {
  for (const x509::NameConstraints& constraints : issuer.name_constraints) {
    for (const x509::AltName& name : facts.extensions.alt_names) {
      RETURN_IF_ERROR(
          x509::CheckPermitted(constraints, name, kIssuersConstraints));
    }
    RETURN_IF_ERROR(x509::CheckPermittedSubject(
        constraints, base::AsBytes(facts.subject), kIssuersConstraints));
  }
  return absl::OkStatus();
}

absl::Status SetCa(const Profile& profile, const IssuerFacts& issuer,
                   const std::vector<x509::Attribute>& subject,
                   x509::Extensions& extensions) {
  const CaProfile& ca = *profile.ca;
  if (issuer.path_length == 0) {
    return absl::FailedPreconditionError(
        "issuer: its path length allows no CA below it (RFC 5280 section "
        "4.2.1.9)");
  }
  if (subject.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "csr: subject: profile \"", profile.name,
        "\" copies none of its attributes, and a CA has one (RFC 5280 section "
        "4.1.2.6)"));
  }
  extensions.is_ca = true;
  extensions.path_length = ca.path_length;
  if (issuer.path_length.has_value()) {
    const int most = *issuer.path_length - 1;
    extensions.path_length = std::min(ca.path_length.value_or(most), most);
  }
  if (!ca.name_constraints.empty()) {
    extensions.name_constraints = ca.name_constraints;
  }
  return absl::OkStatus();
}

void SetUrls(const Profile& profile, const IssuerFacts& issuer,
             x509::Extensions& extensions) {
  const auto set = [](const std::string& own, const std::string& other,
                      std::vector<std::string>& urls) {
    const std::string& url = own.empty() ? other : own;
    if (!url.empty()) urls = {url};
  };
  set(issuer.ocsp_url, profile.ocsp_url, extensions.ocsp_urls);
  set(issuer.crl_url, profile.crl_url, extensions.crl_urls);
  extensions.ca_issuers_urls = profile.ca_issuers_urls;
  set(issuer.ca_issuers_url, "", extensions.ca_issuers_urls);
}

// All but names and what makes a CA.
absl::Status SetExtensions(const Profile& profile, const x509::Csr& csr,
                           const IssuerFacts& issuer,
                           x509::Extensions& extensions) {
  uint32_t usage = profile.key_usage;
  if (profile.ca.has_value()) usage |= x509::kKeyCertSign | x509::kCrlSign;
  extensions.key_usage = usage;
  extensions.extended_key_usage = profile.extended_key_usage;
  extensions.policies = profile.policies;
  if (profile.must_staple) extensions.tls_features = {x509::kStatusRequest};
  RETURN_IF_ERROR(CopyExtensions(profile, csr.extensions, extensions));
  usage = extensions.key_usage.value_or(0);
  if (csr.public_key.type() != crypto::KeyType::kRsa) {
    // RFC 8813 section 3, RFC 8410 section 5: such keys do not encipher.
    usage &= ~uint32_t{x509::kKeyEncipherment | x509::kDataEncipherment};
  }
  extensions.key_usage =
      usage == 0 ? std::nullopt : std::optional<uint32_t>(usage);
  extensions.subject_key_identifier =
      base::ToString(csr.public_key.KeyHashSha1());
  extensions.authority_key_identifier = issuer.subject_key_identifier;
  SetUrls(profile, issuer, extensions);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<x509::CertificateFacts> BuildCertificate(
    const Profile& profile, const x509::Csr& csr, const IssuerFacts& issuer,
    std::string serial, const AskedValidity& asked, absl::Time now) {
  RETURN_IF_ERROR(CheckKeyFor(profile, csr.public_key));
  x509::CertificateFacts facts;
  x509::Extensions& extensions = facts.extensions;
  extensions.is_ca = false;
  if (!profile.ca.has_value()) {
    if (csr.alt_names.empty()) {
      return absl::InvalidArgumentError(
          "csr: it asks for no subject alternative name");
    }
    ASSIGN_OR_RETURN(extensions.alt_names, CheckNames(profile, csr.alt_names));
  }
  const std::vector<x509::Attribute> subject =
      SubjectOf(profile, csr.subject, extensions.alt_names);
  ASSIGN_OR_RETURN(facts.subject, x509::EncodeName(subject));
  if (profile.ca.has_value()) {
    RETURN_IF_ERROR(SetCa(profile, issuer, subject, extensions));
  } else {
    extensions.alt_names_critical = subject.empty();
  }
  RETURN_IF_ERROR(CheckConstraints(issuer, facts));
  RETURN_IF_ERROR(SetExtensions(profile, csr, issuer, extensions));

  ASSIGN_OR_RETURN(const Validity validity,
                   ChooseValidity(profile, issuer.not_after, asked, now));
  facts.not_before = validity.not_before;
  facts.not_after = validity.not_after;
  facts.serial = std::move(serial);
  facts.issuer = issuer.subject;
  facts.public_key = base::ToString(csr.public_key.spki());
  return facts;
}

}  // namespace chancery::policy
