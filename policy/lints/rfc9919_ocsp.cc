#include "policy/lints/check.h"
#include "policy/lints/ocsp_rules.h"
#include "policy/lints/ocsp_singles.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using V = OcspView;
using S = OcspSingle;
using enum Severity;

constexpr size_t kMaxNonce = 128;

// One certificate by SHA-1 and by SHA-256, for clients of either kind.
bool AreTwins(const std::vector<S>& singles) {
  return singles.size() == 2 &&
         base::Equal(singles[0].serial, singles[1].serial) &&
         singles[0].hash_oid != singles[1].hash_oid;
}

bool NamesResponder(const CertificateView& certificate) {
  if (!certificate.access.has_value()) return false;
  for (const AccessDescription& access : *certificate.access) {
    if (access.method == oid::kAccessOcsp) return true;
  }
  return false;
}

}  // namespace

OcspRules Rfc9919Ocsp() {
  return {
      {{"rfc9919_ocsp_basic", "RFC 9919 section 3.2.1", kError,
        "responseType is id-pkix-ocsp-basic"},
       [](const V& v) {
         return Unless(!v.has_bytes || v.is_basic, "it is ", v.type_oid);
       }},
      {{"rfc9919_ocsp_one_response", "RFC 9919 section 3.2.1", kWarning,
        "there is one SingleResponse, or one by SHA-1 and one by SHA-256"},
       [](const V& v) {
         return Unless(v.responses.size() <= 1 || AreTwins(v.responses),
                       "there are ", v.responses.size());
       }},
      {{"rfc9919_ocsp_sha256_cert_id", "RFC 9919 section 3.2.1", kNotice,
        "a CertID uses SHA-1 only for clients that need it"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return Unless(s.hash_oid != oid::kSha1, "it uses SHA-1");
         });
       }},
      {{"rfc9919_ocsp_no_response_extensions", "RFC 9919 section 3.2.1",
        kWarning, "there are no responseExtensions"},
       [](const V& v) {
         return Unless(v.extensions.empty(), "there is ",
                       v.extensions.empty() ? "" : v.extensions.front().oid);
       }},
      {{"rfc9919_ocsp_by_key", "RFC 9919 section 3.2.2", kError,
        "responderID is byKey"},
       [](const V& v) {
         return Unless(!v.responder_name.has_value(), "it is byName");
       }},
      {{"rfc9919_ocsp_next_update_present", "RFC 9919 section 3.2.4", kError,
        "nextUpdate is there"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return Unless(s.next_update.has_value(), "it is absent");
         });
       }},
      {{"rfc9919_ocsp_delegate_without_pointers", "RFC 9919 section 3.2.2",
        kWarning,
        "a delegate's certificate names neither an OCSP responder nor a CRL"},
       [](const V& v) {
         const CertificateView* delegate = v.Delegate();
         if (delegate == nullptr) return std::string();
         if (delegate->Find(oid::kCrlDistributionPoints) != nullptr) {
           return std::string("it names a CRL");
         }
         return Unless(!NamesResponder(*delegate), "it names a responder");
       }},
      {{"rfc9654_ocsp_nonce_length", "RFC 9654 section 2.1", kError,
        "a nonce has 1 to 128 octets"},
       [](const V& v) {
         const Extension* nonce = FindExtension(v.extensions, oid::kOcspNonce);
         Bytes octets;
         if (nonce == nullptr ||
             !der::Reader(nonce->value).Read(der::Tag::kOctetString, octets)) {
           return std::string();
         }
         return Unless(!octets.empty() && octets.size() <= kMaxNonce, "it has ",
                       octets.size());
       }},
  };
}

}  // namespace chancery::policy::lints
