#include "rpc/certificate_file.h"

#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "der/reader.h"

namespace chancery::rpc {
namespace {

using der::Bytes;
using der::Tag;

constexpr Tag kBoolean{0x01};
constexpr Tag kObjectIdentifier{0x06};
constexpr Tag kIssuerUniqueId{0x81};
constexpr Tag kSubjectUniqueId{0x82};

// GeneralName ::= CHOICE { ... uniformResourceIdentifier [6] IA5String ... }
constexpr Tag kUri{0x86};
constexpr std::array kOtherNames = {Tag{0xa0}, Tag{0x81}, Tag{0x82}, Tag{0xa3},
                                    Tag{0xa4}, Tag{0xa5}, Tag{0x87}, Tag{0x88}};

// id-ce-subjectAltName, 2.5.29.17.
constexpr std::array<uint8_t, 3> kSubjectAltName = {0x55, 0x1d, 0x11};

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(what, " is malformed"));
}

// GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName
bool ReadUris(Bytes general_names, std::vector<std::string>& uris) {
  der::Reader in(general_names), names;
  if (!in.ReadSequence(names) || !in.AtEnd()) return false;
  while (!names.AtEnd()) {
    Bytes uri;
    if (names.Read(kUri, uri)) {
      uris.push_back(base::ToString(uri));
      continue;
    }
    bool skipped = false;
    for (const Tag other : kOtherNames) {
      Bytes ignored;
      skipped = skipped || names.Read(other, ignored);
    }
    if (!skipped) return false;
  }
  return true;
}

// Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension
bool ReadExtensions(Bytes extensions, std::vector<std::string>& uris) {
  der::Reader in(extensions), all;
  if (!in.ReadSequence(all) || !in.AtEnd()) return false;
  while (!all.AtEnd()) {
    // Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }
    der::Reader extension;
    Bytes id, value;
    std::optional<Bytes> critical;
    if (!all.ReadSequence(extension) ||
        !extension.Read(kObjectIdentifier, id) ||
        !extension.ReadOptional(kBoolean, critical) ||
        !extension.Read(Tag::kOctetString, value) || !extension.AtEnd()) {
      return false;
    }
    if (base::Equal(id, kSubjectAltName) && !ReadUris(value, uris)) {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParsePemCertificates(
    absl::string_view pem) {
  constexpr absl::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr absl::string_view kEnd = "-----END CERTIFICATE-----";
  std::vector<std::string> found;
  while (true) {
    const size_t begin = pem.find(kBegin);
    if (begin == absl::string_view::npos) return found;
    pem.remove_prefix(begin + kBegin.size());
    const size_t end = pem.find(kEnd);
    if (end == absl::string_view::npos) return Malformed("CERTIFICATE block");
    std::string base64;
    for (const char c : pem.substr(0, end)) {
      if (!absl::ascii_isspace(c)) base64.push_back(c);
    }
    std::optional<std::string> der = base::FromBase64(base64);
    if (!der.has_value()) return Malformed("CERTIFICATE block");
    found.push_back(*std::move(der));
    pem.remove_prefix(end + kEnd.size());
  }
}

absl::StatusOr<CertificateFacts> ReadCertificate(base::Bytes der) {
  der::Reader in(der), certificate, tbs;
  // Certificate ::= SEQUENCE { tbsCertificate, ... }
  if (!in.ReadSequence(certificate) || !in.AtEnd() ||
      !certificate.ReadSequence(tbs)) {
    return Malformed("Certificate");
  }
  Bytes skipped, spki;
  std::optional<Bytes> optional, extensions;
  // TBSCertificate ::= SEQUENCE {
  if (!tbs.ReadOptional(der::Explicit(0), optional) ||  // version
      !tbs.Read(Tag::kInteger, skipped) ||              // serialNumber
      !tbs.Read(Tag::kSequence, skipped) ||             // signature
      !tbs.Read(Tag::kSequence, skipped) ||             // issuer
      !tbs.Read(Tag::kSequence, skipped) ||             // validity
      !tbs.Read(Tag::kSequence, skipped) ||             // subject
      !tbs.ReadElement(Tag::kSequence, spki) ||
      !tbs.ReadOptional(kIssuerUniqueId, optional) ||
      !tbs.ReadOptional(kSubjectUniqueId, optional) ||
      !tbs.ReadOptional(der::Explicit(3), extensions) || !tbs.AtEnd()) {
    return Malformed("TBSCertificate");
  }
  CertificateFacts facts;
  facts.spki = base::ToString(spki);
  if (extensions.has_value() && !ReadExtensions(*extensions, facts.uris)) {
    return Malformed("TBSCertificate.extensions");
  }
  return facts;
}

}  // namespace chancery::rpc
