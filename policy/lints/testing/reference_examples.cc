#include "policy/lints/testing/examples.h"
#include "policy/lints/testing/openssl_certificate.h"

namespace chancery::policy::lints::testing {
namespace {

using Recipe = OpenSslCertificate;

Recipe WithAltName(const std::string& names) {
  return Client().Set("subjectAltName", names);
}

// A server whose second policy has a user notice with this explicitText: an
// element, in hexadecimal.
Recipe WithNotice(const std::string& text) {
  return Server().Edit([=](DerTree& tree) {
    const size_t policies = tree.ChildWithOid({0, 7, 0}, "551d20");
    const Path all = {0, 7, 0, policies, 1, 0};
    // PolicyInformation { 1.2.3.4, { { id-qt-unotice, { explicitText } } } }
    tree.Append(all, "301506032a0304300e300c06082b060105050702023000");
    tree.Append({0, 7, 0, policies, 1, 0, 1, 1, 0, 1}, text);
  });
}

constexpr uint8_t kUtf8 = 0x0c, kIa5 = 0x16;

}  // namespace

Examples Rfc5280ReferenceExamples() {
  return {
      Row("rfc5280_cert_policy_once",
          Server().Set("certificatePolicies", "2.23.140.1.2.2,1.2.3.4"),
          Server().Set("certificatePolicies",
                       "DER:30183008060667810c010202300506032a0304"
                       "300506032a0304")),
      Row("rfc5280_cert_explicit_text_type",
          WithNotice(TextElement(kUtf8, "text")),
          WithNotice(TextElement(kIa5, "text"))),
      Row("rfc5280_cert_explicit_text_length",
          WithNotice(TextElement(kUtf8, std::string(200, 'a'))),
          WithNotice(TextElement(kUtf8, std::string(201, 'a')))),
      Row("rfc5280_cert_mapping_not_any_policy",
          ServerCa().Set("policyMappings", "critical,1.2.3.4:1.2.3.5"),
          ServerCa().Set("policyMappings",
                         "critical,DER:300d300b06032a03040604551d2000")),
      Row("rfc5280_cert_mappings_critical",
          ServerCa().Set("policyMappings", "critical,1.2.3.4:1.2.3.5"),
          ServerCa().Set("policyMappings", "1.2.3.4:1.2.3.5")),
      Row("rfc5280_cert_alt_name_not_empty", Client(), WithAltName("DER:3000")),
      Row("rfc5280_cert_alt_name_of_empty_subject",
          WithAltName("critical,DNS:www.example.com").Subject("/"),
          Client().Subject("/")),
      Row("rfc5280_cert_alt_name_not_critical", Client(),
          WithAltName("critical,DNS:www.example.com")),
      Row("rfc5280_cert_alt_name_dns",
          WithAltName("DNS:*.a-1.example.com,DNS:xn--e1aybc"),
          WithAltName("DNS:www_1.example.com")),
      Row("rfc5280_cert_alt_name_email", WithAltName("email:a@example.com"),
          WithAltName("email:nobody")),
      Row("rfc5280_cert_alt_name_uri", WithAltName("URI:spiffe://a/b"),
          WithAltName("URI:/relative")),
      Row("rfc5280_cert_alt_name_ip", WithAltName("IP:192.0.2.1,IP:::1"),
          WithAltName("DER:30058703010203")),
      Row("rfc5280_cert_issuer_alt_name_not_critical",
          Server().Set("issuerAltName", "DNS:ca.example.com"),
          Server().Set("issuerAltName", "critical,DNS:ca.example.com")),
      Row("rfc5280_cert_directory_attributes_not_critical",
          Server().Set("2.5.29.9", "DER:3000"),
          Server().Set("2.5.29.9", "critical,DER:3000")),
      // DistributionPoint { reasons }
      Row("rfc5280_cert_crl_point_complete", Server(),
          Server().Set("crlDistributionPoints", "DER:3006300481020106"),
          {"br_cert_crl_points"}),
      Row("rfc5280_cert_crl_points_not_critical", Server(),
          Server().Set("crlDistributionPoints",
                       "critical,URI:http://crl.example.com/1.crl")),
      Row("rfc5280_cert_freshest_crl_not_critical",
          Server().Set("freshestCRL", "URI:http://crl.example.com/d.crl"),
          Server().Set("freshestCRL",
                       "critical,URI:http://crl.example.com/d.crl")),
      Row("rfc5280_cert_info_access_not_critical", Server(),
          Server().Set("authorityInfoAccess",
                       "critical,OCSP;URI:http://ocsp.example.com")),
      Row("rfc5280_cert_subject_access_not_critical",
          ServerCa().Set("subjectInfoAccess",
                         "caRepository;URI:http://ca.example.com"),
          ServerCa().Set("subjectInfoAccess",
                         "critical,caRepository;URI:http://ca.example.com")),
  };
}

}  // namespace chancery::policy::lints::testing
