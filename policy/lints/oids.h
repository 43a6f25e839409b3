// Object identifiers that lints look for, dotted.
#ifndef CHANCERY_POLICY_LINTS_OIDS_H_
#define CHANCERY_POLICY_LINTS_OIDS_H_

namespace chancery::policy::lints::oid {

// Extensions (RFC 5280 sections 4.2 and 5.2).
inline constexpr char kSubjectDirectoryAttributes[] = "2.5.29.9";
inline constexpr char kSubjectKeyId[] = "2.5.29.14";
inline constexpr char kKeyUsage[] = "2.5.29.15";
inline constexpr char kSubjectAltName[] = "2.5.29.17";
inline constexpr char kIssuerAltName[] = "2.5.29.18";
inline constexpr char kBasicConstraints[] = "2.5.29.19";
inline constexpr char kCrlNumber[] = "2.5.29.20";
inline constexpr char kReasonCode[] = "2.5.29.21";
inline constexpr char kInvalidityDate[] = "2.5.29.24";
inline constexpr char kDeltaCrlIndicator[] = "2.5.29.27";
inline constexpr char kIssuingDistributionPoint[] = "2.5.29.28";
inline constexpr char kCertificateIssuer[] = "2.5.29.29";
inline constexpr char kNameConstraints[] = "2.5.29.30";
inline constexpr char kCrlDistributionPoints[] = "2.5.29.31";
inline constexpr char kCertificatePolicies[] = "2.5.29.32";
inline constexpr char kAnyPolicy[] = "2.5.29.32.0";
inline constexpr char kPolicyMappings[] = "2.5.29.33";
inline constexpr char kAuthorityKeyId[] = "2.5.29.35";
inline constexpr char kPolicyConstraints[] = "2.5.29.36";
inline constexpr char kExtendedKeyUsage[] = "2.5.29.37";
inline constexpr char kFreshestCrl[] = "2.5.29.46";
inline constexpr char kInhibitAnyPolicy[] = "2.5.29.54";
inline constexpr char kAuthorityInfoAccess[] = "1.3.6.1.5.5.7.1.1";
inline constexpr char kSubjectInfoAccess[] = "1.3.6.1.5.5.7.1.11";
inline constexpr char kTlsFeature[] = "1.3.6.1.5.5.7.1.24";
// RFC 6962 sections 3.1 and 3.3.
inline constexpr char kPoison[] = "1.3.6.1.4.1.11129.2.4.3";
inline constexpr char kSctList[] = "1.3.6.1.4.1.11129.2.4.2";

// Access methods, and extensions of OCSP responses (RFC 6960 section 4.4).
inline constexpr char kAccessOcsp[] = "1.3.6.1.5.5.7.48.1";
inline constexpr char kAccessCaIssuers[] = "1.3.6.1.5.5.7.48.2";
inline constexpr char kOcspBasic[] = "1.3.6.1.5.5.7.48.1.1";
inline constexpr char kOcspNonce[] = "1.3.6.1.5.5.7.48.1.2";
inline constexpr char kOcspCrlReferences[] = "1.3.6.1.5.5.7.48.1.3";
inline constexpr char kOcspAcceptableResponses[] = "1.3.6.1.5.5.7.48.1.4";
inline constexpr char kOcspNoCheck[] = "1.3.6.1.5.5.7.48.1.5";
inline constexpr char kOcspArchiveCutoff[] = "1.3.6.1.5.5.7.48.1.6";
inline constexpr char kOcspServiceLocator[] = "1.3.6.1.5.5.7.48.1.7";
inline constexpr char kOcspPreferredSignatures[] = "1.3.6.1.5.5.7.48.1.8";
inline constexpr char kOcspExtendedRevoke[] = "1.3.6.1.5.5.7.48.1.9";

// Key purposes (RFC 5280 section 4.2.1.12).
inline constexpr char kAnyUsage[] = "2.5.29.37.0";
inline constexpr char kServerAuth[] = "1.3.6.1.5.5.7.3.1";
inline constexpr char kCodeSigning[] = "1.3.6.1.5.5.7.3.3";
inline constexpr char kEmailProtection[] = "1.3.6.1.5.5.7.3.4";
inline constexpr char kTimeStamping[] = "1.3.6.1.5.5.7.3.8";
inline constexpr char kOcspSigning[] = "1.3.6.1.5.5.7.3.9";
inline constexpr char kPrecertificateSigning[] = "1.3.6.1.4.1.11129.2.4.4";

// Keys and hashes.
inline constexpr char kRsa[] = "1.2.840.113549.1.1.1";
inline constexpr char kEc[] = "1.2.840.10045.2.1";
inline constexpr char kSha1[] = "1.3.14.3.2.26";
inline constexpr char kSha256[] = "2.16.840.1.101.3.4.2.1";
inline constexpr char kSha384[] = "2.16.840.1.101.3.4.2.2";
inline constexpr char kSha512[] = "2.16.840.1.101.3.4.2.3";

// Attributes of names.
inline constexpr char kCommonName[] = "2.5.4.3";
inline constexpr char kSurname[] = "2.5.4.4";
inline constexpr char kSerialNumber[] = "2.5.4.5";
inline constexpr char kCountry[] = "2.5.4.6";
inline constexpr char kLocality[] = "2.5.4.7";
inline constexpr char kState[] = "2.5.4.8";
inline constexpr char kStreet[] = "2.5.4.9";
inline constexpr char kOrganization[] = "2.5.4.10";
inline constexpr char kOrganizationalUnit[] = "2.5.4.11";
inline constexpr char kTitle[] = "2.5.4.12";
inline constexpr char kPostalCode[] = "2.5.4.17";
inline constexpr char kGivenName[] = "2.5.4.42";
inline constexpr char kDnQualifier[] = "2.5.4.46";
inline constexpr char kDomainComponent[] = "0.9.2342.19200300.100.1.25";
inline constexpr char kEmail[] = "1.2.840.113549.1.9.1";

}  // namespace chancery::policy::lints::oid

#endif  // CHANCERY_POLICY_LINTS_OIDS_H_
