// The statement that lists certificates: a filter and a page as SQL.
#ifndef CHANCERY_STORAGE_CERTIFICATE_QUERY_H_
#define CHANCERY_STORAGE_CERTIFICATE_QUERY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/database.h"
#include "storage/rows.h"

namespace chancery::storage {

struct Statement {
  std::string sql = {};
  std::vector<Value> parameters = {};
};

// Where a page ends: rows are in the order of these three, which no two share.
struct PagePosition {
  int64_t issued_index = 0;
  std::string issuer_id = {};
  std::string serial = {};
};

std::string ToPageToken(const PagePosition& last);

// Selects `columns` of the first `limit` rows that match and follow the page
// token, if there is one. The same fields of filters give the same SQL, so that
// it is prepared once. InvalidArgument: a token that ToPageToken did not make.
absl::StatusOr<Statement> ListStatement(absl::string_view columns,
                                        const CertificateFilter& filter,
                                        const std::string& page_token,
                                        size_t limit);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_CERTIFICATE_QUERY_H_
