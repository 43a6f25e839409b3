#include "policy/profile.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "der/oid.h"
#include "policy/dns_name.h"

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
  const size_t at = name.value.rfind('@');
  if (at == std::string::npos || at == 0 || at > 64 ||
      name.value.find('@') != at ||
      std::any_of(name.value.begin(), name.value.end(), [](char c) {
        return c <= ' ' || c == '<' || c == '>' || c == ',';
      })) {
    return Refuse("email name", name.value,
                  "expected local@host (RFC 5280 section 4.2.1.6)");
  }
  ASSIGN_OR_RETURN(const std::string host,
                   NormalizeDnsName(name.value.substr(at + 1), false));
  return x509::AltName{.kind = name.kind,
                       .value = name.value.substr(0, at + 1) + host};
}

absl::StatusOr<x509::AltName> CheckUri(const x509::AltName& name) {
  const size_t colon = name.value.find("://");
  const bool scheme =
      colon != std::string::npos && colon > 0 &&
      absl::ascii_isalpha(static_cast<unsigned char>(name.value[0])) &&
      std::all_of(name.value.begin(),
                  name.value.begin() + static_cast<std::ptrdiff_t>(colon),
                  [](char c) {
                    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                           c == '+' || c == '-' || c == '.';
                  });
  if (!scheme || colon + 3 == name.value.size() || name.value.size() > 2048 ||
      name.value.find_first_of(" \"<>\\^`{|}") != std::string::npos) {
    return Refuse("URI name", name.value,
                  "expected scheme://host/path (RFC 3986)");
  }
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

// The common name as a subject alternative name of some kind, if it is one.
bool IsAmong(const std::string& common_name,
             const std::vector<x509::AltName>& names) {
  const std::string lower = absl::AsciiStrToLower(common_name);
  return std::any_of(
      names.begin(), names.end(), [&](const x509::AltName& name) {
        return name.kind == x509::AltNameKind::kIp
                   ? x509::AltNameText(name) == absl::StrCat("IP:", common_name)
                   : absl::AsciiStrToLower(name.value) == lower;
      });
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

absl::Status CheckKey(const crypto::PublicKey& key) {
  switch (key.type()) {
    case crypto::KeyType::kEcP256:
    case crypto::KeyType::kEcP384:
    case crypto::KeyType::kEd25519:
      return absl::OkStatus();
    case crypto::KeyType::kEcP521:
      return absl::InvalidArgumentError(
          "key: P-521: P-256 and P-384 are allowed");
    case crypto::KeyType::kRsa:
      break;
  }
  if (key.bits() < 2048 || key.bits() > 4096 || key.bits() % 8 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: RSA of ", key.bits(),
                     " bits: 2048 to 4096, a multiple of 8, are allowed"));
  }
  if (key.rsa_exponent() < 65537 || key.rsa_exponent() % 2 == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key: RSA exponent ", key.rsa_exponent(),
        ": an odd one of 65537 or more is allowed (NIST SP 800-89)"));
  }
  return absl::OkStatus();
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
  std::vector<x509::Attribute> subject;
  for (const x509::Attribute& attribute : csr.subject) {
    if (profile.subject_attributes.count(attribute.type) == 0) continue;
    if (attribute.type == "CN" &&
        !IsAmong(attribute.value, extensions.alt_names))
      continue;
    subject.push_back(attribute);
  }
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
