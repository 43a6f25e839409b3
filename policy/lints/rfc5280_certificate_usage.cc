#include "absl/strings/str_cat.h"
#include "policy/lints/certificate_rules.h"
#include "policy/lints/check.h"
#include "policy/lints/oids.h"
#include "policy/lints/usage_bits.h"

namespace chancery::policy::lints {
namespace {

using C = CertificateView;
using enum Severity;

}  // namespace

CertificateRules Rfc5280CertificateUsage() {
  return {
      {{"rfc5280_cert_authority_key_id_present", "RFC 5280 section 4.2.1.1",
        kError,
        "authorityKeyIdentifier has a keyIdentifier, in all but self-signed "
        "certificates"},
       [](const C& c) {
         return Unless(
             c.IsSelfIssued() || (c.Find(oid::kAuthorityKeyId) != nullptr &&
                                  (!c.authority_key_id.has_value() ||
                                   c.authority_key_id->key.has_value())),
             "it has no keyIdentifier");
       }},
      {{"rfc5280_cert_authority_key_id_not_critical",
        "RFC 5280 section 4.2.1.1", kError,
        "authorityKeyIdentifier is not critical"},
       [](const C& c) { return MustNotBeCritical(c, oid::kAuthorityKeyId); }},
      {{"rfc5280_cert_authority_key_id_pair", "RFC 5280 appendix A.2", kError,
        "authorityCertIssuer and authorityCertSerialNumber come together"},
       [](const C& c) {
         return Unless(!c.authority_key_id.has_value() ||
                           c.authority_key_id->has_issuer ==
                               c.authority_key_id->has_serial,
                       "it has one without the other");
       }},
      {{"rfc5280_cert_subject_key_id_of_ca", "RFC 5280 section 4.2.1.2", kError,
        "a CA has a subjectKeyIdentifier"},
       [](const C& c) {
         return Unless(!c.IsCa() || c.Find(oid::kSubjectKeyId) != nullptr,
                       "it has none");
       }},
      {{"rfc5280_cert_subject_key_id_of_leaf", "RFC 5280 section 4.2.1.2",
        kWarning, "an end entity has a subjectKeyIdentifier"},
       [](const C& c) {
         return Unless(c.IsCa() || c.Find(oid::kSubjectKeyId) != nullptr,
                       "it has none");
       }},
      {{"rfc5280_cert_subject_key_id_not_critical", "RFC 5280 section 4.2.1.2",
        kError, "subjectKeyIdentifier is not critical"},
       [](const C& c) { return MustNotBeCritical(c, oid::kSubjectKeyId); }},
      {{"rfc5280_cert_key_usage_of_ca", "RFC 5280 section 4.2.1.3", kError,
        "a CA has a keyUsage"},
       [](const C& c) {
         return Unless(!c.IsCa() || c.Find(oid::kKeyUsage) != nullptr,
                       "it has none");
       }},
      {{"rfc5280_cert_key_usage_critical", "RFC 5280 section 4.2.1.3", kWarning,
        "keyUsage is critical"},
       [](const C& c) { return MustBeCritical(c, oid::kKeyUsage); }},
      {{"rfc5280_cert_key_usage_not_zero", "RFC 5280 section 4.2.1.3", kError,
        "keyUsage sets at least one bit"},
       [](const C& c) {
         return Unless(c.key_usage.value_or(1) != 0, "no bit is set");
       }},
      {{"rfc5280_cert_key_cert_sign_of_ca", "RFC 5280 section 4.2.1.3", kError,
        "only a CA has keyCertSign"},
       [](const C& c) {
         return Unless(
             (c.key_usage.value_or(0) & usage::kKeyCertSign) == 0 || c.IsCa(),
             "keyUsage has keyCertSign, basicConstraints not cA");
       }},
      {{"rfc5280_cert_only_bits_need_key_agreement", "RFC 5280 section 4.2.1.3",
        kWarning,
        "encipherOnly and decipherOnly are set only beside keyAgreement"},
       [](const C& c) {
         const uint32_t bits = c.key_usage.value_or(0);
         return Unless((bits & usage::kOnlyBits) == 0 ||
                           (bits & usage::kKeyAgreement) != 0,
                       "keyUsage is ", usage::Text(bits));
       }},
      {{"rfc5280_cert_basic_constraints_critical", "RFC 5280 section 4.2.1.9",
        kError, "basicConstraints of a CA is critical"},
       [](const C& c) {
         return c.IsCa() ? MustBeCritical(c, oid::kBasicConstraints)
                         : std::string();
       }},
      {{"rfc5280_cert_path_length_of_ca", "RFC 5280 section 4.2.1.9", kError,
        "only a CA that signs certificates has a pathLenConstraint"},
       [](const C& c) {
         const bool signs =
             c.IsCa() && (c.key_usage.value_or(usage::kKeyCertSign) &
                          usage::kKeyCertSign) != 0;
         return Unless(!c.basic_constraints.has_value() ||
                           !c.basic_constraints->path_length.has_value() ||
                           signs,
                       "it has one, and not both cA and keyCertSign");
       }},
      {{"rfc5280_cert_path_length_not_negative", "RFC 5280 section 4.2.1.9",
        kError, "pathLenConstraint is at least zero"},
       [](const C& c) {
         if (!c.basic_constraints.has_value() ||
             !c.basic_constraints->path_length.has_value()) {
           return std::string();
         }
         const Bytes length = *c.basic_constraints->path_length;
         return Unless(IsMinimalInteger(length) && length[0] < 0x80, "it is ",
                       ShortHex(length), " in hexadecimal");
       }},
      {{"rfc5280_cert_name_constraints_of_ca", "RFC 5280 section 4.2.1.10",
        kError, "only a CA has nameConstraints"},
       [](const C& c) {
         return Unless(c.IsCa() || c.Find(oid::kNameConstraints) == nullptr,
                       "it has them and is no CA");
       }},
      {{"rfc5280_cert_name_constraints_critical", "RFC 5280 section 4.2.1.10",
        kError, "nameConstraints is critical"},
       [](const C& c) { return MustBeCritical(c, oid::kNameConstraints); }},
      {{"rfc5280_cert_name_constraints_not_empty", "RFC 5280 section 4.2.1.10",
        kError, "nameConstraints permits or excludes something"},
       [](const C& c) {
         return Unless(!c.name_constraints.has_value() ||
                           !c.name_constraints->subtrees.empty(),
                       "it is empty");
       }},
      {{"rfc5280_cert_name_constraints_no_bounds", "RFC 5280 section 4.2.1.10",
        kError, "minimum is zero, which is not encoded; maximum is absent"},
       [](const C& c) {
         if (!c.name_constraints.has_value()) return std::string();
         for (const auto& subtree : c.name_constraints->subtrees) {
           if (subtree.has_bounds) {
             return absl::StrCat("the subtree of ",
                                 Quoted(subtree.base.contents),
                                 " has a minimum or maximum");
           }
         }
         return std::string();
       }},
      {{"rfc5280_cert_policy_constraints_critical", "RFC 5280 section 4.2.1.11",
        kError, "policyConstraints is critical"},
       [](const C& c) { return MustBeCritical(c, oid::kPolicyConstraints); }},
      {{"rfc5280_cert_policy_constraints_not_empty",
        "RFC 5280 section 4.2.1.11", kError,
        "policyConstraints is not an empty sequence"},
       [](const C& c) {
         return Unless(!c.policy_constraints_empty.value_or(false),
                       "it is empty");
       }},
      {{"rfc5280_cert_inhibit_any_policy_critical", "RFC 5280 section 4.2.1.14",
        kError, "inhibitAnyPolicy is critical"},
       [](const C& c) { return MustBeCritical(c, oid::kInhibitAnyPolicy); }},
      {{"rfc5280_cert_extended_key_usage_not_empty",
        "RFC 5280 section 4.2.1.12", kError,
        "extKeyUsage names at least one purpose"},
       [](const C& c) {
         return Unless(!c.extended_key_usage.has_value() ||
                           !c.extended_key_usage->empty(),
                       "it is empty");
       }},
      {{"rfc5280_cert_any_usage_not_critical", "RFC 5280 section 4.2.1.12",
        kWarning, "extKeyUsage with anyExtendedKeyUsage is not critical"},
       [](const C& c) {
         return c.HasUsage(oid::kAnyUsage)
                    ? MustNotBeCritical(c, oid::kExtendedKeyUsage)
                    : std::string();
       }},
      {{"rfc5280_cert_server_auth_key_usage", "RFC 5280 section 4.2.1.12",
        kWarning,
        "the keyUsage of a TLS server has digitalSignature, keyEncipherment or "
        "keyAgreement"},
       [](const C& c) {
         constexpr uint32_t kFits = usage::kDigitalSignature |
                                    usage::kKeyEncipherment |
                                    usage::kKeyAgreement;
         return Unless(!c.HasUsage(oid::kServerAuth) || c.IsCa() ||
                           (c.key_usage.value_or(kFits) & kFits) != 0,
                       "keyUsage is ", usage::Text(c.key_usage.value_or(0)));
       }},
  };
}

CertificateRules Rfc8813Certificate() {
  return {
      {{"rfc8813_cert_ec_key_usage", "RFC 8813 section 3", kError,
        "an elliptic curve key has neither keyEncipherment nor "
        "dataEncipherment"},
       [](const C& c) {
         const uint32_t bits = c.key_usage.value_or(0);
         return Unless(c.key.algorithm_oid != oid::kEc ||
                           (bits & (usage::kKeyEncipherment |
                                    usage::kDataEncipherment)) == 0,
                       "keyUsage is ", usage::Text(bits));
       }},
  };
}

}  // namespace chancery::policy::lints
