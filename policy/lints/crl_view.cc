#include "policy/lints/crl_view.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "policy/lints/oids.h"

namespace chancery::policy::lints {
namespace {

using der::Reader;
using der::Tag;

bool ReadEntry(Reader& in, CrlEntryView& entry) {
  Reader fields, all;
  // SEQUENCE {
  //   userCertificate     CertificateSerialNumber,
  //   revocationDate      Time,
  //   crlEntryExtensions  Extensions OPTIONAL }
  if (!in.ReadSequence(fields) || !fields.Read(Tag::kInteger, entry.serial) ||
      !ReadTimeField(fields, entry.date)) {
    return false;
  }
  entry.has_extensions = !fields.AtEnd();
  if (!entry.has_extensions) return true;
  if (!fields.ReadSequence(all) || !fields.AtEnd() ||
      !ReadExtensions(all.rest(), entry.extensions)) {
    return false;
  }
  const Extension* code = FindExtension(entry.extensions, oid::kReasonCode);
  if (code != nullptr) {
    Reader value(code->value);
    uint8_t reason = 0;
    if (value.ReadEnumerated(reason) && value.AtEnd()) entry.reason = reason;
  }
  return true;
}

bool Read(Bytes value, AuthorityKeyId& out) {
  const auto read = ReadAuthorityKeyId(value);
  if (read.has_value()) out = *read;
  return read.has_value();
}

bool Read(Bytes value, Bytes& integer) {
  Reader in(value);
  return in.Read(Tag::kInteger, integer) && in.AtEnd() &&
         IsMinimalInteger(integer);
}

// [n] IMPLICIT BOOLEAN DEFAULT FALSE, so that only TRUE is encoded.
bool ReadFlag(Reader& in, uint8_t number, bool& flag) {
  std::optional<Bytes> contents;
  if (!in.ReadOptional(der::Implicit(number), contents)) return false;
  flag = contents.has_value();
  return !flag || (contents->size() == 1 && (*contents)[0] == 0xff);
}

bool Read(Bytes value, IssuingDistributionPoint& out) {
  Reader in(value), fields;
  std::optional<Bytes> name, reasons;
  // IssuingDistributionPoint ::= SEQUENCE {
  //   distributionPoint          [0] DistributionPointName OPTIONAL,
  //   onlyContainsUserCerts      [1] BOOLEAN DEFAULT FALSE,
  //   onlyContainsCACerts        [2] BOOLEAN DEFAULT FALSE,
  //   onlySomeReasons            [3] ReasonFlags OPTIONAL,
  //   indirectCRL                [4] BOOLEAN DEFAULT FALSE,
  //   onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
  if (!in.ReadSequence(fields) || !in.AtEnd()) return false;
  out.empty = fields.AtEnd();
  if (!fields.ReadOptional(der::Explicit(0), name) ||
      !ReadFlag(fields, 1, out.only_users) ||
      !ReadFlag(fields, 2, out.only_cas) ||
      !fields.ReadOptional(der::Implicit(3), reasons) ||
      !ReadFlag(fields, 4, out.indirect) ||
      !ReadFlag(fields, 5, out.only_attributes) || !fields.AtEnd()) {
    return false;
  }
  out.has_reasons = reasons.has_value();
  return !name.has_value() || ReadPointName(*name, out.name.emplace());
}

template <typename T>
void Take(CrlView& view, const char* oid, std::optional<T>& out) {
  const Extension* extension = view.Find(oid);
  if (extension == nullptr) return;
  T value{};
  if (Read(extension->value, value)) {
    out = std::move(value);
  } else {
    view.malformed.push_back(oid);
  }
}

bool IsTime(std::optional<Tag> tag) {
  return tag == Tag::kUtcTime || tag == Tag::kGeneralizedTime;
}

absl::Status CheckEntries(Bytes entries) {
  Reader in(entries);
  while (!in.AtEnd()) {
    CrlEntryView entry;
    if (!ReadEntry(in, entry)) return Malformed("revokedCertificates");
  }
  return absl::OkStatus();
}

absl::Status ReadTbs(Reader tbs, CrlView& view) {
  // version              Version OPTIONAL,
  view.has_version = tbs.PeekTag() == Tag::kInteger;
  if (view.has_version && !tbs.ReadInt64(view.version)) {
    return Malformed("version");
  }
  // signature            AlgorithmIdentifier,
  if (!tbs.ReadElement(Tag::kSequence, view.inner_algorithm)) {
    return Malformed("signature");
  }
  // issuer               Name,
  if (!tbs.ReadElement(Tag::kSequence, view.issuer) ||
      !ReadName(view.issuer, view.issuer_name)) {
    return Malformed("issuer");
  }
  // thisUpdate           Time,
  if (!ReadTimeField(tbs, view.this_update)) return Malformed("thisUpdate");
  // nextUpdate           Time OPTIONAL,
  if (IsTime(tbs.PeekTag()) &&
      !ReadTimeField(tbs, view.next_update.emplace())) {
    return Malformed("nextUpdate");
  }
  // revokedCertificates  SEQUENCE OF SEQUENCE { ... } OPTIONAL,
  std::optional<Bytes> entries, extensions;
  if (!tbs.ReadOptional(Tag::kSequence, entries)) {
    return Malformed("revokedCertificates");
  }
  view.has_entries = entries.has_value();
  if (view.has_entries) view.entries = *entries;
  if (const auto framed = CheckEntries(view.entries); !framed.ok()) {
    return framed;
  }
  // crlExtensions        [0] EXPLICIT Extensions OPTIONAL
  if (!tbs.ReadOptional(der::Explicit(0), extensions) || !tbs.AtEnd()) {
    return Malformed("tbsCertList");
  }
  view.has_extensions = extensions.has_value();
  if (!view.has_extensions) return absl::OkStatus();
  if (!ReadWrappedExtensions(*extensions, view.extensions)) {
    return Malformed("crlExtensions");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CrlView> ReadCrlView(Bytes der) {
  CrlView view;
  view.der = der;
  Reader in(der), outer, tbs;
  // CertificateList ::= SEQUENCE {
  if (!in.ReadSequence(outer) || !in.AtEnd()) {
    return Malformed("CertificateList");
  }
  //   tbsCertList         TBSCertList,
  if (!outer.ReadSequence(tbs)) return Malformed("tbsCertList");
  if (const absl::Status read = ReadTbs(tbs, view); !read.ok()) return read;
  //   signatureAlgorithm  AlgorithmIdentifier,
  //   signatureValue      BIT STRING }
  if (!outer.ReadElement(Tag::kSequence, view.outer_algorithm)) {
    return Malformed("signatureAlgorithm");
  }
  if (!outer.Read(Tag::kBitString, view.signature) || !outer.AtEnd()) {
    return Malformed("signatureValue");
  }
  Take(view, oid::kAuthorityKeyId, view.authority_key_id);
  Take(view, oid::kCrlNumber, view.number);
  Take(view, oid::kDeltaCrlIndicator, view.base_number);
  Take(view, oid::kIssuingDistributionPoint, view.point);
  return view;
}

std::string EachEntry(
    const CrlView& crl,
    absl::FunctionRef<std::string(const CrlEntryView&)> wrong) {
  Reader in(crl.entries);
  while (!in.AtEnd()) {
    CrlEntryView entry;
    if (!ReadEntry(in, entry)) return "";  // ReadCrlView refuses it.
    const std::string found = wrong(entry);
    if (!found.empty()) {
      return absl::StrCat(found, ", of serial ", ShortHex(entry.serial));
    }
  }
  return "";
}

}  // namespace chancery::policy::lints
