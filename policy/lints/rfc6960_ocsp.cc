#include <algorithm>

#include "policy/lints/check.h"
#include "policy/lints/ocsp_rules.h"
#include "policy/lints/oids.h"
#include "policy/lints/usage_bits.h"

namespace chancery::policy::lints {
namespace {

using V = OcspView;
using der::Reader;
using der::Tag;
using enum Severity;

constexpr int64_t kSuccessful = 0, kUnused = 4, kLastStatus = 6;
constexpr size_t kSha1Octets = 20;

// Section 4.4: whether the value is DER of the extension's type; true of those
// that are not known.
bool IsWellFormed(const Extension& extension) {
  Reader in(extension.value), inside;
  Bytes contents;
  absl::Time time;
  if (extension.oid == oid::kOcspNonce) {
    return in.Read(Tag::kOctetString, contents) && in.AtEnd();
  }
  if (extension.oid == oid::kOcspArchiveCutoff) {
    return in.ReadGeneralizedTime(time) && in.AtEnd();
  }
  if (extension.oid == oid::kOcspExtendedRevoke) {
    return in.ReadNull() && in.AtEnd();
  }
  if (extension.oid == oid::kOcspCrlReferences) {
    return in.ReadSequence(inside) && in.AtEnd();
  }
  return true;
}

// The first extension, of the response or one of its parts, that is wrong.
std::string EachExtension(const V& v,
                          std::string (*wrong)(const Extension& extension)) {
  for (const Extension& extension : v.extensions) {
    const std::string found = wrong(extension);
    if (!found.empty()) return found;
  }
  for (const OcspSingle& single : v.responses) {
    for (const Extension& extension : single.extensions) {
      const std::string found = wrong(extension);
      if (!found.empty()) return found;
    }
  }
  return "";
}

std::string Repeated(const V& v) {
  std::string repeated = RepeatedExtension(v.extensions);
  for (const OcspSingle& single : v.responses) {
    if (repeated.empty()) repeated = RepeatedExtension(single.extensions);
  }
  return repeated;
}

bool IsOfRequests(const std::string& oid) {
  return oid == oid::kOcspAcceptableResponses ||
         oid == oid::kOcspServiceLocator ||
         oid == oid::kOcspPreferredSignatures;
}

}  // namespace

OcspRules Rfc6960Ocsp() {
  return {
      {{"rfc6960_ocsp_status_known", "RFC 6960 section 4.2.1", kError,
        "responseStatus is 0 to 3, 5 or 6"},
       [](const V& v) {
         return Unless(v.status <= kLastStatus && v.status != kUnused, "it is ",
                       v.status);
       }},
      {{"rfc6960_ocsp_error_without_bytes", "RFC 6960 section 4.2.1", kError,
        "an error has no responseBytes"},
       [](const V& v) {
         return Unless(v.status == kSuccessful || !v.has_bytes,
                       "responseStatus is ", v.status, ", and it has some");
       }},
      {{"rfc6960_ocsp_success_with_bytes", "RFC 6960 section 4.2.1", kError,
        "a successful response has responseBytes"},
       [](const V& v) {
         return Unless(v.status != kSuccessful || v.has_bytes, "it has none");
       }},
      {{"rfc6960_ocsp_version_1", "RFC 6960 section 4.2.1", kError,
        "version is v1, which is not encoded"},
       [](const V& v) {
         return Unless(!v.has_version, "version is encoded as ", v.version);
       }},
      {{"rfc6960_ocsp_key_hash_length", "RFC 6960 section 4.2.1", kError,
        "byKey is a SHA-1 hash, of 20 octets"},
       [](const V& v) {
         return Unless(!v.key_hash || v.key_hash->size() == kSha1Octets,
                       "it has ", v.key_hash.value_or(Bytes()).size(),
                       " octets");
       }},
      {{"rfc6960_ocsp_responder_among_certs", "RFC 6960 section 4.2.2.3",
        kError, "responderID names one of the certificates, if there are any"},
       [](const V& v) {
         return Unless(v.certificates.empty() || v.signer.has_value(),
                       "it names none of ", v.certificates.size());
       }},
      {{"rfc6960_ocsp_certs_form", "RFC 6960 section 4.2.1", kError,
        "certs holds certificates"},
       [](const V& v) {
         for (const Bytes certificate : v.certificates) {
           const auto read = ReadCertificateView(certificate);
           if (!read.ok()) return std::string(read.status().message());
         }
         return std::string();
       }},
      {{"rfc6960_ocsp_signature_form", "RFC 6960 section 4.2.1", kError,
        "signature is a BIT STRING of whole octets, and not empty"},
       [](const V& v) {
         return Unless(!v.is_basic || IsWholeOctets(v.signature),
                       "its contents are ", ShortHex(v.signature));
       }},
      {{"rfc6960_ocsp_produced_at_form", "RFC 6960 section 4.2.1", kError,
        "producedAt is a GeneralizedTime, YYYYMMDDHHMMSSZ"},
       [](const V& v) {
         return Unless(
             !v.is_basic || (v.produced_at.tag == Tag::kGeneralizedTime &&
                             v.produced_at.time.has_value()),
             "it is ", Quoted(v.produced_at.contents));
       }},
      {{"rfc6960_ocsp_has_response", "RFC 6960 section 4.2.2.3", kError,
        "there is at least one SingleResponse"},
       [](const V& v) {
         return Unless(!v.is_basic || !v.responses.empty(), "there is none");
       }},
      {{"rfc6960_ocsp_extensions_not_empty", "RFC 6960 section 4.2.1", kError,
        "responseExtensions and singleExtensions, if present, hold one"},
       [](const V& v) {
         const bool empty =
             (v.has_extensions && v.extensions.empty()) ||
             std::any_of(v.responses.begin(), v.responses.end(),
                         [](const OcspSingle& s) {
                           return s.has_extensions && s.extensions.empty();
                         });
         return Unless(!empty, "one is empty");
       }},
      {{"rfc6960_ocsp_extension_once", "RFC 6960 section 4.4", kError,
        "no extension is there twice"},
       [](const V& v) {
         const std::string repeated = Repeated(v);
         return Unless(repeated.empty(), "extension ", repeated,
                       " is there twice");
       }},
      {{"rfc6960_ocsp_extension_form", "RFC 6960 section 4.4", kError,
        "the value of an extension of RFC 6960 is DER of its type"},
       [](const V& v) {
         return EachExtension(v, [](const Extension& extension) {
           return Unless(IsWellFormed(extension), "extension ", extension.oid,
                         " is ", ShortHex(extension.value));
         });
       }},
      {{"rfc6960_ocsp_extension_not_critical", "RFC 6960 section 4.4", kWarning,
        "no extension is critical"},
       [](const V& v) {
         return EachExtension(v, [](const Extension& extension) {
           return Unless(!extension.critical, "extension ", extension.oid,
                         " is critical");
         });
       }},
      {{"rfc6960_ocsp_extension_of_responses", "RFC 6960 section 4.4", kWarning,
        "acceptable responses, service locator and preferred signatures are "
        "for requests"},
       [](const V& v) {
         return EachExtension(v, [](const Extension& extension) {
           return Unless(!IsOfRequests(extension.oid), "it has ",
                         extension.oid);
         });
       }},
      {{"rfc6960_ocsp_delegate_usage", "RFC 6960 section 4.2.2.2", kError,
        "a delegate's certificate has id-kp-OCSPSigning"},
       [](const V& v) {
         return Unless(v.Delegate() == nullptr ||
                           v.Delegate()->HasUsage(oid::kOcspSigning),
                       "it has not");
       }},
      {{"rfc6960_ocsp_signer_key_usage", "RFC 5280 section 4.2.1.3", kError,
        "keyUsage of an embedded signer has digitalSignature"},
       [](const V& v) {
         if (!v.signer.has_value()) return std::string();
         const uint32_t bits =
             v.signer->key_usage.value_or(usage::kDigitalSignature);
         return Unless((bits & usage::kDigitalSignature) != 0, "it is ",
                       usage::Text(bits));
       }},
      {{"rfc6960_ocsp_signer_valid", "RFC 5280 section 6.1.3", kError,
        "an embedded signer was valid at producedAt"},
       [](const V& v) {
         if (!v.signer || !v.produced_at.time || !v.signer->not_before.time ||
             !v.signer->not_after.time) {
           return std::string();
         }
         return Unless(*v.signer->not_before.time <= *v.produced_at.time &&
                           *v.produced_at.time <= *v.signer->not_after.time,
                       "it is valid from ",
                       Quoted(v.signer->not_before.contents), " to ",
                       Quoted(v.signer->not_after.contents));
       }},
  };
}

}  // namespace chancery::policy::lints
