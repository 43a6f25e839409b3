#include "policy/lints/testing/examples.h"
#include "policy/lints/testing/openssl_crl.h"

// The nodes of a CRL: 0 tbsCertList (0 version, 1 signature, 2 issuer, 3
// thisUpdate, 4 nextUpdate, 5 revokedCertificates, 6 extensions), 1
// signatureAlgorithm, 2 signatureValue. Of an entry: 0 userCertificate, 1
// revocationDate, 2 crlEntryExtensions.

namespace chancery::policy::lints::testing {
namespace {

using Recipe = OpenSslCrl;

constexpr uint8_t kUtc = 0x17, kGeneralized = 0x18;
// Contents of OIDs.
constexpr char kCrlNumber[] = "551d14", kInvalidityDate[] = "551d18",
               kCertificateIssuer[] = "551d1d";
constexpr char kDelta[] = "2.5.29.27";
constexpr char kUrl[] = "URI:http://crl.example.com/1.crl";
const Path kEntry = {0, 5, 0}, kEntryExtensions = {0, 5, 0, 2},
           kReason = {0, 5, 0, 2, 0, 1};

Recipe EditNumber(const std::function<void(DerTree&, Path)>& edit) {
  return Recipe().Edit([=](DerTree& tree) {
    const size_t number = tree.ChildWithOid({0, 6, 0}, kCrlNumber);
    edit(tree, {0, 6, 0, number, 1});
  });
}

// In place of the entry's reasonCode.
Recipe WithReason(const std::string& enumerated) {
  return Recipe().Put(kReason, Element(0x04, enumerated));
}

}  // namespace

Examples CrlExamples() {
  const Recipe good;
  return {
      Row("rfc5280_crl_readable", good, good.Erase({0, 2})),
      Row("rfc5280_crl_version_2", good, good.Put({0, 0}, "020100")),
      Row("rfc5280_crl_algorithms_match", good,
          good.Put({1}, "300a06082a8648ce3d040303")),
      Row("rfc5280_crl_signature_form", good, good.Put({2}, "030107")),
      Row("rfc5280_crl_issuer_not_empty", good, good.Put({0, 2}, "3000")),
      Row("rfc5280_crl_time_form", good,
          good.Put({0, 4}, TextElement(kUtc, "2612010000Z"))),
      Row("rfc5280_crl_time_choice", good,
          good.Put({0, 3}, TextElement(kGeneralized, "20261101000000Z"))
              .Put({0, 4}, TextElement(kUtc, "261105000000Z"))),
      Row("rfc5280_crl_next_update_present", good, good.Erase({0, 4})),
      Row("rfc5280_crl_next_update_later", good,
          good.Put({0, 4}, TextElement(kUtc, "200101000000Z"))),
      Row("rfc5280_crl_entries_not_empty", good.Revoked({}),
          good.Revoked({}).Insert({0, 5}, "3000")),
      Row("rfc5280_crl_extension_once", good,
          good.Append({0, 6, 0}, ExtensionElement(kCrlNumber, "020105"))),
      Row("rfc5280_crl_extension_form", good,
          EditNumber([](DerTree& tree, Path value) {
            tree.Put(value, Element(0x04, "0500"));
          })),
      Row("rfc5280_crl_critical_known", good.Set("1.2.3.4", "DER:0500"),
          good.Set("1.2.3.4", "critical,DER:0500"), {"br_crl_extensions"}),
      Row("rfc5280_crl_authority_key_id", good,
          good.Set("authorityKeyIdentifier", "")),
      Row("rfc5280_crl_number_present", good, good.Number("")),
      Row("rfc5280_crl_number_not_critical", good,
          EditNumber(
              [](DerTree& tree, Path value) { tree.Insert(value, "0101ff"); })),
      Row("rfc5280_crl_number_range", good.Number(std::string(40, '7')),
          good.Number(std::string(42, '7'))),
      Row("rfc5280_crl_delta_critical", good.Set(kDelta, "critical,DER:020101"),
          good.Set(kDelta, "DER:020101"), {"br_crl_extensions"}),
      Row("rfc5280_crl_delta_after_base",
          good.Set(kDelta, "critical,DER:02020fff"),
          good.Set(kDelta, "critical,DER:02021000"), {"br_crl_extensions"}),
      Row("rfc5280_crl_point_critical",
          good.Point(std::string("fullname=") + kUrl),
          good.Point(std::string("fullname=") + kUrl)
              .Set("issuingDistributionPoint", "@point")),
      Row("rfc5280_crl_point_not_empty", good.Point("onlyuser=TRUE"),
          good.Set("issuingDistributionPoint", "critical,DER:3000"),
          {"br_crl_point_urls"}),
      // fullName http://a, onlyContainsUserCerts, onlyContainsCACerts.
      Row("rfc5280_crl_point_one_scope",
          good.Point(std::string("onlyCA=TRUE\nfullname=") + kUrl),
          good.Set("issuingDistributionPoint",
                   "critical,DER:3014a00ca00a8608687474703a2f2f61"
                   "8101ff8201ff")),
      Row("rfc5280_crl_freshest_not_critical", good.Set("freshestCRL", kUrl),
          good.Set("freshestCRL", std::string("critical,") + kUrl),
          {"br_crl_extensions"}),
      Row("rfc5280_crl_freshest_not_in_delta", good.Set("freshestCRL", kUrl),
          good.Set("freshestCRL", kUrl).Set(kDelta, "critical,DER:020101"),
          {"br_crl_extensions"}),
      Row("rfc5280_crl_info_access_not_critical",
          good.Set("authorityInfoAccess", "caIssuers;URI:http://a/ca.cer"),
          good.Set("authorityInfoAccess",
                   "critical,caIssuers;URI:http://a/ca.cer"),
          {"br_crl_extensions"}),
  };
}

Examples CrlEntryExamples() {
  const Recipe good;
  const Recipe two =
      good.Revoked({"200101000000Z", "200101000000Z,superseded"});
  const std::string utc_date =
      ExtensionElement(kInvalidityDate, TextElement(kUtc, "200101000000Z"));
  return {
      Row("rfc5280_crl_entry_serial_positive", good,
          good.Put({0, 5, 0, 0}, "0201ff")),
      Row("rfc5280_crl_entry_once", two,
          two.Put({0, 5, 0, 0}, "020151").Put({0, 5, 1, 0}, "020151")),
      Row("rfc5280_crl_entry_time_form", good,
          good.Put({0, 5, 0, 1}, TextElement(kGeneralized, "20200101000000Z"))),
      Row("rfc5280_crl_entry_not_in_future", good,
          good.Put({0, 5, 0, 1}, TextElement(kUtc, "490101000000Z"))),
      Row("rfc5280_crl_entry_extensions_not_empty",
          good.Revoked({"200101000000Z"}), good.Put(kEntryExtensions, "3000")),
      Row("rfc5280_crl_reason_known", WithReason("0a0109"),
          WithReason("0a0107"), {"br_crl_reason_listed"}),
      Row("rfc5280_crl_reason_not_unspecified", good, WithReason("0a0100"),
          {"br_crl_reason_listed"}),
      Row("rfc5280_crl_reason_remove_in_delta",
          WithReason("0a0108").Set(kDelta, "critical,DER:020101"),
          WithReason("0a0108"), {"br_crl_reason_listed"}),
      Row("rfc5280_crl_reason_not_critical", good,
          good.Insert(kReason, "0101ff")),
      Row("rfc5280_crl_invalidity_date",
          good.Revoked({"200101000000Z,keyTime,20190101000000Z"}),
          good.Append(kEntryExtensions, utc_date), {"br_crl_entry_extensions"}),
      Row("rfc5280_crl_certificate_issuer",
          good.Point(std::string("indirectCRL=TRUE\nfullname=") + kUrl)
              .Append(kEntryExtensions,
                      ExtensionElement(kCertificateIssuer, "3000", true)),
          good.Append(kEntryExtensions,
                      ExtensionElement(kCertificateIssuer, "3000", true)),
          {"br_crl_entry_extensions"}),
  };
}

Examples BrCrlExamples() {
  const Recipe good;
  const std::string name = std::string("fullname=") + kUrl;
  return {
      Row("br_crl_signature_algorithm", good.Digest("sha384"),
          good.Digest("sha1")),
      Row("br_crl_validity", good.Point(name + "\nonlyCA=TRUE").Days(364),
          good.Point(name + "\nonlyCA=TRUE").Days(400)),
      Row("br_crl_validity_of_subscribers", good.Days(10), good.Days(11)),
      Row("br_crl_authority_key_id_alone", good,
          good.Set("authorityKeyIdentifier", "keyid,issuer:always")),
      Row("br_crl_reason_listed",
          good.Revoked({"200101000000Z,affiliationChanged"}),
          good.Revoked({"200101000000Z,CACompromise"})),
      Row("br_crl_entry_extensions", good,
          good.Revoked({"200101000000Z,keyTime,20190101000000Z"})),
      Row("br_crl_extensions", good.Point(name), good.Set("freshestCRL", kUrl)),
      Row("br_crl_point_urls", good.Point(name),
          good.Point("fullname=DNS:crl.example.com")),
      Row("br_crl_point_not_indirect", good.Point(name + "\nonlyuser=TRUE"),
          good.Point(name + "\nindirectCRL=TRUE")),
      Row("br_crl_point_all_reasons", good.Point(name),
          good.Point(name + "\nonlysomereasons=keyCompromise")),
  };
}

}  // namespace chancery::policy::lints::testing
