#include "tools/chancery/certificate_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"
#include "der/reader.h"
#include "rpc/certificate_file.h"

namespace chancery::cli {
namespace {

using base::Bytes;
using base::ToString;
using der::Tag;

constexpr size_t kMaxFileBytes = 1 << 20;

// id-ce-extKeyUsage, 2.5.29.37.
constexpr std::array<uint8_t, 3> kExtKeyUsage = {0x55, 0x1d, 0x25};

// ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId
bool ReadExtKeyUsage(Bytes value, std::vector<std::string>& oids) {
  der::Reader in(value), purposes;
  if (!in.ReadSequence(purposes) || !in.AtEnd()) return false;
  while (!purposes.AtEnd()) {
    Bytes oid;
    if (!purposes.ReadOid(oid)) return false;
    oids.push_back(ToString(oid));
  }
  return true;
}

// extensions [3] EXPLICIT Extensions OPTIONAL, at the end of TBSCertificate.
bool ReadExtensions(der::Reader& tbs, CertificateFile& out) {
  if (tbs.AtEnd()) return true;
  der::Reader wrapped, all;
  if (!tbs.ReadNested(der::Explicit(3), wrapped) || !tbs.AtEnd() ||
      !wrapped.ReadSequence(all) || !wrapped.AtEnd()) {
    return false;
  }
  while (!all.AtEnd()) {
    // Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }
    der::Reader extension;
    Bytes id, value;
    bool critical = false;
    if (!all.ReadSequence(extension) || !extension.ReadOid(id) ||
        !extension.ReadDefaultFalse(critical) ||
        !extension.Read(Tag::kOctetString, value) || !extension.AtEnd()) {
      return false;
    }
    if (base::Equal(id, kExtKeyUsage) &&
        !ReadExtKeyUsage(value, out.extended_key_usage)) {
      return false;
    }
  }
  return true;
}

// TBSCertificate, RFC 5280 section 4.1.
bool ReadTbs(der::Reader tbs, CertificateFile& out) {
  std::optional<Bytes> version, issuer_id, subject_id;
  Bytes serial, algorithm, issuer, subject, spki;
  der::Reader validity;
  if (!tbs.ReadOptional(der::Explicit(0), version) ||
      !tbs.ReadUnsigned(serial) ||
      !tbs.ReadElement(Tag::kSequence, algorithm) ||
      !tbs.ReadElement(Tag::kSequence, issuer) || !tbs.ReadSequence(validity) ||
      !validity.ReadTime(out.not_before) || !validity.ReadTime(out.not_after) ||
      !validity.AtEnd() || !tbs.ReadElement(Tag::kSequence, subject) ||
      !tbs.ReadElement(Tag::kSequence, spki) ||
      !tbs.ReadOptional(der::Implicit(1), issuer_id) ||
      !tbs.ReadOptional(der::Implicit(2), subject_id)) {
    return false;
  }
  out.serial = ToString(serial);
  out.issuer = ToString(issuer);
  out.subject = ToString(subject);
  out.spki = ToString(spki);
  return ReadExtensions(tbs, out);
}

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

}  // namespace

absl::StatusOr<CertificateFile> ParseCertificateFile(Bytes der) {
  der::Reader in(der), certificate, tbs;
  Bytes tbs_element, algorithm, signature;
  CertificateFile out;
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }
  bool ok = in.ReadSequence(certificate) && in.AtEnd() &&
            certificate.ReadElement(Tag::kSequence, tbs_element) &&
            certificate.ReadElement(Tag::kSequence, algorithm) &&
            certificate.ReadBitString(signature) && certificate.AtEnd();
  if (ok) {
    der::Reader element(tbs_element);
    ok = element.ReadSequence(tbs) && ReadTbs(tbs, out);
  }
  if (!ok) return absl::InvalidArgumentError("is not a certificate");
  out.der = ToString(der);
  out.tbs = ToString(tbs_element);
  out.algorithm = ToString(algorithm);
  out.signature = ToString(signature);
  return out;
}

absl::Status CheckSignature(const CertificateFile& certificate,
                            const CertificateFile& issuer) {
  ASSIGN_OR_RETURN(const crypto::PublicKey key,
                   crypto::PublicKey::FromSpki(base::AsBytes(issuer.spki)));
  ASSIGN_OR_RETURN(
      const crypto::SignatureAlgorithm algorithm,
      crypto::ParseSignatureAlgorithm(base::AsBytes(certificate.algorithm)));
  return key.Verify(algorithm, base::AsBytes(certificate.tbs),
                    base::AsBytes(certificate.signature));
}

absl::StatusOr<CertificateFile> LoadCertificateFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content,
                   base::ReadFile(path, kMaxFileBytes));
  std::string der = content;
  if (absl::StrContains(content, "-----BEGIN")) {
    const auto pem = rpc::ParsePemCertificates(content);
    if (!pem.ok()) return InFile(path, pem.status());
    if (pem->empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": holds no PEM certificate"));
    }
    der = pem->front();
  }
  auto parsed = ParseCertificateFile(base::AsBytes(der));
  if (!parsed.ok()) return InFile(path, parsed.status());
  return parsed;
}

absl::StatusOr<CertificateFile> FindIssuerFile(const std::string& folder,
                                               const std::string& name) {
  std::error_code error;
  std::vector<std::string> paths;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".pem") paths.push_back(it->path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    // Some of them are keys.
    auto candidate = LoadCertificateFile(path);
    if (candidate.ok() && candidate->subject == name) return candidate;
  }
  return absl::NotFoundError(
      absl::StrCat(folder,
                   " has no certificate of its issuer: name that with "
                   "--issuer-cert FILE"));
}

std::string CertificatePem(Bytes der) { return Pem("CERTIFICATE", der); }

std::string Pem(const std::string& label, Bytes der) {
  const std::string base64 = base::Base64(der);
  std::string out = absl::StrCat("-----BEGIN ", label, "-----\n");
  for (size_t i = 0; i < base64.size(); i += 64) {
    absl::StrAppend(&out, base64.substr(i, 64), "\n");
  }
  absl::StrAppend(&out, "-----END ", label, "-----\n");
  return out;
}

}  // namespace chancery::cli
