#include "policy/lints/registry.h"

#include <initializer_list>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"

namespace chancery::policy::lints {
namespace {

constexpr LintInfo kUnreadable[] = {
    {"rfc5280_cert_readable", "RFC 5280 section 4.1", Severity::kError,
     "a certificate can be read"},
    {"rfc5280_crl_readable", "RFC 5280 section 5.1", Severity::kError,
     "a CRL can be read"},
    {"rfc6960_ocsp_readable", "RFC 6960 section 4.2.1", Severity::kError,
     "an OCSP response can be read"},
    {"rfc7468_file_readable", "RFC 7468 section 2", Severity::kError,
     "a file holds DER or PEM of certificates, CRLs or OCSP responses"},
};

template <typename Rules>
Rules Joined(std::initializer_list<Rules> lists) {
  Rules all;
  for (const Rules& list : lists) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

template <typename Rules>
void AddInfos(const Rules& rules, std::vector<const LintInfo*>& all) {
  for (const auto& rule : rules) all.push_back(&rule.info);
}

}  // namespace

const CertificateRules& CertificateLints() {
  static const auto* all = new CertificateRules(Joined<CertificateRules>(
      {Rfc5280CertificateBody(), Rfc5280CertificateNames(),
       Rfc5280CertificateUsage(), Rfc5280CertificateReferences(),
       Rfc8813Certificate(), BrCertificate(), BrServerCertificate(),
       BrCaCertificate()}));
  return *all;
}

const CrlRules& CrlLints() {
  static const auto* all = new CrlRules(
      Joined<CrlRules>({Rfc5280Crl(), Rfc5280CrlEntries(), BrCrl()}));
  return *all;
}

const OcspRules& OcspLints() {
  static const auto* all = new OcspRules(Joined<OcspRules>(
      {Rfc6960Ocsp(), Rfc6960OcspSingle(), Rfc9919Ocsp(), BrOcsp()}));
  return *all;
}

const LintInfo& UnreadableLint(absl::string_view object) {
  for (const LintInfo& lint : kUnreadable) {
    if (lint.object() == object) return lint;
  }
  return kUnreadable[std::size(kUnreadable) - 1];
}

const std::vector<const LintInfo*>& AllLints() {
  static const auto* all = [] {
    auto* infos = new std::vector<const LintInfo*>;
    for (const LintInfo& lint : kUnreadable) infos->push_back(&lint);
    AddInfos(CertificateLints(), *infos);
    AddInfos(CrlLints(), *infos);
    AddInfos(OcspLints(), *infos);
    return infos;
  }();
  return *all;
}

const LintInfo* FindLint(absl::string_view name) {
  for (const LintInfo* lint : AllLints()) {
    if (name == lint->name) return lint;
  }
  return nullptr;
}

const std::vector<std::string>& SetNames() {
  static const auto* names = [] {
    std::set<std::string> sets;
    for (const LintInfo* lint : AllLints()) {
      sets.insert(std::string(lint->set()));
    }
    return new std::vector<std::string>(sets.begin(), sets.end());
  }();
  return *names;
}

std::string LintTable() {
  std::string table =
      "| lint | severity | source | what is right |\n"
      "|---|---|---|---|\n";
  for (const LintInfo* lint : AllLints()) {
    absl::StrAppend(&table, "| `", lint->name, "` | ",
                    SeverityName(lint->severity), " | ", lint->source, " | ",
                    lint->rule, " |\n");
  }
  return table;
}

}  // namespace chancery::policy::lints
