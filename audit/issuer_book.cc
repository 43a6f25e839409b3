#include "audit/issuer_book.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace chancery::audit {

void IssuerBook::Take(const ledger::IssuerEntry& entry, uint64_t index,
                      Findings& findings) {
  const auto [known, added] = issuers_.try_emplace(
      entry.issuer_id, Known{.shards = entry.crl_shards, .index = index});
  if (added) return;
  findings.Add(Finding(Kind::kCrlScopeWrong,
                       "an issuer's shards are fixed once, by its first entry")
                   .With("issuer", base::AsBytes(entry.issuer_id))
                   .With("index", index)
                   .With("first", known->second.index));
}

void IssuerBook::Take(const ledger::CertificateEntry& made, uint64_t index,
                      Findings& findings) {
  const uint32_t shards = ShardsOf(made.issuer_id);
  if (made.crl_shard >= shards) {
    findings.Add(Finding(Kind::kCrlScopeWrong,
                         "a certificate is in a shard that its issuer does not "
                         "have")
                     .With("serial", base::AsBytes(made.serial))
                     .With("index", index)
                     .With("expected", absl::StrCat("less than ", shards))
                     .With("found", static_cast<uint64_t>(made.crl_shard)));
  } else if (shards > 1 && !made.imported) {
    samples_.try_emplace({made.issuer_id, made.crl_shard}, made.certificate);
  }
}

bool IssuerBook::HasPrefix(const std::string& prefix) const {
  const auto found = issuers_.lower_bound(prefix);
  return found != issuers_.end() &&
         found->first.compare(0, prefix.size(), prefix) == 0;
}

uint32_t IssuerBook::ShardsOf(const std::string& issuer_id) const {
  const auto known = issuers_.find(issuer_id);
  return known == issuers_.end() ? 1 : known->second.shards;
}

const std::string& IssuerBook::SampleOf(const std::string& issuer_id,
                                        uint32_t shard) const {
  const auto sample = samples_.find({issuer_id, shard});
  return sample == samples_.end() ? none_ : sample->second;
}

std::string CrlFile(const std::string& issuer_name, uint32_t shard,
                    uint32_t shards, bool is_delta) {
  if (shards == 1) {
    return absl::StrCat(issuer_name, is_delta ? "/delta" : "", ".crl");
  }
  return absl::StrCat(issuer_name, "/", shard, is_delta ? "-delta" : "",
                      ".crl");
}

}  // namespace chancery::audit
