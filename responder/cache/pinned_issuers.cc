#include "responder/cache/pinned_issuers.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace chancery::responder {
namespace {

template <typename Pair>
std::optional<Pair> PairOf(base::Bytes name_hash, base::Bytes key_hash) {
  Pair pair;
  if (2 * name_hash.size() != pair.size() ||
      2 * key_hash.size() != pair.size()) {
    return std::nullopt;
  }
  std::copy(name_hash.begin(), name_hash.end(), pair.begin());
  std::copy(key_hash.begin(), key_hash.end(),
            pair.begin() + static_cast<ptrdiff_t>(name_hash.size()));
  return pair;
}

template <typename Map, typename Key>
std::optional<uint32_t> NumberIn(const Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

}  // namespace

absl::StatusOr<PinnedIssuers> PinnedIssuers::Create(const block::KeySet& keys) {
  PinnedIssuers made;
  for (const block::KeySet::Issuer& from : keys.issuers) {
    const auto refuse = [&](absl::string_view why) {
      return absl::InvalidArgumentError(
          absl::StrCat("key set: issuer \"", from.name, "\": ", why));
    };
    auto certificate =
        x509::Certificate::Parse(base::AsBytes(from.certificate));
    if (!certificate.ok()) return refuse(certificate.status().message());
    const base::Bytes subject = base::AsBytes(certificate->facts().subject);
    const crypto::PublicKey& key = certificate->public_key();
    PinnedIssuer issuer{.name = from.name,
                        .id = certificate->IssuerId(),
                        .certificate = *certificate,
                        .name_sha1 = crypto::Sha1(subject),
                        .key_sha1 = key.KeyHashSha1(),
                        .name_sha256 = crypto::Sha256(subject),
                        .key_sha256 = key.KeyHashSha256()};
    const auto number = static_cast<uint32_t>(made.issuers_.size());
    if (!made.by_name_.emplace(issuer.name, number).second ||
        !made.by_id_.emplace(issuer.id, number).second) {
      return refuse("comes twice");
    }
    made.by_sha1_.emplace(*PairOf<Sha1Pair>(issuer.name_sha1, issuer.key_sha1),
                          number);
    made.by_sha256_.emplace(
        *PairOf<Sha256Pair>(issuer.name_sha256, issuer.key_sha256), number);
    made.issuers_.push_back(std::move(issuer));
  }
  return made;
}

std::optional<uint32_t> PinnedIssuers::WithId(const block::IssuerId& id) const {
  return NumberIn(by_id_, id);
}

std::optional<uint32_t> PinnedIssuers::Named(absl::string_view name) const {
  return NumberIn(by_name_, name);
}

std::optional<uint32_t> PinnedIssuers::Of(const x509::CertId& id) const {
  if (id.hash == x509::CertIdHash::kSha1) {
    const auto pair = PairOf<Sha1Pair>(id.name_hash, id.key_hash);
    return pair.has_value() ? NumberIn(by_sha1_, *pair) : std::nullopt;
  }
  if (id.hash == x509::CertIdHash::kSha256) {
    const auto pair = PairOf<Sha256Pair>(id.name_hash, id.key_hash);
    return pair.has_value() ? NumberIn(by_sha256_, *pair) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace chancery::responder
