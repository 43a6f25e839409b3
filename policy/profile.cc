#include "policy/profile.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "der/oid.h"
#include "policy/dns_name.h"
#include "policy/email_name.h"
#include "policy/key_rules.h"
#include "policy/uri_name.h"

namespace chancery::policy {
namespace {

constexpr size_t kMaxNames = 100;

struct Word {
  const char* name;
  uint32_t bit;
};
constexpr Word kKeyUsages[] = {
    {"digital_signature", x509::kDigitalSignature},
    {"content_commitment", x509::kContentCommitment},
    {"key_encipherment", x509::kKeyEncipherment},
    {"data_encipherment", x509::kDataEncipherment},
    {"key_agreement", x509::kKeyAgreement},
};

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

absl::StatusOr<x509::AltName> CheckName(const Profile& profile,
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

// What the profile copies of the request's subject, with one CN at most.
std::vector<x509::Attribute> SubjectOf(
    const Profile& profile, const std::vector<x509::Attribute>& asked,
    const std::vector<x509::AltName>& names) {
  std::vector<x509::Attribute> subject;
  bool has_common_name = false;
  for (x509::Attribute attribute : asked) {
    if (profile.subject_attributes.count(attribute.type) == 0) continue;
    if (attribute.type == "CN") {
      std::optional<std::string> name = Repeated(attribute.value, names);
      if (!name.has_value() || has_common_name) continue;
      attribute.value = *std::move(name);
      has_common_name = true;
    }
    subject.push_back(std::move(attribute));
  }
  return subject;
}

}  // namespace

absl::StatusOr<uint32_t> KeyUsageFromNames(
    const std::vector<std::string>& names) {
  uint32_t mask = 0;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(std::begin(kKeyUsages), std::end(kKeyUsages),
                     [&](const Word& word) { return name == word.name; });
    if (found == std::end(kKeyUsages)) {
      return Refuse(
          "key_usage", name,
          "not one of digital_signature, content_commitment, key_encipherment, "
          "data_encipherment, key_agreement");
    }
    mask |= found->bit;
  }
  return mask;
}

absl::StatusOr<std::vector<std::string>> ExtendedKeyUsageFromNames(
    const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (name == "server_auth") {
      out.push_back(x509::kServerAuth);
    } else if (name == "client_auth") {
      out.push_back(x509::kClientAuth);
    } else if (name == "code_signing") {
      out.push_back("1.3.6.1.5.5.7.3.3");
    } else if (name == "email_protection") {
      out.push_back("1.3.6.1.5.5.7.3.4");
    } else if (name == x509::kOcspSigning) {
      return Refuse("extended_key_usage", name,
                    "no profile makes OCSP signers");
    } else if (name == "2.5.29.37.0") {
      return Refuse("extended_key_usage", name,
                    "no certificate is for any purpose (Baseline Requirements "
                    "section 7.1.2.7.10)");
    } else if (der::OidFromText(name).ok()) {
      out.push_back(name);
    } else {
      return Refuse("extended_key_usage", name,
                    "not one of server_auth, client_auth, code_signing, "
                    "email_protection or a "
                    "dotted OID");
    }
  }
  return out;
}

absl::StatusOr<std::set<crypto::KeyType>> KeyTypesFromNames(
    const std::vector<std::string>& names) {
  using crypto::KeyType;
  if (names.empty()) {
    return std::set<KeyType>{KeyType::kEcP256, KeyType::kEcP384, KeyType::kRsa,
                             KeyType::kEd25519};
  }
  std::set<KeyType> out;
  for (const std::string& name : names) {
    if (name == "ecdsa-p256") {
      out.insert(KeyType::kEcP256);
    } else if (name == "ecdsa-p384") {
      out.insert(KeyType::kEcP384);
    } else if (name == "rsa") {
      out.insert(KeyType::kRsa);
    } else if (name == "ed25519") {
      out.insert(KeyType::kEd25519);
    } else {
      return Refuse("key_type", name,
                    "not one of ecdsa-p256, ecdsa-p384, rsa, ed25519");
    }
  }
  return out;
}

absl::StatusOr<x509::CertificateFacts> BuildLeaf(const Profile& profile,
                                                 const x509::Csr& csr,
                                                 const IssuerFacts& issuer,
                                                 std::string serial,
                                                 absl::Time now) {
  RETURN_IF_ERROR(CheckKey(csr.public_key));
  if (profile.key_types.count(csr.public_key.type()) == 0) {
    return Refuse("key", crypto::Name(csr.public_key.type()),
                  absl::StrCat("profile \"", profile.name,
                               "\" does not allow this type"));
  }
  if (csr.alt_names.empty()) {
    return absl::InvalidArgumentError(
        "csr: it asks for no subject alternative name");
  }
  if (csr.alt_names.size() > kMaxNames) {
    return absl::InvalidArgumentError(
        absl::StrCat("csr: asks for ", csr.alt_names.size(), " names; at most ",
                     kMaxNames, " are allowed"));
  }
  x509::CertificateFacts facts;
  x509::Extensions& extensions = facts.extensions;
  for (const x509::AltName& asked : csr.alt_names) {
    ASSIGN_OR_RETURN(x509::AltName name, CheckName(profile, asked));
    if (std::find(extensions.alt_names.begin(), extensions.alt_names.end(),
                  name) == extensions.alt_names.end()) {
      extensions.alt_names.push_back(std::move(name));
    }
  }
  const std::vector<x509::Attribute> subject =
      SubjectOf(profile, csr.subject, extensions.alt_names);
  ASSIGN_OR_RETURN(facts.subject, x509::EncodeName(subject));
  extensions.alt_names_critical = subject.empty();

  facts.serial = std::move(serial);
  facts.issuer = issuer.subject;
  facts.not_before =
      absl::FromUnixSeconds(absl::ToUnixSeconds(now - profile.backdate));
  // RFC 5280 section 4.1.2.5: both ends belong to the validity.
  facts.not_after = std::min(
      facts.not_before + profile.backdate + profile.validity - absl::Seconds(1),
      issuer.not_after);
  if (facts.not_after <= now) {
    return absl::FailedPreconditionError("issuer: its certificate has expired");
  }
  facts.public_key = base::ToString(csr.public_key.spki());
  extensions.is_ca = false;
  uint32_t usage = profile.key_usage;
  if (csr.public_key.type() != crypto::KeyType::kRsa) {
    // RFC 8813 section 3, RFC 8410 section 5: such keys do not encipher.
    usage &= ~uint32_t{x509::kKeyEncipherment | x509::kDataEncipherment};
  }
  if (usage != 0) extensions.key_usage = usage;
  extensions.extended_key_usage = profile.extended_key_usage;
  extensions.subject_key_identifier =
      base::ToString(csr.public_key.KeyHashSha1());
  extensions.authority_key_identifier = issuer.subject_key_identifier;
  if (!issuer.ocsp_url.empty()) extensions.ocsp_urls = {issuer.ocsp_url};
  if (!issuer.crl_url.empty()) extensions.crl_urls = {issuer.crl_url};
  if (!issuer.ca_issuers_url.empty())
    extensions.ca_issuers_urls = {issuer.ca_issuers_url};
  return facts;
}

}  // namespace chancery::policy
