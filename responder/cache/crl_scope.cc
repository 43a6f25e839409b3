#include "responder/cache/crl_scope.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"

namespace chancery::responder {
namespace {

constexpr char kDelta[] = "-delta";

}  // namespace

std::string CrlFileStem(const CrlScope& scope) {
  std::string stem = base::Hex(scope.issuer);
  if (scope.shard != 0) absl::StrAppend(&stem, "-", scope.shard);
  if (scope.is_delta) stem += kDelta;
  return stem;
}

std::optional<CrlScope> ParseCrlFileStem(absl::string_view stem) {
  CrlScope scope;
  absl::string_view rest = stem;
  scope.is_delta = absl::ConsumeSuffix(&rest, kDelta);
  const absl::string_view hex = rest.substr(0, 2 * scope.issuer.size());
  const auto id = base::FromHex(hex);
  if (!id.has_value() || id->size() != scope.issuer.size()) return std::nullopt;
  std::copy(id->begin(), id->end(), scope.issuer.begin());
  rest.remove_prefix(hex.size());
  if (!rest.empty() && (!absl::ConsumePrefix(&rest, "-") ||
                        !absl::SimpleAtoi(rest, &scope.shard))) {
    return std::nullopt;
  }
  // One name of each.
  if (CrlFileStem(scope) != stem) return std::nullopt;
  return scope;
}

std::string CrlPath(absl::string_view issuer_name, const CrlScope& scope,
                    bool divided) {
  if (divided) {
    return absl::StrCat(issuer_name, "/", scope.shard,
                        scope.is_delta ? kDelta : "");
  }
  return absl::StrCat(issuer_name, scope.is_delta ? "/delta" : "");
}

}  // namespace chancery::responder
