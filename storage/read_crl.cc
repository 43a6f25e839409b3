#include "storage/read_crl.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/status_macros.h"

namespace chancery::storage {

absl::StatusOr<std::string> ReadCrl(CrlStore& crls, const CrlScope& scope) {
  ASSIGN_OR_RETURN(const std::vector<CrlRow> rows, crls.ListCrls());
  const auto row =
      std::find_if(rows.begin(), rows.end(),
                   [&](const CrlRow& one) { return one.scope() == scope; });
  if (row == rows.end()) return absl::NotFoundError("CRL: none was signed yet");
  std::string der;
  for (uint32_t part = 0;; ++part) {
    ASSIGN_OR_RETURN(const std::optional<std::string> data,
                     crls.GetCrlPart(*row, part));
    if (!data.has_value()) return der;
    der += *data;
  }
}

}  // namespace chancery::storage
