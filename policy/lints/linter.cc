#include "policy/lints/linter.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "der/reader.h"
#include "policy/lints/registry.h"
#include "x509/certificate/pem.h"

namespace chancery::policy::lints {
namespace {

using base::Bytes;

constexpr absl::string_view kBegin = "-----BEGIN ";
constexpr absl::string_view kEnd = "-----END ";

void Describe(const CertificateView& view, Linted& out) {
  out.title = NameText(view.subject_name);
  out.number = base::Hex(view.serial);
}

void Describe(const CrlView& view, Linted& out) {
  out.title = NameText(view.issuer_name);
  if (view.number.has_value()) out.number = base::Hex(*view.number);
}

void Describe(const OcspView& view, Linted& out) {
  if (view.responses.empty()) {
    out.title = absl::StrCat("responseStatus ", view.status);
    return;
  }
  switch (view.responses.front().status) {
    case OcspSingle::Status::kGood:
      out.title = "good";
      break;
    case OcspSingle::Status::kRevoked:
      out.title = "revoked";
      break;
    case OcspSingle::Status::kUnknown:
      out.title = "unknown";
      break;
  }
  out.number = base::Hex(view.responses.front().serial);
}

void AddUnreadable(absl::string_view object, absl::string_view why,
                   const Selection& selection, Linted& out) {
  out.unreadable = true;
  const LintInfo& lint = UnreadableLint(object);
  if (selection.Selects(lint)) {
    out.findings.push_back({.lint = &lint, .found = std::string(why)});
  }
}

template <typename View, typename Rules>
void Run(const absl::StatusOr<View>& view, const Rules& rules,
         absl::string_view object, const Selection& selection, Linted& out) {
  if (!view.ok()) {
    AddUnreadable(object, view.status().message(), selection, out);
    return;
  }
  Describe(*view, out);
  for (const auto& rule : rules) {
    if (!selection.Selects(rule.info)) continue;
    std::string found = rule.check(*view);
    if (!found.empty()) {
      out.findings.push_back({.lint = &rule.info, .found = std::move(found)});
    }
  }
}

// As Run, but of the first alone, and without what it is called.
template <typename View, typename Rules>
std::optional<Finding> FirstOf(const absl::StatusOr<View>& view,
                               const Rules& rules, absl::string_view object,
                               const Selection& selection) {
  if (!view.ok()) {
    Linted out;
    AddUnreadable(object, view.status().message(), selection, out);
    if (out.findings.empty()) return std::nullopt;
    return std::move(out.findings.front());
  }
  for (const auto& rule : rules) {
    if (!selection.Selects(rule.info)) continue;
    std::string found = rule.check(*view);
    if (!found.empty()) {
      return Finding{.lint = &rule.info, .found = std::move(found)};
    }
  }
  return std::nullopt;
}

ObjectKind KindOfLabel(absl::string_view label) {
  if (label == "CERTIFICATE" || label == "X509 CERTIFICATE") {
    return ObjectKind::kCertificate;
  }
  if (label == "X509 CRL") return ObjectKind::kCrl;
  if (label == "OCSP RESPONSE") return ObjectKind::kOcsp;
  return ObjectKind::kUnknown;
}

absl::string_view ObjectName(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kCertificate:
      return "cert";
    case ObjectKind::kCrl:
      return "crl";
    case ObjectKind::kOcsp:
      return "ocsp";
    case ObjectKind::kUnknown:
      break;
  }
  return "file";
}

// The object of the PEM block that `text` begins with, which ends after
// `text`'s last octet.
Linted LintBlock(absl::string_view label, ObjectKind kind,
                 absl::string_view text, const Selection& selection) {
  const auto blocks = x509::DecodePem(label, text);
  if (blocks.ok() && !blocks->empty()) {
    return LintObject(base::AsBytes(blocks->front()), kind, selection);
  }
  Linted out{.kind = kind};
  AddUnreadable(ObjectName(kind),
                blocks.ok() ? "the PEM block is not one"
                            : absl::string_view(blocks.status().message()),
                selection, out);
  return out;
}

std::vector<Linted> LintPem(absl::string_view text,
                            const Selection& selection) {
  std::vector<Linted> all;
  for (size_t at = text.find(kBegin); at != absl::string_view::npos;
       at = text.find(kBegin, at)) {
    const absl::string_view rest = text.substr(at);
    const size_t label_end = rest.find("-----", kBegin.size());
    if (label_end == absl::string_view::npos) break;
    const absl::string_view label =
        rest.substr(kBegin.size(), label_end - kBegin.size());
    const std::string end = absl::StrCat(kEnd, label, "-----");
    const size_t end_at = rest.find(end);
    const size_t size =
        end_at == absl::string_view::npos ? rest.size() : end_at + end.size();
    const ObjectKind kind = KindOfLabel(label);
    if (kind != ObjectKind::kUnknown) {
      all.push_back(LintBlock(label, kind, rest.substr(0, size), selection));
    }
    at += size;
  }
  return all;
}

}  // namespace

