#ifndef CHANCERY_STORAGE_CERTIFICATE_ROW_H_
#define CHANCERY_STORAGE_CERTIFICATE_ROW_H_

#include "absl/status/status.h"
#include "storage/rows.h"

namespace chancery::storage {

// Fills in what `row.der` says: subject, names and times. The certificate was
// verified by whoever signed or imported it; a subject that cannot be shown as
// text stays empty. InvalidArgument: not a certificate; `row` is unchanged.
absl::Status FillFromDer(CertificateRow& row);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_CERTIFICATE_ROW_H_
