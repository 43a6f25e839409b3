#include "gtest/gtest.h"
#include "policy/lints/testing/examples.h"
#include "policy/lints/testing/openssl_certificate.h"

namespace chancery::policy::lints::testing {
namespace {

using Recipe = OpenSslCertificate;

Recipe Rsa(const std::string& bits, const std::string& exponent = "65537") {
  return Server().Key("-algorithm RSA -pkeyopt rsa_keygen_bits:" + bits +
                      " -pkeyopt rsa_keygen_pubexp:" + exponent);
}

// In the key, which is wrapped in a BIT STRING that trees do not open.
std::string WithEvenExponent() {
  std::string der = Rsa("2048").Make();
  const std::string before("\x02\x03\x01\x00\x01", 5);
  const size_t at = der.find(before);
  EXPECT_NE(at, std::string::npos);
  der[at + 4] = 0;
  return der;
}

Recipe WithAltName(const std::string& names) {
  return Server().Set("subjectAltName", names);
}

constexpr char kPoison[] = "1.3.6.1.4.1.11129.2.4.3";
constexpr char kTimestamps[] = "1.3.6.1.4.1.11129.2.4.2";

}  // namespace

Examples BrCertificateExamples() {
  return {
      Row("br_cert_version_3", Server(), Server().Put({0, 0, 0}, "020101"),
          {"rfc5280_cert_version_of_extensions"}),
      Row("br_cert_serial_entropy", Server().Serial("0x4142434445464748"),
          Server().Serial("0x41424344454647")),
      Row("br_cert_key_algorithm",
          Server().Key("-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
          Server().Key("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1")),
      Row("br_cert_signature_algorithm", Server().Digest("-sha384"),
          Server().Digest("-sha1")),
      Row("br_cert_rsa_modulus_size", Rsa("2048"), Rsa("1024")),
      Row("br_cert_rsa_modulus_multiple", Rsa("2048"), Rsa("2052")),
      {.lint = "br_cert_rsa_exponent_odd",
       .passes = [] { return Rsa("2048").Make(); },
       .fails = WithEvenExponent},
      Row("br_cert_rsa_exponent_range", Rsa("2048"), Rsa("2048", "3")),
      Row("br_cert_name_single_attributes", Server(),
          Server().Subject("/C=AT+O=Test")),
      Row("br_cert_name_order", Server().Subject("/DC=org/C=AT/O=Test"),
          Server().Subject("/O=Test/C=AT")),
      Row("br_cert_name_attribute_once", Server().Subject("/DC=org/DC=example"),
          Server().Subject("/C=AT/O=One/O=Two")),
      Row("br_cert_name_not_metadata", Server().Subject("/C=AT/O=a-b. c"),
          Server().Subject("/C=AT/O=- .")),
      Row("br_cert_authority_key_id_alone", Server(),
          Server().Set("authorityKeyIdentifier", "keyid,issuer:always")),
      Row("br_cert_crl_points", Server(),
          Server().Set("crlDistributionPoints",
                       "URI:https://crl.example.com/1.crl")),
      Row("br_cert_info_access", Server(),
          Server().Set("authorityInfoAccess",
                       "OCSP;URI:https://ocsp.example.com")),
      Row("br_cert_key_usage_critical", Server(),
          Server().Set("keyUsage", "digitalSignature"),
          {"rfc5280_cert_key_usage_critical"}),
  };
}

Examples BrServerExamples() {
  return {
      Row("br_cert_server_validity", Server(), Server().Days(400)),
      Row("br_cert_server_info_access_present", Server(),
          Server().Set("authorityInfoAccess", "")),
      Row("br_cert_server_crl_points_present",
          Server().Set("crlDistributionPoints", ""),
          Server()
              .Set("crlDistributionPoints", "")
              .Set("authorityInfoAccess",
                   "caIssuers;URI:http://ca.example.com/ca.cer")),
      Row("br_cert_server_reserved_policy", Server(),
          Server().Set("certificatePolicies", "1.2.3.4")),
      Row("br_cert_server_no_any_policy", Server(),
          Server().Set("certificatePolicies", "2.23.140.1.2.2,2.5.29.32.0")),
      Row("br_cert_server_usage_named", Server(),
          Server().Set("extendedKeyUsage", "")),
      Row("br_cert_server_usage_alone",
          Server().Set("extendedKeyUsage", "serverAuth,clientAuth"),
          Server().Set("extendedKeyUsage", "serverAuth,codeSigning")),
      Row("br_cert_server_key_usage",
          Rsa("2048").Set("keyUsage", "critical,keyEncipherment"),
          Server().Set("keyUsage", "critical,digitalSignature,nonRepudiation")),
      Row("br_cert_server_ec_signs", Server(),
          Server().Set("keyUsage", "critical,keyAgreement")),
      Row("br_cert_server_alt_name_present", Server(), WithAltName("")),
      Row("br_cert_server_alt_name_kinds", WithAltName("DNS:a.at,IP:1.1.1.1"),
          WithAltName("DNS:www.example.com,URI:http://www.example.com/")),
      Row("br_cert_server_alt_name_critical",
          WithAltName("critical,DNS:www.example.com").Subject("/"),
          WithAltName("critical,DNS:www.example.com"),
          {"rfc5280_cert_alt_name_not_critical"}),
      Row("br_cert_server_dns_name",
          WithAltName("DNS:*.example.com,DNS:xn--e1aybc.example.com"),
          WithAltName("DNS:ab--c.example.com")),
      Row("br_cert_server_reverse_zone", Server(),
          WithAltName("DNS:1.2.0.192.in-addr.arpa")),
      Row("br_cert_server_address_public",
          WithAltName("IP:1.1.1.1,IP:2606:4700:4700::1111"),
          WithAltName("IP:fd00::1")),
      Row("br_cert_server_common_name_among",
          WithAltName("DNS:a.example.com,IP:1.1.1.1")
              .Subject("/C=AT/O=Test/CN=1.1.1.1"),
          Server().Subject("/C=AT/O=Test/CN=other.example.com"),
          {"br_cert_server_no_common_name"}),
      Row("br_cert_server_no_common_name", Server(),
          Server().Subject("/C=AT/O=Test/CN=www.example.com")),
      Row("br_cert_server_no_unit", Server(),
          Server().Subject("/C=AT/O=Test/OU=Unit")),
  };
}

Examples BrCaExamples() {
  return {
      Row("br_cert_ca_subject_attributes", ServerCa(),
          ServerCa().Subject("/C=AT/O=Test")),
      Row("br_cert_ca_no_unit", Root(),
          ServerCa().Subject("/C=AT/O=Test/OU=Unit/CN=CA")),
      Row("br_cert_ca_key_usage",
          Root().Set("keyUsage",
                     "critical,keyCertSign,cRLSign,digitalSignature"),
          ServerCa().Set("keyUsage", "critical,keyCertSign")),
      Row("br_cert_server_ca_usage_alone",
          ServerCa().Set("extendedKeyUsage", "serverAuth,clientAuth"),
          ServerCa().Set("extendedKeyUsage", "serverAuth,emailProtection")),
      Row("br_cert_root_no_usage", Root(),
          Root().Set("extendedKeyUsage", "serverAuth")),
      Row("br_cert_root_validity", Root(), Root().Days(365)),
      Row("br_cert_root_no_path_length", Root(),
          Root().Set("basicConstraints", "critical,CA:TRUE,pathlen:1")),
      Row("br_cert_subordinate_crl_points", ServerCa(),
          ServerCa().Set("crlDistributionPoints", "")),
      Row("br_cert_subordinate_policies", ServerCa(),
          ServerCa().Set("certificatePolicies", "")),
      Row("br_cert_responder_usage_alone", Responder(),
          Responder().Set("extendedKeyUsage", "OCSPSigning,clientAuth")),
      Row("br_cert_responder_no_check", Responder(),
          Responder().Set("noCheck", "")),
      Row("br_cert_responder_key_usage", Responder(),
          Responder().Set("keyUsage",
                          "critical,digitalSignature,nonRepudiation")),
      Row("br_cert_responder_extensions", Responder(),
          Responder().Set("subjectAltName", "DNS:ocsp.example.com")),
      Row("br_cert_poison_form", Server().Set(kPoison, "critical,DER:0500"),
          Server().Set(kPoison, "DER:0500")),
      Row("br_cert_poison_without_timestamps",
          Server().Set(kTimestamps, "DER:04020000"),
          Server()
              .Set(kPoison, "critical,DER:0500")
              .Set(kTimestamps, "DER:04020000")),
  };
}

}  // namespace chancery::policy::lints::testing