absl::string_view KindName(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kCertificate:
      return "certificate";
    case ObjectKind::kCrl:
      return "CRL";
    case ObjectKind::kOcsp:
      return "OCSP response";
    case ObjectKind::kUnknown:
      break;
  }
  return "unknown";
}

ObjectKind KindOf(Bytes der) {
  using der::Tag;
  der::Reader in(der), outer, tbs;
  Bytes skipped;
  if (!in.ReadSequence(outer)) return ObjectKind::kUnknown;
  if (outer.PeekTag() == Tag::kEnumerated) return ObjectKind::kOcsp;
  if (!outer.ReadSequence(tbs)) return ObjectKind::kUnknown;
  // A certificate of v2 or v3.
  if (tbs.PeekTag() == der::Explicit(0)) return ObjectKind::kCertificate;
  // A serial number, or a CRL's version; then signature, issuer, and validity
  // or thisUpdate.
  if (tbs.PeekTag() == Tag::kInteger && !tbs.Read(Tag::kInteger, skipped)) {
    return ObjectKind::kUnknown;
  }
  if (!tbs.Read(Tag::kSequence, skipped) ||
      !tbs.Read(Tag::kSequence, skipped)) {
    return ObjectKind::kUnknown;
  }
  const auto next = tbs.PeekTag();
  if (next == Tag::kSequence) return ObjectKind::kCertificate;
  if (next == Tag::kUtcTime || next == Tag::kGeneralizedTime) {
    return ObjectKind::kCrl;
  }
  return ObjectKind::kUnknown;
}

Linted LintObject(Bytes der, ObjectKind kind, const Selection& selection) {
  Linted out{.kind = kind};
  switch (kind) {
    case ObjectKind::kCertificate:
      Run(ReadCertificateView(der), CertificateLints(), "cert", selection, out);
      break;
    case ObjectKind::kCrl:
      Run(ReadCrlView(der), CrlLints(), "crl", selection, out);
      break;
    case ObjectKind::kOcsp:
      Run(ReadOcspView(der), OcspLints(), "ocsp", selection, out);
      break;
    case ObjectKind::kUnknown:
      AddUnreadable("file", "it is neither DER nor PEM of any of them",
                    selection, out);
      break;
  }
  return out;
}

std::optional<Finding> FirstFinding(Bytes der, ObjectKind kind,
                                    const Selection& selection) {
  if (selection.empty()) return std::nullopt;
  switch (kind) {
    case ObjectKind::kCertificate:
      return FirstOf(ReadCertificateView(der), CertificateLints(), "cert",
                     selection);
    case ObjectKind::kCrl:
      return FirstOf(ReadCrlView(der), CrlLints(), "crl", selection);
    case ObjectKind::kOcsp:
      return FirstOf(ReadOcspView(der), OcspLints(), "ocsp", selection);
    case ObjectKind::kUnknown:
      break;
  }
  Linted linted = LintObject(der, kind, selection);
  if (linted.findings.empty()) return std::nullopt;
  return std::move(linted.findings.front());
}

std::string FindingText(const Finding& finding) {
  return absl::StrCat("lint ", finding.lint->name, " (", finding.lint->source,
                      "): ", finding.lint->rule, ": ", finding.found);
}

std::vector<Linted> LintFile(absl::string_view contents,
                             const Selection& selection) {
  std::vector<Linted> all;
  if (absl::StrContains(contents, kBegin)) all = LintPem(contents, selection);
  if (all.empty()) {
    const Bytes der = base::AsBytes(contents);
    all.push_back(LintObject(der, KindOf(der), selection));
  }
  return all;
}

}  // namespace chancery::policy::lints
