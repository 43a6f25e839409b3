#include "policy/ocsp_lints.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/record.h"
#include "block/template.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"

namespace chancery::policy {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using x509::CertificateFacts;
using x509::SingleResponse;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

const crypto::SoftwareKey& CaKey() {
  static const crypto::SoftwareKey& key =
      *crypto::GenerateKey({crypto::KeyType::kEcP256})->release();
  return key;
}

const crypto::SoftwareKey& DelegateKey() {
  static const crypto::SoftwareKey& key =
      *crypto::GenerateKey({crypto::KeyType::kEcP256})->release();
  return key;
}

CertificateFacts CaFacts() {
  CertificateFacts ca;
  ca.serial = "\x01";
  ca.subject = *x509::EncodeName({{"CN", "CA"}});
  ca.issuer = ca.subject;
  ca.not_before = kNow - absl::Hours(1);
  ca.not_after = kNow + absl::Hours(24 * 30);
  ca.public_key = base::ToString(CaKey().public_key().spki());
  ca.extensions.is_ca = true;
  ca.extensions.key_usage = x509::kKeyCertSign | x509::kCrlSign;
  return ca;
}

CertificateFacts DelegateFacts() {
  CertificateFacts delegate = CaFacts();
  delegate.serial = "\x02";
  delegate.subject = *x509::EncodeName({{"CN", "OCSP"}});
  delegate.not_after = kNow + absl::Hours(24 * 9);
  delegate.public_key = base::ToString(DelegateKey().public_key().spki());
  delegate.extensions = {};
  delegate.extensions.key_usage = x509::kDigitalSignature;
  delegate.extensions.extended_key_usage = {x509::kOcspSigning};
  delegate.extensions.ocsp_no_check = true;
  return delegate;
}

// A response as a block's template makes it, which passes; to be changed after
// it was read.
struct Subject {
  explicit Subject(block::CertIdForm form = block::CertIdForm::kDual,
                   block::RecordStatus status = block::RecordStatus::kRevoked,
                   const CertificateFacts& delegate_facts = DelegateFacts())
      : ca(Parsed(CaFacts())), delegate(Parsed(delegate_facts)) {
    const auto shape = block::OcspTemplate::Create(
        form, base::AsBytes(ca.facts().subject), ca.public_key(),
        DelegateKey().public_key(), DelegateKey().algorithm(),
        {delegate.der()});
    const block::RecordFacts facts{.serial = base::AsBytes(kSerial),
                                   .status = status,
                                   .revocation_time = kNow - absl::Hours(1),
                                   .reason = 1,
                                   .this_update = kNow,
                                   .next_update = kNow + absl::Hours(24)};
    std::string tbs;
    shape->BuildTbs(facts, tbs);
    const std::string signature = *DelegateKey().Sign(base::AsBytes(tbs));
    const std::string compact = *shape->Compact(base::AsBytes(signature));
    shape->Rebuild(facts, base::AsBytes(compact), der);
    response = *x509::ParseOcspResponse(base::AsBytes(der));
  }

  static x509::Certificate Parsed(const CertificateFacts& facts) {
    const std::string certificate = *x509::SignCertificate(facts, CaKey());
    return *x509::Certificate::Parse(base::AsBytes(certificate));
  }

  // In each SingleResponse.
  void Change(const std::function<void(SingleResponse&)>& change) {
    for (SingleResponse& single : response.responses) change(single);
  }

  absl::Status Lint() const {
    return LintOcspResponse(
        response, {.issuer = ca, .signer = delegate, .now = now, .br = br});
  }

  inline static const std::string kSerial = "\x01\x02\x03";
  inline static const std::string kSerial21 = std::string(21, '\x01');

