#include "signer/crl_shard.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::signer {
namespace {

std::optional<uint32_t> ShardWithUrl(const Issuer& issuer,
                                     absl::string_view url) {
  const absl::string_view pattern = issuer.crl_url;
  const size_t mark = pattern.find(kShardMark);
  if (mark == absl::string_view::npos) return std::nullopt;
  absl::string_view number = url;
  uint32_t shard;
  if (!absl::ConsumePrefix(&number, pattern.substr(0, mark)) ||
      !absl::ConsumeSuffix(&number,
                           pattern.substr(mark + sizeof kShardMark - 1)) ||
      !absl::SimpleAtoi(number, &shard) || shard >= issuer.crl_shards ||
      url != CrlUrl(issuer, shard)) {
    return std::nullopt;
  }
  return shard;
}

}  // namespace

std::string CrlUrl(const Issuer& issuer, uint32_t shard) {
  return absl::StrReplaceAll(issuer.crl_url,
                             {{kShardMark, absl::StrCat(shard)}});
}

std::string DeltaCrlUrl(const Issuer& issuer, uint32_t shard) {
  if (issuer.delta_crl_interval == absl::ZeroDuration()) return "";
  const std::string url = CrlUrl(issuer, shard);
  absl::string_view stem = url;
  if (!absl::ConsumeSuffix(&stem, ".crl")) return "";
  return absl::StrCat(stem, issuer.crl_shards == 1 ? "/" : "-", "delta.crl");
}

uint32_t ShardForSerial(const Issuer& issuer, absl::string_view serial) {
  const crypto::Sha256Digest digest = crypto::Sha256(base::AsBytes(serial));
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | digest[i];
  return static_cast<uint32_t>(number % issuer.crl_shards);
}

uint32_t ShardForImport(const Issuer& issuer,
                        const x509::CertificateFacts& facts) {
  for (const std::string& url : facts.extensions.crl_urls) {
    const std::optional<uint32_t> shard = ShardWithUrl(issuer, url);
    if (shard.has_value()) return *shard;
  }
  return ShardForSerial(issuer, facts.serial);
}

}  // namespace chancery::signer
