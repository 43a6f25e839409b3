#include "signer/order_verifier.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "rpc/identity.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/extensions.h"
#include "x509/certificate/pem.h"
#include "x509/crl/reason.h"

namespace chancery::signer {
namespace {

absl::Status Denied(absl::string_view what) {
  return absl::PermissionDeniedError(absl::StrCat("order: ", what));
}

std::string Text(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::StatusOr<x509::Certificate> ReadServiceCa(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(path));
  ASSIGN_OR_RETURN(const auto certificates,
                   x509::DecodePem("CERTIFICATE", pem));
  if (certificates.size() != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": holds ", certificates.size(),
                     " certificates: must be the one service CA"));
  }
  return x509::Certificate::Parse(base::AsBytes(certificates.front()));
}

// Whose certificate it is, if it is an identity now.
absl::StatusOr<rpc::Identity> IdentityOf(const x509::Certificate& certificate,
                                         const x509::Certificate& service_ca,
                                         absl::Time now) {
  if (const auto issued = x509::CheckIssuedBy(certificate, service_ca);
      !issued.ok()) {
    return Denied(
        absl::StrCat("certificate: not of the service CA: ", issued.message()));
  }
  const x509::CertificateFacts& facts = certificate.facts();
  if (now < facts.not_before || now >= facts.not_after) {
    return Denied(absl::StrCat("certificate: valid from ",
                               Text(facts.not_before), " to ",
                               Text(facts.not_after), ", not at ", Text(now)));
  }
  const x509::Extensions& extensions = facts.extensions;
  if (!certificate.unknown_critical().empty()) {
    return Denied(absl::StrCat("certificate: critical extension ",
                               certificate.unknown_critical(),
                               " is not known"));
  }
  if (extensions.is_ca.value_or(false)) {
    return Denied("certificate: a CA's, not an identity's");
  }
  if (extensions.key_usage.has_value() &&
      (*extensions.key_usage & x509::kDigitalSignature) == 0) {
    return Denied("certificate: its key may not sign (key usage)");
  }
  std::vector<std::string> uris;
  for (const x509::AltName& name : extensions.alt_names) {
    if (name.kind == x509::AltNameKind::kUri) uris.push_back(name.value);
  }
  auto identity = rpc::IdentityFromUris(uris);
  if (identity.ok()) return identity;
  return Denied(absl::StrCat("certificate: ", identity.status().message()));
}

absl::Status Differs(absl::string_view field, const std::string& ordered,
                     const std::string& asked) {
  return absl::InvalidArgumentError(absl::StrCat(
      "order: ", field, ": is for ", ordered, ", the request for ", asked));
}

std::string DateText(std::optional<absl::Time> date) {
  return date.has_value() ? Text(*date) : "now";
}

}  // namespace

absl::StatusOr<TrustedOrder> OrderVerifier::Verify(const std::string& file,
                                                   const Asker& asker) const {
  ASSIGN_OR_RETURN(const ledger::SignedOrder parsed,
                   ledger::ParseSignedOrder(base::AsBytes(file)));
  TrustedOrder out{.order = {}, .signer_uri = {}, .file = file};
  ASSIGN_OR_RETURN(out.order, ledger::OpenOrder(parsed));
  ASSIGN_OR_RETURN(const x509::Certificate certificate,
                   x509::Certificate::Parse(base::AsBytes(parsed.certificate)));
  const auto service_ca = ReadServiceCa(trust_file_);
  if (!service_ca.ok()) {
    // Why names our files: that is for our log.
    return absl::InternalError(
        absl::StrCat("order: ", service_ca.status().message()));
  }
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const rpc::Identity identity,
                   IdentityOf(certificate, *service_ca, now));
  if (const auto allowed = roles_.Check(identity, rpc::Role::kApprove);
      !allowed.ok()) {
    return Denied(allowed.message());
  }
  // "A second identity": neither who calls nor for whom.
  if (identity.uri == asker.caller_uri || identity.uri == asker.requester) {
    return Denied(absl::StrCat("signed by ", identity.uri,
                               ", who asks for it: a second identity must"));
  }
  if (now >= out.order.expires) {
    return absl::FailedPreconditionError(
        absl::StrCat("order: expired at ", Text(out.order.expires)));
  }
  out.signer_uri = identity.uri;
  return out;
}

absl::Status CheckOrderFits(const ledger::RevocationOrder& order,
                            const RevokeManyRequest& request,
                            const std::vector<std::string>& serials) {
  if (order.issuer != request.issuer) {
    return Differs("issuer", absl::StrCat("\"", order.issuer, "\""),
                   absl::StrCat("\"", request.issuer, "\""));
  }
  if (order.reason != request.reason) {
    return Differs("reason", x509::CrlReasonText(order.reason),
                   x509::CrlReasonText(request.reason));
  }
  if (order.revoked_at != request.revoked_at) {
    return Differs("date", DateText(order.revoked_at),
                   DateText(request.revoked_at));
  }
  if (order.serial_count != serials.size()) {
    return Differs("count", absl::StrCat(order.serial_count, " serials"),
                   absl::StrCat(serials.size()));
  }
  const std::string hash = ledger::SerialsSha256(serials);
  if (order.serials_sha256 != hash) {
    return Differs("serials",
                   absl::StrCat("the list with SHA-256 ",
                                base::Hex(base::AsBytes(order.serials_sha256))),
                   base::Hex(base::AsBytes(hash)));
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
