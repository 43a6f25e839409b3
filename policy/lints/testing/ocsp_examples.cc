#include "policy/lints/testing/examples.h"
#include "policy/lints/testing/openssl_ocsp.h"

// The nodes of a response: 0 responseStatus, 1 responseBytes, which wraps at
// kBasic a BasicOCSPResponse: 0 tbsResponseData (0 responderID, 1 producedAt, 2
// responses), 1 signatureAlgorithm, 2 signature, 3 certs. Of a SingleResponse:
// 0 certID (0 to 3), 1 certStatus, 2 thisUpdate, 3 nextUpdate.

namespace chancery::policy::lints::testing {
namespace {

using Recipe = OpenSslOcsp;

const Path kBasic = {1, 0, 1, 0}, kData = {1, 0, 1, 0, 0},
           kSingle = {1, 0, 1, 0, 0, 2, 0};

Path In(Path path, const Path& further) {
  path.insert(path.end(), further.begin(), further.end());
  return path;
}

std::string Time(const std::string& text) { return TextElement(0x18, text); }

// An [1] EXPLICIT Extensions.
std::string Extensions(const std::string& all) {
  return Element(0xa1, Element(0x30, all));
}

// 1.3.6.1.5.5.7.48.1.<last>, contents.
std::string OcspOid(const std::string& last) {
  return "2b06010505073001" + last;
}

constexpr char kOtherOid[] = "2a0304";  // 1.2.3.4

Recipe WithSingleExtensions(const std::string& all) {
  return Recipe().Append(kSingle, Extensions(all));
}

}  // namespace

Examples OcspExamples() {
  const Recipe good, delegated = good.By(Responder());
  const std::string other = ExtensionElement(kOtherOid, "0500");
  const std::string cutoff = Time("20200101000000Z");
  return {
      Row("rfc6960_ocsp_readable", good, good.Erase(In(kSingle, {2}))),
      Row("rfc6960_ocsp_status_known", good.Put({0}, "0a0106").Erase({1}),
          good.Put({0}, "0a0104").Erase({1})),
      Row("rfc6960_ocsp_error_without_bytes",
          good.Put({0}, "0a0103").Erase({1}), good.Put({0}, "0a0103")),
      Row("rfc6960_ocsp_success_with_bytes", good, good.Erase({1})),
      Row("rfc6960_ocsp_version_1", good,
          good.Insert(In(kData, {0}), "a003020100")),
      Row("rfc6960_ocsp_key_hash_length", good,
          good.Put(In(kData, {0}), "a206040401020304")),
      Row("rfc6960_ocsp_responder_among_certs", delegated,
          delegated.Put(In(kData, {0, 0}),
                        Element(0x04, std::string(40, '7')))),
      Row("rfc6960_ocsp_certs_form", delegated,
          delegated.Append(In(kBasic, {3, 0}), "3000")),
      Row("rfc6960_ocsp_signature_form", good,
          good.Put(In(kBasic, {2}), "0303018000")),
      Row("rfc6960_ocsp_produced_at_form", good,
          good.Put(In(kData, {1}), Time("20261128125131.5Z"))),
      Row("rfc6960_ocsp_has_response", good, good.Put(In(kData, {2}), "3000")),
      Row("rfc6960_ocsp_extensions_not_empty", WithSingleExtensions(other),
          good.Append(kData, Extensions(""))),
      Row("rfc6960_ocsp_extension_once", WithSingleExtensions(other),
          WithSingleExtensions(other + other)),
      Row("rfc6960_ocsp_extension_form",
          WithSingleExtensions(ExtensionElement(OcspOid("06"), cutoff)),
          WithSingleExtensions(ExtensionElement(OcspOid("06"), "0500"))),
      Row("rfc6960_ocsp_extension_not_critical", WithSingleExtensions(other),
          WithSingleExtensions(ExtensionElement(kOtherOid, "0500", true))),
      Row("rfc6960_ocsp_extension_of_responses", WithSingleExtensions(other),
          WithSingleExtensions(ExtensionElement(OcspOid("04"), "3000"))),
      Row("rfc6960_ocsp_delegate_usage", delegated,
          good.By(Responder().Set("extendedKeyUsage", "clientAuth"))),
      Row("rfc6960_ocsp_signer_key_usage", delegated,
          good.By(Responder().Set("keyUsage", "critical,nonRepudiation"))),
      Row("rfc6960_ocsp_signer_valid", delegated,
          delegated.Put(In(kBasic, {3, 0, 0, 0, 4, 0}),
                        TextElement(0x17, "490101000000Z"))),
  };
}

Examples OcspSingleExamples() {
  const Recipe good;
  const Recipe revoked = good.Revoked("200101000000Z,keyCompromise");
  const Recipe never = good.Revoked("700101000000Z,certificateHold");
  const auto cut_off = [](const std::string& time) {
    return WithSingleExtensions(ExtensionElement(OcspOid("06"), Time(time)));
  };
  return {
      Row("rfc6960_ocsp_this_update_form", good,
          good.Put(In(kSingle, {2}), Time("202611281251Z"))),
      Row("rfc6960_ocsp_next_update_form", good,
          good.Put(In(kSingle, {3, 0}), Time("202612021251Z"))),
      Row("rfc6960_ocsp_revocation_time_form", revoked,
          revoked.Put(In(kSingle, {1, 0}), Time("20200101000000.5Z"))),
      Row("rfc6960_ocsp_this_update_before_produced", good,
          good.Put(In(kData, {1}), Time("20200101000000Z"))),
      Row("rfc6960_ocsp_next_update_later", good,
          good.Put(In(kSingle, {3, 0}), Time("20200101000000Z"))),
      Row("rfc6960_ocsp_revocation_before_this_update", revoked,
          revoked.Put(In(kSingle, {1, 0}), Time("20490101000000Z"))),
      Row("rfc6960_ocsp_reason_known", revoked,
          revoked.Put(In(kSingle, {1, 1, 0}), "0a0107"),
          {"br_ocsp_reason_listed"}),
      Row("rfc6960_ocsp_cert_id_hash_length", good,
          good.Put(In(kSingle, {0, 1}), Element(0x04, std::string(40, '7')))),
      Row("rfc6960_ocsp_cert_id_serial", good,
          good.Put(In(kSingle, {0, 3}), "0201ff")),
      Row("rfc6960_ocsp_cert_id_once",
          good.About("-sha1 -serial 0x41424344454647484950 -sha256 -serial "
                     "0x41424344454647484950"),
          good.About("-sha256 -serial 0x41424344454647484950 -serial "
                     "0x41424344454647484950"),
          {"rfc9919_ocsp_one_response"}),
      Row("rfc6960_ocsp_archive_cutoff_past", cut_off("20200101000000Z"),
          cut_off("20490101000000Z")),
      Row("rfc6960_ocsp_extended_revoke",
          never.Append(kData,
                       Extensions(ExtensionElement(OcspOid("09"), "0500"))),
          never, {"br_ocsp_reason_listed"}),
  };
}

Examples OcspProfileExamples() {
  const Recipe good, delegated = good.By(Responder());
  const Recipe revoked = good.Revoked("200101000000Z,superseded");
  const auto nonce = [&](const std::string& octets) {
    return good.Append(kData, Extensions(ExtensionElement(
                                  OcspOid("02"), Element(0x04, octets))));
  };
  return {
      Row("rfc9919_ocsp_basic", good, good.Put({1, 0, 0}, "06032a0304")),
      Row("rfc9919_ocsp_one_response",
          good.About("-sha1 -serial 0x41424344454647484950 -sha256 -serial "
                     "0x41424344454647484950"),
          good.About("-sha256 -serial 0x41424344454647484950 -serial "
                     "0x51525354555657585960")),
      Row("rfc9919_ocsp_sha256_cert_id", good,
          good.About("-sha1 -serial 0x41424344454647484950")),
      Row("rfc9919_ocsp_no_response_extensions", good,
          good.Append(kData, Extensions(ExtensionElement(kOtherOid, "0500")))),
      Row("rfc9919_ocsp_by_key", good, good.Options("-ndays 4 -rmd sha256")),
      Row("rfc9919_ocsp_next_update_present", good,
          good.Options("-resp_key_id -rmd sha256")),
      Row("rfc9919_ocsp_delegate_without_pointers", delegated,
          good.By(Responder().Set("authorityInfoAccess",
                                  "OCSP;URI:http://ocsp.example.com"))),
      Row("rfc9654_ocsp_nonce_length", nonce("01"), nonce(""),
          {"rfc9919_ocsp_no_response_extensions"}),
      Row("br_ocsp_validity_of_subscribers", good,
          good.Options("-nmin 60 -resp_key_id -rmd sha256")),
      Row("br_ocsp_validity",
          good.Options("-ndays 360 -resp_key_id -rmd sha256"),
          good.Options("-ndays 400 -resp_key_id -rmd sha256"),
          {"br_ocsp_validity_of_subscribers"}),
      Row("br_ocsp_status_not_unknown", revoked,
          good.About(Recipe::kAboutUnknown)),
      Row("br_ocsp_reason_listed", revoked,
          good.Revoked("200101000000Z,CACompromise")),
      Row("br_ocsp_no_reason_extension", revoked,
          WithSingleExtensions(ExtensionElement("551d15", "0a0101"))),
      Row("br_ocsp_signature_algorithm",
          good.Options("-ndays 4 -resp_key_id -rmd sha384"),
          good.Options("-ndays 4 -resp_key_id -rmd sha1")),
      Row("br_ocsp_delegate_no_check", delegated,
          good.By(Responder().Set("noCheck", ""))),
  };
}

}  // namespace chancery::policy::lints::testing
