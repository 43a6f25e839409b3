#include <set>
#include <tuple>

#include "absl/time/time.h"
#include "policy/lints/check.h"
#include "policy/lints/ocsp_rules.h"
#include "policy/lints/ocsp_singles.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using V = OcspView;
using S = OcspSingle;
using der::Tag;
using enum Severity;

constexpr size_t kMaxSerialOctets = 20;
constexpr uint8_t kHold = 6, kUnusedReason = 7, kRemoveFromCrl = 8,
                  kLastReason = 10;

std::string WrongTime(const char* field, const TimeField& time) {
  return Unless(
      time.tag == Tag::kGeneralizedTime && time.time.has_value(), field,
      time.tag == Tag::kGeneralizedTime ? " is " : " is no GeneralizedTime, ",
      Quoted(time.contents));
}

// 0 for a hash that is not known.
size_t HashOctets(const std::string& oid) {
  if (oid == oid::kSha1) return 20;
  if (oid == oid::kSha256) return 32;
  if (oid == oid::kSha384) return 48;
  if (oid == oid::kSha512) return 64;
  return 0;
}

// Two are equal if the CertIDs are.
using CertIdKey = std::tuple<absl::string_view, absl::string_view,
                             absl::string_view, absl::string_view>;
CertIdKey KeyOf(const S& s) {
  return {s.hash_oid, base::AsText(s.name_hash), base::AsText(s.key_hash),
          base::AsText(s.serial)};
}

// Section 2.2: how "revoked" is said of a certificate that was never issued.
bool IsNeverIssued(const S& s) {
  return s.status == S::Status::kRevoked && s.revocation_time.time &&
         *s.revocation_time.time == absl::UnixEpoch() && Reason(s) == kHold;
}

}  // namespace

OcspRules Rfc6960OcspSingle() {
  return {
      {{"rfc6960_ocsp_this_update_form", "RFC 6960 section 4.2.1", kError,
        "thisUpdate is a GeneralizedTime, YYYYMMDDHHMMSSZ"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return WrongTime("thisUpdate", s.this_update);
         });
       }},
      {{"rfc6960_ocsp_next_update_form", "RFC 6960 section 4.2.1", kError,
        "nextUpdate is a GeneralizedTime, YYYYMMDDHHMMSSZ"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return s.next_update.has_value()
                      ? WrongTime("nextUpdate", *s.next_update)
                      : std::string();
         });
       }},
      {{"rfc6960_ocsp_revocation_time_form", "RFC 6960 section 4.2.1", kError,
        "revocationTime is a GeneralizedTime, YYYYMMDDHHMMSSZ"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return s.status == S::Status::kRevoked
                      ? WrongTime("revocationTime", s.revocation_time)
                      : std::string();
         });
       }},
      {{"rfc6960_ocsp_this_update_before_produced", "RFC 6960 section 2.4",
        kError, "thisUpdate is not after producedAt"},
       [](const V& v) {
         return EachSingle(v, [&](const S& s) {
           return Unless(!s.this_update.time || !v.produced_at.time ||
                             *s.this_update.time <= *v.produced_at.time,
                         "thisUpdate is ", Quoted(s.this_update.contents),
                         ", producedAt ", Quoted(v.produced_at.contents));
         });
       }},
      {{"rfc6960_ocsp_next_update_later", "RFC 6960 section 2.4", kError,
        "nextUpdate is after thisUpdate"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           if (!s.next_update || !s.next_update->time || !s.this_update.time) {
             return std::string();
           }
           return Unless(*s.this_update.time < *s.next_update->time,
                         "nextUpdate is ", Quoted(s.next_update->contents),
                         ", thisUpdate ", Quoted(s.this_update.contents));
         });
       }},
      {{"rfc6960_ocsp_revocation_before_this_update", "RFC 6960 section 2.4",
        kWarning, "revocationTime is not after thisUpdate, when it was known"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return Unless(s.status != S::Status::kRevoked ||
                             !s.revocation_time.time || !s.this_update.time ||
                             *s.revocation_time.time <= *s.this_update.time,
                         "revocationTime is ",
                         Quoted(s.revocation_time.contents), ", thisUpdate ",
                         Quoted(s.this_update.contents));
         });
       }},
      {{"rfc6960_ocsp_reason_known", "RFC 5280 section 5.3.1", kError,
        "revocationReason is 0 to 6, 9 or 10"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           if (!s.reason.has_value()) return std::string();
           const int reason = Reason(s);
           return Unless(reason >= 0 && reason <= kLastReason &&
                             reason != kUnusedReason &&
                             reason != kRemoveFromCrl,
                         "it is ", ShortHex(*s.reason), " in hexadecimal");
         });
       }},
      {{"rfc6960_ocsp_cert_id_hash_length", "RFC 6960 section 4.1.1", kError,
        "both hashes of a CertID are as long as its hashAlgorithm's"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           const size_t octets = HashOctets(s.hash_oid);
           return Unless(octets == 0 || (s.name_hash.size() == octets &&
                                         s.key_hash.size() == octets),
                         "they have ", s.name_hash.size(), " and ",
                         s.key_hash.size(), " octets");
         });
       }},
      {{"rfc6960_ocsp_cert_id_serial", "RFC 5280 section 4.1.2.2", kError,
        "serialNumber is a positive DER INTEGER of at most 20 octets"},
       [](const V& v) {
         return EachSingle(v, [](const S& s) {
           return Unless(IsPositiveInteger(s.serial) &&
                             IsMinimalInteger(s.serial) &&
                             s.serial.size() <= kMaxSerialOctets,
                         "it is ", ShortHex(s.serial), " in hexadecimal");
         });
       }},
      {{"rfc6960_ocsp_cert_id_once", "RFC 6960 section 4.2.2.3", kWarning,
        "no two SingleResponses are about the same CertID"},
       [](const V& v) {
         std::set<CertIdKey> seen;
         return EachSingle(v, [&](const S& s) {
           return Unless(seen.insert(KeyOf(s)).second, "there is another");
         });
       }},
      {{"rfc6960_ocsp_archive_cutoff_past", "RFC 6960 section 4.4.4", kError,
        "archiveCutoff, of responses that are kept, is not after producedAt"},
       [](const V& v) {
         return EachSingle(v, [&](const S& s) {
           const Extension* cutoff =
               FindExtension(s.extensions, oid::kOcspArchiveCutoff);
           absl::Time time;
           if (cutoff == nullptr || !v.produced_at.time ||
               !der::Reader(cutoff->value).ReadGeneralizedTime(time)) {
             return std::string();
           }
           return Unless(time <= *v.produced_at.time, "it is ",
                         absl::FormatTime(time, absl::UTCTimeZone()));
         });
       }},
      {{"rfc6960_ocsp_extended_revoke", "RFC 6960 section 2.2", kError,
        "\"revoked\" of a certificate that was not issued comes with the "
        "extended revoked definition"},
       [](const V& v) {
         if (FindExtension(v.extensions, oid::kOcspExtendedRevoke) != nullptr) {
           return std::string();
         }
         return EachSingle(v, [](const S& s) {
           return Unless(!IsNeverIssued(s), "it is on hold since 1970");
         });
       }},
  };
}

}  // namespace chancery::policy::lints
