#ifndef CHANCERY_STORAGE_READ_CRL_H_
#define CHANCERY_STORAGE_READ_CRL_H_

#include <string>

#include "absl/status/statusor.h"
#include "storage/inventory.h"

namespace chancery::storage {

// All of a scope's newest CRL, DER: for who looks at one, not for who hands it
// on. NotFound: there is none. Aborted: a newer one came meanwhile.
absl::StatusOr<std::string> ReadCrl(CrlStore& crls, const CrlScope& scope);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_READ_CRL_H_
