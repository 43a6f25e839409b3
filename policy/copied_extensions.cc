#include "policy/copied_extensions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "der/oid.h"
#include "der/reader.h"
#include "x509/certificate/certificate_policies.h"

namespace chancery::policy {
namespace {

constexpr size_t kMaxValue = 4096;
constexpr char kCertificatePoliciesOid[] = "2.5.29.32";

struct CaOnly {
  const char* oid;
  const char* name;
};
// What a CA vouches for, or says of itself.
constexpr CaOnly kCaOnly[] = {
    {"2.5.29.14", "subjectKeyIdentifier"},
    {"2.5.29.17", "subjectAltName, which every profile looks at"},
    {"2.5.29.18", "issuerAltName"},
    {"2.5.29.19", "basicConstraints"},
    {"2.5.29.30", "nameConstraints"},
    {"2.5.29.31", "cRLDistributionPoints"},
    {"2.5.29.33", "policyMappings"},
    {"2.5.29.35", "authorityKeyIdentifier"},
    {"2.5.29.36", "policyConstraints"},
    {"2.5.29.46", "freshestCRL"},
    {"2.5.29.54", "inhibitAnyPolicy"},
    {"1.3.6.1.5.5.7.1.1", "authorityInfoAccess"},
    {"1.3.6.1.5.5.7.48.1.5", "ocsp-nocheck"},
    {"1.3.6.1.4.1.11129.2.4.2", "the list of SCTs"},
    {"1.3.6.1.4.1.11129.2.4.3", "the poison of precertificates"},
};

absl::Status Refuse(const std::string& oid, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("csr: extension ", oid, ": ", rule));
}

absl::Status CopyKeyUsage(const Profile& profile, base::Bytes value,
                          x509::Extensions& extensions) {
  ASSIGN_OR_RETURN(const uint32_t asked, x509::ParseKeyUsage(value));
  if (asked == 0 || (asked & ~profile.key_usage) != 0) {
    return Refuse(x509::kKeyUsageOid,
                  absl::StrCat("keyUsage with bits that profile \"",
                               profile.name, "\" does not give"));
  }
  extensions.key_usage = asked;
  return absl::OkStatus();
}

absl::Status CopyExtendedKeyUsage(const Profile& profile, base::Bytes value,
                                  x509::Extensions& extensions) {
  ASSIGN_OR_RETURN(std::vector<std::string> asked,
                   x509::ParseExtendedKeyUsage(value));
  const auto& given = profile.extended_key_usage;
  std::vector<std::string> chosen;
  for (std::string& usage : asked) {
    if (std::find(given.begin(), given.end(), usage) == given.end()) {
      return Refuse(x509::kExtendedKeyUsageOid,
                    absl::StrCat("extendedKeyUsage ", usage, ": profile \"",
                                 profile.name, "\" does not give it"));
    }
    if (std::find(chosen.begin(), chosen.end(), usage) == chosen.end()) {
      chosen.push_back(std::move(usage));
    }
  }
  extensions.extended_key_usage = std::move(chosen);
  return absl::OkStatus();
}

// The profile's own words for those policies that are asked for.
absl::Status CopyPolicies(const Profile& profile, base::Bytes value,
                          x509::Extensions& extensions) {
  ASSIGN_OR_RETURN(const std::vector<x509::CertificatePolicy> asked,
                   x509::ParseCertificatePolicies(value));
  std::vector<x509::CertificatePolicy> chosen;
  for (const x509::CertificatePolicy& policy : asked) {
    const auto found =
        std::find_if(profile.policies.begin(), profile.policies.end(),
                     [&](const x509::CertificatePolicy& own) {
                       return own.oid == policy.oid;
                     });
    if (found == profile.policies.end()) {
      return Refuse(kCertificatePoliciesOid,
                    absl::StrCat("policy ", policy.oid, ": profile \"",
                                 profile.name, "\" does not give it"));
    }
    chosen.push_back(*found);
  }
  extensions.policies = std::move(chosen);
  return absl::OkStatus();
}

absl::Status CopyTlsFeatures(base::Bytes value, x509::Extensions& extensions) {
  ASSIGN_OR_RETURN(const std::vector<uint16_t> asked,
                   x509::ParseTlsFeatures(value));
  for (const uint16_t feature : asked) {
    if (feature != x509::kStatusRequest) {
      return Refuse(x509::kTlsFeatureOid,
                    absl::StrCat("tlsFeature ", feature,
                                 ": only 5, status_request, is allowed (RFC "
                                 "7633)"));
    }
  }
  extensions.tls_features = {x509::kStatusRequest};
  return absl::OkStatus();
}

absl::Status CopyOther(const x509::RequestedExtension& asked,
                       x509::Extensions& extensions) {
  if (asked.critical) {
    return Refuse(asked.oid,
                  "critical, of a kind that this CA does not understand (RFC "
                  "5280 section 4.2)");
  }
  der::Reader in(base::AsBytes(asked.value));
  der::Tag tag;
  base::Bytes element;
  if (asked.value.size() > kMaxValue || !in.ReadAnyElement(tag, element) ||
      !in.AtEnd()) {
    return Refuse(asked.oid,
                  absl::StrCat(asked.value.size(),
                               " bytes, which have to be one DER value of at "
                               "most ",
                               kMaxValue));
  }
  extensions.others.push_back({.oid = asked.oid, .value = asked.value});
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCopiedExtension(const std::string& oid) {
  if (!der::OidFromText(oid).ok()) {
    return absl::InvalidArgumentError("a dotted OID such as 1.2.3.4");
  }
  for (const CaOnly& own : kCaOnly) {
    if (oid == own.oid) {
      return absl::InvalidArgumentError(
          absl::StrCat(own.name, ": it is the CA's to say, never a request's"));
    }
  }
  return absl::OkStatus();
}

absl::Status CopyExtensions(
    const Profile& profile,
    const std::vector<x509::RequestedExtension>& requested,
    x509::Extensions& extensions) {
  for (const x509::RequestedExtension& asked : requested) {
    if (profile.copied_extensions.count(asked.oid) == 0) continue;
    const base::Bytes value = base::AsBytes(asked.value);
    absl::Status copied;
    if (asked.oid == x509::kKeyUsageOid) {
      copied = CopyKeyUsage(profile, value, extensions);
    } else if (asked.oid == x509::kExtendedKeyUsageOid) {
      copied = CopyExtendedKeyUsage(profile, value, extensions);
    } else if (asked.oid == kCertificatePoliciesOid) {
      copied = CopyPolicies(profile, value, extensions);
    } else if (asked.oid == x509::kTlsFeatureOid) {
      copied = CopyTlsFeatures(value, extensions);
    } else {
      copied = CopyOther(asked, extensions);
    }
    if (!copied.ok()) {
      return absl::StartsWith(copied.message(), "csr: ")
                 ? copied
                 : Refuse(asked.oid, copied.message());
    }
  }
  return absl::OkStatus();
}

}  // namespace chancery::policy
