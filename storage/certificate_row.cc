#include "storage/certificate_row.h"

#include "base/bytes.h"
#include "base/status_macros.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"

namespace chancery::storage {

absl::Status FillFromDer(CertificateRow& row) {
  ASSIGN_OR_RETURN(const x509::CertificateFacts facts,
                   x509::ParseCertificateFacts(base::AsBytes(row.der)));
  row.not_before = facts.not_before;
  row.not_after = facts.not_after;
  const auto subject = x509::ParseName(base::AsBytes(facts.subject));
  row.subject = subject.ok() ? x509::NameText(*subject) : "";
  row.names.clear();
  for (const x509::AltName& name : facts.extensions.alt_names) {
    row.names.push_back(x509::AltNameText(name));
  }
  return absl::OkStatus();
}

}  // namespace chancery::storage
