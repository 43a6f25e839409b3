// Which CRLs there are in a responder: of each issuer the whole or its shards,
// and of each of those the full one and its delta.
#ifndef CHANCERY_RESPONDER_CACHE_CRL_SCOPE_H_
#define CHANCERY_RESPONDER_CACHE_CRL_SCOPE_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "block/manifest.h"

namespace chancery::responder {

struct CrlScope {
  block::IssuerId issuer = {};
  uint32_t shard = 0;
  bool is_delta = false;

  friend auto operator<=>(const CrlScope&, const CrlScope&) = default;
};

// What its file is called, without a suffix: the issuer in hex, "-<shard>"
// unless that is 0, and "-delta".
std::string CrlFileStem(const CrlScope& scope);
// nullopt: not one that CrlFileStem makes.
std::optional<CrlScope> ParseCrlFileStem(absl::string_view stem);

// Where it is served, below "/crl/" and without ".crl": the issuer's name, or
// "<name>/<shard>" for one that is divided; deltas as "<name>/delta" and
// "<name>/<shard>-delta".
std::string CrlPath(absl::string_view issuer_name, const CrlScope& scope,
                    bool divided);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_CRL_SCOPE_H_
