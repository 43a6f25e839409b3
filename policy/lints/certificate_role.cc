#include "policy/lints/certificate_role.h"

#include "policy/lints/oids.h"

namespace chancery::policy::lints {

bool IsRoot(const CertificateView& c) { return c.IsCa() && c.IsSelfIssued(); }

bool IsSubordinate(const CertificateView& c) {
  return c.IsCa() && !c.IsSelfIssued();
}

bool IsServerCa(const CertificateView& c) {
  return IsSubordinate(c) && c.HasUsage(oid::kServerAuth);
}

bool IsResponder(const CertificateView& c) {
  return !c.IsCa() && c.HasUsage(oid::kOcspSigning);
}

bool IsServer(const CertificateView& c) {
  return !c.IsCa() && !IsResponder(c) &&
         (!c.extended_key_usage.has_value() || c.HasUsage(oid::kServerAuth) ||
          c.HasUsage(oid::kAnyUsage));
}

bool IsReservedPolicy(absl::string_view oid) {
  return oid == "2.23.140.1.2.1" || oid == "2.23.140.1.2.2" ||
         oid == "2.23.140.1.2.3" || oid == "2.23.140.1.1";
}

}  // namespace chancery::policy::lints
