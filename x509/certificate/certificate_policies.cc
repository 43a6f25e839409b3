#include "x509/certificate/certificate_policies.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "der/oid.h"
#include "der/reader.h"
#include "der/writer.h"

namespace chancery::x509 {
namespace {

using der::Tag;

constexpr char kCps[] = "1.3.6.1.5.5.7.2.1";
constexpr char kUserNotice[] = "1.3.6.1.5.5.7.2.2";
constexpr size_t kMaxNotice = 200;  // DisplayText.
constexpr size_t kMaxUrl = 2048;

absl::Status Malformed(absl::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat("certificatePolicies: malformed ", field));
}

absl::Status Refuse(absl::string_view field, absl::string_view value,
                    absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": \"", absl::CHexEscape(value), "\": ", rule));
}

std::string Oid(absl::string_view dotted) { return *der::OidFromText(dotted); }

template <typename Fill>
void AddQualifier(der::Writer& out, absl::string_view oid, Fill fill) {
  out.AddSequence([&](der::Writer& qualifier) {
    qualifier.AddOid(Oid(oid));
    fill(qualifier);
  });
}

// UserNotice ::= SEQUENCE { noticeRef OPTIONAL, explicitText OPTIONAL }
bool ReadNotice(der::Reader& in, CertificatePolicy& policy) {
  der::Reader notice;
  if (!in.ReadSequence(notice)) return false;
  while (!notice.AtEnd()) {
    Tag tag;
    base::Bytes value;
    if (!notice.ReadAny(tag, value)) return false;
    if (tag == Tag::kUtf8String) {
      policy.user_notices.push_back(base::ToString(value));
    }
  }
  return true;
}

// PolicyQualifierInfo ::= SEQUENCE { policyQualifierId, qualifier ANY }
bool ReadQualifiers(der::Reader list, CertificatePolicy& policy) {
  while (!list.AtEnd()) {
    der::Reader qualifier;
    base::Bytes oid, value;
    Tag tag;
    if (!list.ReadSequence(qualifier) || !qualifier.ReadOid(oid)) return false;
    const std::string dotted = der::OidToText(oid);
    if (dotted == kUserNotice) {
      if (!ReadNotice(qualifier, policy)) return false;
    } else {
      if (!qualifier.ReadAny(tag, value)) return false;
      if (dotted == kCps && tag == Tag::kIa5String) {
        policy.cps_urls.push_back(base::ToString(value));
      }
    }
    if (!qualifier.AtEnd()) return false;
  }
  return true;
}

}  // namespace

std::string EncodeCertificatePolicies(
    const std::vector<CertificatePolicy>& policies) {
  der::Writer out;
  // SEQUENCE OF PolicyInformation { policyIdentifier, policyQualifiers OPTIONAL
  // }
  out.AddSequence([&](der::Writer& list) {
    for (const CertificatePolicy& policy : policies) {
      list.AddSequence([&](der::Writer& information) {
        information.AddOid(Oid(policy.oid));
        if (policy.cps_urls.empty() && policy.user_notices.empty()) return;
        information.AddSequence([&](der::Writer& qualifiers) {
          for (const std::string& url : policy.cps_urls) {
            AddQualifier(qualifiers, kCps,
                         [&](der::Writer& w) { w.AddIa5String(url); });
          }
          for (const std::string& text : policy.user_notices) {
            AddQualifier(qualifiers, kUserNotice, [&](der::Writer& w) {
              w.AddSequence(
                  [&](der::Writer& notice) { notice.AddUtf8String(text); });
            });
          }
        });
      });
    }
  });
  return out.Take();
}

absl::StatusOr<std::vector<CertificatePolicy>> ParseCertificatePolicies(
    base::Bytes der) {
  der::Reader in(der), list;
  if (!in.ReadSequence(list) || !in.AtEnd() || list.AtEnd()) {
    return Malformed("structure");
  }
  std::vector<CertificatePolicy> out;
  std::set<std::string> seen;
  while (!list.AtEnd()) {
    der::Reader information, qualifiers;
    base::Bytes oid;
    if (!list.ReadSequence(information) || !information.ReadOid(oid)) {
      return Malformed("PolicyInformation");
    }
    CertificatePolicy policy{.oid = der::OidToText(oid)};
    if (!der::OidFromText(policy.oid).ok())
      return Malformed("policyIdentifier");
    if (!information.AtEnd() &&
        (!information.ReadSequence(qualifiers) || !information.AtEnd() ||
         !ReadQualifiers(qualifiers, policy))) {
      return Malformed("policyQualifiers");
    }
    // RFC 5280: "A certificate policy OID MUST NOT appear more than once".
    if (!seen.insert(policy.oid).second) {
      return Malformed(absl::StrCat("policy ", policy.oid, ": twice"));
    }
    out.push_back(std::move(policy));
  }
  return out;
}

absl::Status CheckCertificatePolicy(const CertificatePolicy& policy) {
  const auto oid = der::OidFromText(policy.oid);
  if (!oid.ok()) {
    return Refuse("policy oid", policy.oid, "a dotted OID such as 1.2.3.4");
  }
  for (const std::string& url : policy.cps_urls) {
    const bool printable = std::all_of(
        url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (url.size() > kMaxUrl || !printable ||
        (!absl::StartsWith(url, "http://") &&
         !absl::StartsWith(url, "https://"))) {
      return Refuse("policy cps_url", url,
                    "an http or https URL of printable ASCII");
    }
  }
  for (const std::string& text : policy.user_notices) {
    const size_t characters = std::count_if(
        text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
    if (text.empty() || characters > kMaxNotice || !base::IsPlainText(text)) {
      return Refuse("policy user_notice", text,
                    "1 to 200 characters of UTF-8 without control characters "
                    "(RFC 5280 section 4.2.1.4)");
    }
  }
  return absl::OkStatus();
}

}  // namespace chancery::x509
