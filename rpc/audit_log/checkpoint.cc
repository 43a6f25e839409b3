#include "rpc/audit_log/checkpoint.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "crypto/algorithm_of_key.h"
#include "crypto/public_key.h"
#include "crypto/software_key.h"
#include "rpc/identity.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/extensions.h"
#include "x509/certificate/pem.h"

namespace chancery::rpc {
namespace {

constexpr char kContext[] = "chancery/audit-log/v1";
constexpr size_t kSpaces = 64;

std::string SignedBytes(const AuditLine& line) {
  std::string out(kSpaces, ' ');
  out.append(kContext, sizeof kContext);  // With its zero.
  absl::StrAppend(&out, line.service, "\n", line.sequence, "\n",
                  base::Hex(base::AsBytes(line.previous)), "\n",
                  absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", line.record.time,
                                   absl::UTCTimeZone()),
                  "\n");
  return out;
}

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("checkpoint: ", what));
}

absl::Status CheckIssued(const x509::Certificate& certificate,
                         absl::string_view service_ca, absl::Time when) {
  const auto ca = x509::Certificate::Parse(base::AsBytes(service_ca));
  if (!ca.ok()) return ca.status();
  const absl::Status issued = x509::CheckIssuedBy(certificate, *ca);
  if (!issued.ok()) {
    return Wrong(absl::StrCat("its certificate is not of the service CA: ",
                              issued.message()));
  }
  const x509::CertificateFacts& facts = certificate.facts();
  if (when < facts.not_before || when >= facts.not_after) {
    return Wrong("its certificate was not valid then");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckpointKey> LoadCheckpointKey(
    const config::TlsIdentity& identity) {
  ASSIGN_OR_RETURN(const std::string pem,
                   base::ReadFile(identity.certificate_file()));
  ASSIGN_OR_RETURN(std::vector<std::string> certificates,
                   x509::DecodePem("CERTIFICATE", pem));
  if (certificates.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        identity.certificate_file(), ": holds no PEM certificate"));
  }
  CheckpointKey out;
  out.certificate = std::move(certificates.front());
  ASSIGN_OR_RETURN(out.key,
                   crypto::LoadSoftwareKey(identity.key_file(), nullptr));
  return out;
}

absl::Status SignCheckpoint(const CheckpointKey& key, AuditLine& line) {
  line.record.certificate = key.certificate;
  const std::string message = SignedBytes(line);
  ASSIGN_OR_RETURN(line.record.signature,
                   key.key->Sign(base::AsBytes(message)));
  return absl::OkStatus();
}

absl::Status CheckCheckpoint(const AuditLine& line,
                             absl::string_view service_ca) {
  const auto certificate =
      x509::Certificate::Parse(base::AsBytes(line.record.certificate));
  if (!certificate.ok()) return Wrong(certificate.status().message());
  std::vector<std::string> uris;
  for (const x509::AltName& name : certificate->facts().extensions.alt_names) {
    if (name.kind == x509::AltNameKind::kUri) uris.push_back(name.value);
  }
  const auto identity = IdentityFromUris(uris);
  if (!identity.ok()) return Wrong(identity.status().message());
  if (identity->uri != line.service) {
    return Wrong(absl::StrCat("its certificate is of ", identity->uri,
                              ", not of ", line.service));
  }
  if (!service_ca.empty()) {
    RETURN_IF_ERROR(CheckIssued(*certificate, service_ca, line.record.time));
  }
  const crypto::PublicKey& key = certificate->public_key();
  const std::string message = SignedBytes(line);
  if (!key.Verify(crypto::AlgorithmOf(key), base::AsBytes(message),
                  base::AsBytes(line.record.signature))
           .ok()) {
    return Wrong("its signature does not verify");
  }
  return absl::OkStatus();
}

}  // namespace chancery::rpc
