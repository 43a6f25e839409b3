#include "responder/cache/pinned_issuers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace chancery::responder {
namespace {

template <typename Matches>
std::optional<uint32_t> FindIf(const std::vector<PinnedIssuer>& issuers,
                               const Matches& matches) {
  for (size_t i = 0; i < issuers.size(); ++i) {
    if (matches(issuers[i])) return static_cast<uint32_t>(i);
  }
  return std::nullopt;
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
    if (made.Named(issuer.name) || made.WithId(issuer.id)) {
      return refuse("comes twice");
    }
    made.issuers_.push_back(std::move(issuer));
  }
  return made;
}

std::optional<uint32_t> PinnedIssuers::WithId(const block::IssuerId& id) const {
  return FindIf(issuers_,
                [&](const PinnedIssuer& issuer) { return issuer.id == id; });
}

std::optional<uint32_t> PinnedIssuers::Named(absl::string_view name) const {
  return FindIf(issuers_, [&](const PinnedIssuer& issuer) {
    return issuer.name == name;
  });
}

std::optional<uint32_t> PinnedIssuers::Of(const x509::CertId& id) const {
  switch (id.hash) {
    case x509::CertIdHash::kSha1:
      return FindIf(issuers_, [&](const PinnedIssuer& issuer) {
        return base::Equal(id.key_hash, issuer.key_sha1) &&
               base::Equal(id.name_hash, issuer.name_sha1);
      });
    case x509::CertIdHash::kSha256:
      return FindIf(issuers_, [&](const PinnedIssuer& issuer) {
        return base::Equal(id.key_hash, issuer.key_sha256) &&
               base::Equal(id.name_hash, issuer.name_sha256);
      });
    case x509::CertIdHash::kOther:
      break;
  }
  return std::nullopt;
}

}  // namespace chancery::responder
