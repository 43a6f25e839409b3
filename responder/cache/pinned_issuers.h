#ifndef CHANCERY_RESPONDER_CACHE_PINNED_ISSUERS_H_
#define CHANCERY_RESPONDER_CACHE_PINNED_ISSUERS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "block/key_set.h"
#include "crypto/digest.h"
#include "x509/certificate/certificate.h"
#include "x509/ocsp/request.h"

namespace chancery::responder {

// One issuer of the key set, and what CertIDs call it.
struct PinnedIssuer {
  std::string name;
  block::IssuerId id;
  x509::Certificate certificate;
  crypto::Sha1Digest name_sha1, key_sha1;
  crypto::Sha256Digest name_sha256, key_sha256;
};

// The issuers that this responder answers for, numbered from 0. Immutable;
// thread-safe.
class PinnedIssuers {
 public:
  // InvalidArgument: a certificate that does not parse, or a name or an issuer
  // that comes twice.
  static absl::StatusOr<PinnedIssuers> Create(const block::KeySet& keys);

  const PinnedIssuer& operator[](uint32_t number) const {
    return issuers_[number];
  }
  size_t size() const { return issuers_.size(); }

  std::optional<uint32_t> WithId(const block::IssuerId& id) const;
  std::optional<uint32_t> Named(absl::string_view name) const;
  // Both hashes must be the issuer's: two CAs can share a name, or a key.
  std::optional<uint32_t> Of(const x509::CertId& id) const;

 private:
  // Name hash and key hash, one after the other.
  using Sha1Pair = std::array<uint8_t, 2 * sizeof(crypto::Sha1Digest)>;
  using Sha256Pair = std::array<uint8_t, 2 * sizeof(crypto::Sha256Digest)>;
  template <typename Value>
  using Numbers = absl::flat_hash_map<Value, uint32_t>;

  std::vector<PinnedIssuer> issuers_;
  Numbers<block::IssuerId> by_id_;
  Numbers<std::string> by_name_;
  Numbers<Sha1Pair> by_sha1_;
  Numbers<Sha256Pair> by_sha256_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_PINNED_ISSUERS_H_
