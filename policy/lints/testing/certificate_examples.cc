#include "policy/lints/testing/examples.h"
#include "policy/lints/testing/openssl_certificate.h"

// The nodes of a certificate: 0 tbsCertificate (0 version, 1 serialNumber, 2
// signature, 3 issuer, 4 validity, 5 subject, 6 subjectPublicKeyInfo, 7
// extensions), 1 signatureAlgorithm, 2 signatureValue. subject is C and O.

namespace chancery::policy::lints::testing {
namespace {

using Recipe = OpenSslCertificate;

// What a certificate breaks that has no extensions at all.
std::vector<std::string> WithoutExtensions(std::vector<std::string> others) {
  others.insert(
      others.end(),
      {"rfc5280_cert_authority_key_id_present",
       "rfc5280_cert_subject_key_id_of_leaf",
       "br_cert_server_info_access_present",
       "br_cert_server_crl_points_present", "br_cert_server_reserved_policy",
       "br_cert_server_usage_named", "br_cert_server_alt_name_present"});
  return others;
}

constexpr uint8_t kUtf8 = 0x0c, kPrintable = 0x13, kTeletex = 0x14, kUtc = 0x17,
                  kGeneralized = 0x18;

const Path kCountry = {0, 5, 0, 0, 1}, kOrganization = {0, 5, 1, 0, 1};
const Path kNotBefore = {0, 4, 0}, kNotAfter = {0, 4, 1};
// ecdsa-with-SHA384.
constexpr char kOtherAlgorithm[] = "300a06082a8648ce3d040303";
// A subjectKeyIdentifier of no octets, and one with critical FALSE.
constexpr char kKeyIdExtension[] = "30090603551d0e04020400";
constexpr char kKeyIdNotCritical[] = "300d0603551d0e010100040304010a";

// In place of the subjectKeyIdentifier.
void PutKeyIdNotCritical(DerTree& tree) {
  const Path all = {0, 7, 0};
  tree.Put({0, 7, 0, tree.ChildWithOid(all, "551d0e")}, kKeyIdNotCritical);
}

// BER's TRUE: any octet but zero.
void PutOddTrue(DerTree& tree) {
  const Path all = {0, 7, 0};
  tree.Put({0, 7, 0, tree.ChildWithOid(all, "551d0f"), 1}, "010101");
}

// x = y = 0x0101...: on P-256 no point has these.
std::string PointOffTheCurve() {
  std::string element = "03420004";
  for (int i = 0; i < 64; ++i) element += "01";
  return element;
}

}  // namespace

Examples Rfc5280BodyExamples() {
  const Recipe unreadable = Server().Erase({2});
  return {
      Row("rfc5280_cert_readable", Server(), unreadable),
      Row("rfc5280_cert_version_known", Server(),
          Server().Put({0, 0, 0}, "020103"),
          {"rfc5280_cert_version_of_extensions", "br_cert_version_3"}),
      Row("rfc5280_cert_version_of_extensions", Server(),
          Server().Put({0, 0, 0}, "020101"), {"br_cert_version_3"}),
      Row("rfc5280_cert_version_of_unique_ids",
          Server().Put({0, 0, 0}, "020101").Insert({0, 7}, "810200ff"),
          Server().Put({0, 7}, "810200ff").Erase({0, 0}),
          WithoutExtensions(
              {"rfc5280_cert_no_unique_ids", "br_cert_version_3"})),
      Row("rfc5280_cert_no_unique_ids", Server(),
          Server().Insert({0, 7}, "820200ff")),
      Row("rfc5280_cert_serial_positive", Server(),
          Server().Serial("-20000000000000000000")),
      Row("rfc5280_cert_serial_length",
          Server().Serial("0x" + std::string(40, '7')),
          Server().Serial("0x" + std::string(42, '7'))),
      Row("rfc5280_cert_serial_minimal",
          Server().Put({0, 1}, "0209008142434445464748"),
          Server().Put({0, 1}, "0209000142434445464748")),
      Row("rfc5280_cert_algorithms_match", Server(),
          Server().Put({1}, kOtherAlgorithm)),
      Row("rfc5280_cert_signature_form", Server(),
          Server().Put({2}, "0303018000")),
      Row("rfc5280_cert_time_form", Server(),
          Server().Put(kNotBefore, TextElement(kUtc, "2611010000Z"))),
      Row("rfc5280_cert_time_choice", Server(),
          Server().Put(kNotAfter,
                       TextElement(kGeneralized, "20261201000000Z"))),
      Row("rfc5280_cert_validity_order", Server(),
          Server().Put(kNotAfter, TextElement(kUtc, "200101000000Z"))),
      Row("rfc5280_cert_extensions_not_empty", Server(),
          Server().Put({0, 7}, "a3023000"), WithoutExtensions({})),
      Row("rfc5280_cert_extension_once", Server(),
          Server().Insert({0, 7, 0, 0}, kKeyIdExtension)),
      Row("rfc5280_cert_extension_default", Server(),
          Server().Edit(PutKeyIdNotCritical)),
      Row("rfc5280_cert_extension_true", Server(), Server().Edit(PutOddTrue)),
      Row("rfc5280_cert_ec_point_on_curve", Server(),
          Server().Put({0, 6, 1}, PointOffTheCurve())),
      Row("rfc5280_cert_extension_form", Server(),
          Client().Set("keyUsage", "critical,DER:0500")),
      Row("rfc5280_cert_critical_known", Server().Set("1.2.3.4", "DER:0500"),
          Server().Set("1.2.3.4", "critical,DER:0500")),
  };
}

Examples Rfc5280NameExamples() {
  return {
      Row("rfc5280_cert_issuer_not_empty", Server(),
          Server().Put({0, 3}, "3000")),
      Row("rfc5280_cert_ca_subject_not_empty", ServerCa(),
          ServerCa().Put({0, 5}, "3000"), {"br_cert_ca_subject_attributes"}),
      Row("rfc5280_cert_name_string_type",
          Server().Put(kOrganization, TextElement(kPrintable, "Test")),
          Server().Put(kOrganization, TextElement(kTeletex, "Test"))),
      Row("rfc5280_cert_name_printable_type", Server(),
          Server().Put(kCountry, TextElement(kUtf8, "AT"))),
      Row("rfc5280_cert_name_ia5_type", Server().Subject("/DC=example"),
          Server().Subject("/DC=example").Put(kCountry, "0c0161")),
      Row("rfc5280_cert_name_country_length", Server(),
          Server().Put(kCountry, TextElement(kPrintable, "AUT"))),
      Row("rfc5280_cert_name_printable_characters",
          Server().Put(kOrganization, TextElement(kPrintable, "A (B), c/d.")),
          Server().Put(kOrganization, TextElement(kPrintable, "A*"))),
      Row("rfc5280_cert_name_utf8", Server().Subject("/C=AT/O=\xc3\xa4"),
          Server().Put(kOrganization, TextElement(kUtf8, "\xff\x54"))),
      Row("rfc5280_cert_name_length",
          Server().Put(kOrganization, TextElement(kUtf8, std::string(64, 'a'))),
          Server().Put(kOrganization,
                       TextElement(kUtf8, std::string(65, 'a')))),
      Row("rfc5280_cert_name_value_not_empty", Server(),
          Server().Put(kOrganization, TextElement(kUtf8, ""))),
      Row("rfc5280_cert_subject_no_email", Server(),
          Server().Subject("/C=AT/O=Test/emailAddress=a@example.com")),
  };
}

Examples Rfc5280UsageExamples() {
  const Recipe client = Client();
  return {
      Row("rfc5280_cert_authority_key_id_present", Server(),
          Server().Set("authorityKeyIdentifier", "")),
      Row("rfc5280_cert_authority_key_id_not_critical", Server(),
          Server().Set("authorityKeyIdentifier", "critical,keyid")),
      Row("rfc5280_cert_authority_key_id_pair",
          Server().Set("authorityKeyIdentifier", "keyid,issuer:always"),
          Server().Set("authorityKeyIdentifier", "DER:3009800401020304820105"),
          {"br_cert_authority_key_id_alone"}),
      Row("rfc5280_cert_subject_key_id_of_ca", ServerCa(),
          ServerCa().Set("subjectKeyIdentifier", "")),
      Row("rfc5280_cert_subject_key_id_of_leaf", Server(),
          Server().Set("subjectKeyIdentifier", "")),
      Row("rfc5280_cert_subject_key_id_not_critical", Server(),
          Server().Set("subjectKeyIdentifier", "critical,hash")),
      Row("rfc5280_cert_key_usage_of_ca", ServerCa(),
          ServerCa().Set("keyUsage", "")),
      Row("rfc5280_cert_key_usage_critical", Server(),
          Server().Set("keyUsage", "digitalSignature"),
          {"br_cert_key_usage_critical"}),
      Row("rfc5280_cert_key_usage_not_zero", client,
          client.Set("keyUsage", "critical,DER:030100")),
      Row("rfc5280_cert_key_cert_sign_of_ca", ServerCa(),
          client.Set("keyUsage", "critical,digitalSignature,keyCertSign")),
      Row("rfc5280_cert_only_bits_need_key_agreement",
          client.Set("keyUsage", "critical,keyAgreement,encipherOnly"),
          client.Set("keyUsage", "critical,digitalSignature,encipherOnly")),
      Row("rfc5280_cert_basic_constraints_critical", ServerCa(),
          ServerCa().Set("basicConstraints", "CA:TRUE,pathlen:0")),
      Row("rfc5280_cert_path_length_of_ca", ServerCa(),
          Server().Set("basicConstraints", "critical,DER:3003020100")),
      Row("rfc5280_cert_path_length_not_negative", ServerCa(),
          ServerCa().Set("basicConstraints", "critical,DER:30060101ff0201ff")),
      Row("rfc5280_cert_name_constraints_of_ca",
          ServerCa().Set("nameConstraints",
                         "critical,permitted;DNS:example.com"),
          Server().Set("nameConstraints",
                       "critical,permitted;DNS:example.com")),
      Row("rfc5280_cert_name_constraints_critical",
          ServerCa().Set("nameConstraints",
                         "critical,permitted;DNS:example.com"),
          ServerCa().Set("nameConstraints", "permitted;DNS:example.com")),
      Row("rfc5280_cert_name_constraints_not_empty",
          ServerCa().Set("nameConstraints",
                         "critical,excluded;DNS:example.com"),
          ServerCa().Set("nameConstraints", "critical,DER:3000")),
      // permittedSubtrees: a.b, minimum 1.
      Row("rfc5280_cert_name_constraints_no_bounds",
          ServerCa().Set("nameConstraints",
                         "critical,DER:3009a00730058203612e62"),
          ServerCa().Set("nameConstraints",
                         "critical,DER:300ca00a30088203612e62800101")),
      Row("rfc5280_cert_policy_constraints_critical",
          ServerCa().Set("policyConstraints",
                         "critical,requireExplicitPolicy:3"),
          ServerCa().Set("policyConstraints", "requireExplicitPolicy:3")),
      Row("rfc5280_cert_policy_constraints_not_empty",
          ServerCa().Set("policyConstraints",
                         "critical,inhibitPolicyMapping:1"),
          ServerCa().Set("policyConstraints", "critical,DER:3000")),
      Row("rfc5280_cert_inhibit_any_policy_critical",
          ServerCa().Set("inhibitAnyPolicy", "critical,2"),
          ServerCa().Set("inhibitAnyPolicy", "2")),
      Row("rfc5280_cert_extended_key_usage_not_empty", Server(),
          Server().Set("extendedKeyUsage", "DER:3000")),
      Row("rfc5280_cert_any_usage_not_critical",
          Server().Set("extendedKeyUsage", "serverAuth,anyExtendedKeyUsage"),
          Server().Set("extendedKeyUsage",
                       "critical,serverAuth,anyExtendedKeyUsage"),
          {"br_cert_server_usage_alone"}),
      Row("rfc5280_cert_server_auth_key_usage", Server(),
          Server().Set("keyUsage", "critical,nonRepudiation"),
          {"br_cert_server_key_usage", "br_cert_server_ec_signs"}),
      Row("rfc8813_cert_ec_key_usage",
          client.Set("keyUsage", "critical,digitalSignature,keyAgreement"),
          client.Set("keyUsage", "critical,digitalSignature,keyEncipherment")),
  };
}

}  // namespace chancery::policy::lints::testing
