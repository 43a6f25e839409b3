// The bytes of a CRL, of which there is never more than a piece in memory.
#ifndef CHANCERY_STORAGE_CRL_PIECES_H_
#define CHANCERY_STORAGE_CRL_PIECES_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace chancery::storage {

// The next piece of the DER, of any size; nullopt at the end. An error ends the
// whole and is passed on.
using CrlPieces =
    absl::FunctionRef<absl::StatusOr<std::optional<std::string>>()>;

// All of it at once; to be called until its end, once.
inline auto OnePiece(std::string der) {
  return [rest = std::make_shared<std::optional<std::string>>(
              std::move(der))]() -> absl::StatusOr<std::optional<std::string>> {
    return std::exchange(*rest, std::nullopt);
  };
}

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_CRL_PIECES_H_