  x509::Certificate ca;
  x509::Certificate delegate;
  std::string der;
  x509::OcspResponse response;
  absl::Time now = kNow;
  bool br = true;
};

struct Case {
  const char* lint;
  std::function<void(Subject&)> break_it;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"successful",
       [](Subject& s) {
         s.response.status = x509::OcspResponseStatus::kTryLater;
       }},
      {"by_key",
       [](Subject& s) {
         s.response.responder_key_hash.reset();
         s.response.responder_name = base::AsBytes(s.delegate.facts().subject);
       }},
      {"by_key",
       [](Subject& s) {
         s.response.responder_key_hash = base::AsBytes(Subject::kSerial);
       }},
      {"delegate", [](Subject& s) { s.response.certificates.clear(); }},
      {"signature", [](Subject& s) { s.response.tbs = s.response.signature; }},
      {"signature",
       [](Subject& s) {
         s.now = s.delegate.facts().not_after + absl::Hours(1);
       }},
      {"has_response", [](Subject& s) { s.response.responses.clear(); }},
      {"one_certificate",
       [](Subject& s) {
         s.response.responses.back().status = SingleResponse::Status::kGood;
       }},
      {"one_certificate",
       [](Subject& s) {
         s.response.responses.back().cert_id.serial =
             base::AsBytes(Subject::kSerial21);
       }},
      {"cert_id",
       [](Subject& s) {
         s.Change([](SingleResponse& r) { r.cert_id.key_hash = {}; });
       }},
      {"cert_id",
       [](Subject& s) {
         s.Change([](SingleResponse& r) { r.cert_id.name_hash = {}; });
       }},
      {"cert_id",
       [](Subject& s) {
         s.Change([](SingleResponse& r) {
           r.cert_id.hash = x509::CertIdHash::kOther;
         });
       }},
      {"serial",
       [](Subject& s) {
         s.Change([](SingleResponse& r) {
           r.cert_id.serial = base::AsBytes(Subject::kSerial21);
         });
       }},
      {"serial",
       [](Subject& s) {
         s.Change([](SingleResponse& r) { r.cert_id.serial = {}; });
       }},
      {"status_known",
       [](Subject& s) {
         s.Change([](SingleResponse& r) {
           r.status = SingleResponse::Status::kUnknown;
         });
       }},
      {"produced_at",
       [](Subject& s) { s.response.produced_at = kNow + absl::Seconds(1); }},
      {"this_update",
       [](Subject& s) { s.response.produced_at = kNow - absl::Seconds(1); }},
      {"next_update",
       [](Subject& s) {
         s.Change([](SingleResponse& r) { r.next_update.reset(); });
       }},
      {"next_update",
       [](Subject& s) {
         s.Change([](SingleResponse& r) { r.next_update = r.this_update; });
       }},
      {"next_update_within_signer",
       [](Subject& s) {
         s.Change([](SingleResponse& r) {
           r.next_update = kNow + absl::Hours(24 * 9) + absl::Seconds(1);
         });
       }},
      {"revocation_time",
       [](Subject& s) {
         s.Change([](SingleResponse& r) {
           r.revocation_time = kNow + absl::Seconds(1);
         });
       }},
      {"reason",
       [](Subject& s) { s.Change([](SingleResponse& r) { r.reason = 0; }); }},
      {"reason",
       [](Subject& s) { s.Change([](SingleResponse& r) { r.reason = 7; }); }},
      {"reason",
       [](Subject& s) { s.Change([](SingleResponse& r) { r.reason = 8; }); }},
      {"br_validity",
       [](Subject& s) {
         s.Change([](SingleResponse& r) {
           r.next_update = r.this_update + absl::Hours(8) - absl::Seconds(2);
         });
       }},
      {"br_validity",
       [](Subject& s) {
         s.Change([](SingleResponse& r) {
           r.this_update = r.revocation_time = kNow - absl::Hours(48);
           r.next_update = r.this_update + absl::Hours(240);
         });
       }},
      {"br_reason",
       [](Subject& s) { s.Change([](SingleResponse& r) { r.reason = 6; }); }},
      {"br_reason",
       [](Subject& s) { s.Change([](SingleResponse& r) { r.reason = 10; }); }},
  };
  return cases;
}

TEST(OcspLintsTest, EveryTemplateAndStatusFormPasses) {
  for (const auto form : {block::CertIdForm::kSha1, block::CertIdForm::kSha256,
                          block::CertIdForm::kDual}) {
    for (const auto status :
         {block::RecordStatus::kGood, block::RecordStatus::kRevoked}) {
      EXPECT_THAT(Subject(form, status).Lint(), IsOk());
    }
  }
}

TEST(OcspLintsTest, EachLintFindsItsMistake) {
  for (const Case& c : Cases()) {
    Subject subject;
    c.break_it(subject);
    EXPECT_THAT(subject.Lint(), StatusIs(absl::StatusCode::kInternal,
                                         absl::StrCat("lint ", c.lint, " (")));
  }
}

TEST(OcspLintsTest, ADelegateHasOcspSigningAloneAndNoCheck) {
  const auto lint = [](const CertificateFacts& delegate) {
    return Subject(block::CertIdForm::kSha1, block::RecordStatus::kGood,
                   delegate)
        .Lint();
  };
  EXPECT_THAT(lint(DelegateFacts()), IsOk());
  CertificateFacts changed = DelegateFacts();
  changed.extensions.ocsp_no_check = false;
  EXPECT_THAT(lint(changed),
              StatusIs(absl::StatusCode::kInternal, "lint delegate"));
  changed = DelegateFacts();
  changed.extensions.extended_key_usage.push_back(x509::kServerAuth);
  EXPECT_THAT(lint(changed),
              StatusIs(absl::StatusCode::kInternal, "lint delegate"));
}

TEST(OcspLintsTest, EachLintHasACaseThatFails) {
  std::set<std::string> failing;
  for (const Case& c : Cases()) failing.insert(c.lint);
  for (const OcspLint& lint : OcspLints()) {
    EXPECT_EQ(failing.count(lint.id), 1u) << lint.id;
  }
}

}  // namespace
}  // namespace chancery::policy
