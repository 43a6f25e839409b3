#include "policy/certificate_lints.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "policy/dns_name.h"
#include "policy/key_rules.h"
#include "x509/certificate/names.h"

namespace chancery::policy {
namespace {

using x509::Certificate;
using x509::Extensions;

const Extensions& Ext(const Certificate& certificate) {
  return certificate.facts().extensions;
}
bool IsCa(const Certificate& certificate) {
  return Ext(certificate).is_ca.value_or(false);
}

std::string Unless(bool right, const char* wrong) { return right ? "" : wrong; }

bool HttpOnly(const std::vector<std::string>& urls) {
  return std::all_of(urls.begin(), urls.end(), [](const std::string& url) {
    return absl::StartsWith(url, "http://");
  });
}

bool IsEmptyName(const std::string& name) {
  return name == std::string("\x30\x00", 2);
}

bool IsAmongNames(const Certificate& certificate, const std::string& text) {
  const auto& names = Ext(certificate).alt_names;
  return std::any_of(
      names.begin(), names.end(), [&](const x509::AltName& name) {
        return name.kind == x509::AltNameKind::kIp
                   ? x509::AltNameText(name) == absl::StrCat("IP:", text)
                   : name.value == text;
      });
}

}  // namespace

const std::vector<CertificateLint>& CertificateLints() {
  static const std::vector<CertificateLint> lints = {
      {"serial_length", "RFC 5280 section 4.1.2.2",
       [](const Certificate& c, const Certificate&) {
         // In DER a set top bit costs an octet more.
         const std::string& serial = c.facts().serial;
         const bool sign_octet = static_cast<uint8_t>(serial[0]) >= 0x80;
         return Unless(serial.size() + (sign_octet ? 1 : 0) <= 20,
                       "serialNumber has more than 20 octets");
       }},
      {"serial_entropy", "Baseline Requirements section 7.1",
       [](const Certificate& c, const Certificate&) {
         return Unless(
             c.facts().serial.size() >= 9,
             "serialNumber has less than 64 bits beside its first octet");
       }},
      {"validity_order", "RFC 5280 section 4.1.2.5",
       [](const Certificate& c, const Certificate&) {
         return Unless(c.facts().not_before < c.facts().not_after,
                       "notBefore is not before notAfter");
       }},
      {"validity_within_issuer", "TRUST 2.10",
       [](const Certificate& c, const Certificate& i) {
         return Unless(c.facts().not_after <= i.facts().not_after,
                       "notAfter is after the issuer's");
       }},
      {"issuer_is_ca_subject", "RFC 5280 section 4.1.2.4",
       [](const Certificate& c, const Certificate& i) {
         return Unless(c.facts().issuer == i.facts().subject,
                       "issuer is not, byte for byte, the CA's subject");
       }},
      {"issuer_may_sign", "RFC 5280 section 4.2.1.9",
       [](const Certificate&, const Certificate& i) {
         return Unless(IsCa(i) && (Ext(i).key_usage.value_or(0) &
                                   x509::kKeyCertSign) != 0,
                       "the issuer is not a CA that signs certificates");
       }},
      {"path_length", "RFC 5280 section 4.2.1.9",
       [](const Certificate& c, const Certificate& i) {
         return Unless(!IsCa(c) || Ext(i).path_length.value_or(1) > 0,
                       "the issuer's path length allows no CA below it");
       }},
      {"authority_key_identifier", "RFC 5280 section 4.2.1.1",
       [](const Certificate& c, const Certificate& i) {
         return Unless(
             !Ext(c).authority_key_identifier.empty() &&
                 Ext(c).authority_key_identifier ==
                     Ext(i).subject_key_identifier,
             "authorityKeyIdentifier is not the issuer's subjectKeyIdentifier");
       }},
      {"subject_key_identifier", "RFC 5280 section 4.2.1.2",
       [](const Certificate& c, const Certificate&) {
         return Unless(!IsCa(c) || !Ext(c).subject_key_identifier.empty(),
                       "a CA has no subjectKeyIdentifier");
       }},
      {"ca_subject", "RFC 5280 section 4.1.2.6",
       [](const Certificate& c, const Certificate&) {
         return Unless(!IsCa(c) || !IsEmptyName(c.facts().subject),
                       "a CA has no subject");
       }},
      {"subject_text", "RFC 5280 section 4.1.2.4",
       [](const Certificate& c, const Certificate&) {
         const auto subject = x509::ParseName(base::AsBytes(c.facts().subject));
         return std::string(subject.status().message());
       }},
      {"public_key", "Baseline Requirements section 6.1.6",
       [](const Certificate& c, const Certificate&) {
         return std::string(CheckKey(c.public_key()).message());
       }},
      {"basic_constraints", "Baseline Requirements section 7.1.2.10.4",
       [](const Certificate& c, const Certificate&) {
         return Unless(!IsCa(c) || (Ext(c).key_usage.value_or(0) &
                                    x509::kKeyCertSign) != 0,
                       "a CA cannot sign certificates");
       }},
      {"leaf_key_usage", "RFC 5280 section 4.2.1.3",
       [](const Certificate& c, const Certificate&) {
         return Unless(IsCa(c) || (Ext(c).key_usage.value_or(0) &
                                   (x509::kKeyCertSign | x509::kCrlSign)) == 0,
                       "a leaf may sign certificates or CRLs");
       }},
      {"ec_key_usage", "RFC 8813 section 3",
       [](const Certificate& c, const Certificate&) {
         const bool rsa = c.public_key().type() == crypto::KeyType::kRsa;
         return Unless(
             rsa || (Ext(c).key_usage.value_or(0) &
                     (x509::kKeyEncipherment | x509::kDataEncipherment)) == 0,
             "a key that is not RSA enciphers");
       }},
      {"leaf_extended_key_usage", "Baseline Requirements section 7.1.2.7.10",
       [](const Certificate& c, const Certificate&) {
         return Unless(IsCa(c) || !Ext(c).extended_key_usage.empty(),
                       "a leaf has no extended key usage");
       }},
      {"no_any_extended_key_usage", "Baseline Requirements section 7.1.2.7.10",
       [](const Certificate& c, const Certificate&) {
         const auto& usages = Ext(c).extended_key_usage;
         return Unless(std::find(usages.begin(), usages.end(), "2.5.29.37.0") ==
                           usages.end(),
                       "extended key usage is anyExtendedKeyUsage");
       }},
      {"ocsp_signer_no_check", "Baseline Requirements section 7.1.2.8",
       [](const Certificate& c, const Certificate&) {
         const auto& usages = Ext(c).extended_key_usage;
         const bool signer = std::find(usages.begin(), usages.end(),
                                       x509::kOcspSigning) != usages.end();
         return Unless(
             signer == Ext(c).ocsp_no_check && (!signer || usages.size() == 1),
             "OCSP signing and ocsp-nocheck do not stand together and alone");
       }},
      {"alt_name", "Baseline Requirements section 7.1.2.7.12",
       [](const Certificate& c, const Certificate&) {
         return Unless(
             IsCa(c) || Ext(c).ocsp_no_check || !Ext(c).alt_names.empty(),
             "a leaf has no subject alternative name");
       }},
      {"alt_name_critical", "RFC 5280 section 4.2.1.6",
       [](const Certificate& c, const Certificate&) {
         return Unless(
             Ext(c).alt_names.empty() ||
                 Ext(c).alt_names_critical == IsEmptyName(c.facts().subject),
             "subjectAltName is critical exactly when the subject is empty");
       }},
      {"alt_name_dns", "RFC 5280 section 4.2.1.6",
       [](const Certificate& c, const Certificate&) -> std::string {
         for (const x509::AltName& name : Ext(c).alt_names) {
           if (name.kind != x509::AltNameKind::kDns) continue;
           const auto normal = NormalizeDnsName(name.value, true);
           if (!normal.ok()) return std::string(normal.status().message());
           if (*normal != name.value) {
             return absl::StrCat("DNS name \"", name.value,
                                 "\" is not in lower case");
           }
         }
         return "";
       }},
      {"common_name", "Baseline Requirements section 7.1.4.3",
       [](const Certificate& c, const Certificate&) -> std::string {
         if (IsCa(c) || Ext(c).ocsp_no_check) return "";
         const auto subject = x509::ParseName(base::AsBytes(c.facts().subject));
         if (!subject.ok()) return std::string(subject.status().message());
         for (const x509::Attribute& attribute : *subject) {
           if (attribute.type == "CN" && !IsAmongNames(c, attribute.value)) {
             return absl::StrCat("commonName \"", attribute.value,
                                 "\" is not a subject alternative name");
           }
         }
         return "";
       }},
      {"crl_url_http", "Baseline Requirements section 7.1.2.11.2",
       [](const Certificate& c, const Certificate&) {
         return Unless(HttpOnly(Ext(c).crl_urls), "a CRL URL is not http");
       }},
      {"access_url_http", "Baseline Requirements section 7.1.2.7.7",
       [](const Certificate& c, const Certificate&) {
         return Unless(
             HttpOnly(Ext(c).ocsp_urls) && HttpOnly(Ext(c).ca_issuers_urls),
             "an OCSP or CA issuers URL is not http");
       }},
      {"no_unknown_critical", "RFC 5280 section 4.2",
       [](const Certificate& c, const Certificate&) {
         return c.unknown_critical().empty()
                    ? std::string()
                    : absl::StrCat("critical extension ", c.unknown_critical(),
                                   " is not known");
       }},
      // What was read, written again, is the same: nothing else is in it, times
      // have the form of RFC 5280 section 4.1.2.5, and extensions the
      // criticality that RFC 5280 section 4.2.1 demands.
      {"encoding", "TRUST 2.4",
       [](const Certificate& c, const Certificate&) {
         return Unless(x509::EncodeTbs(c.facts(), c.algorithm()) == c.tbs(),
                       "it holds more than this system writes, or otherwise");
       }},
  };
  return lints;
}

absl::Status LintCertificate(const x509::Certificate& certificate,
                             const x509::Certificate& issuer) {
  return RunLints(CertificateLints(), certificate, issuer);
}

}  // namespace chancery::policy
