#include "responder/cache/crl_cache.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "x509/crl/crl.h"

namespace chancery::responder {
namespace {

constexpr char kCrlRows[] = "4";  // + issuer id -> CRL.
constexpr absl::Duration kMaxClockLag = absl::Minutes(5);

// A CRL does not say when the next one will be made; issuers make it long
// before nextUpdate, so caches are told to look this often.
constexpr absl::Duration kCacheFor = absl::Hours(1);

absl::StatusOr<std::shared_ptr<const base::Fd>> InUnnamedFile(
    absl::string_view content) {
  auto file = std::make_shared<base::Fd>(memfd_create("crl", MFD_CLOEXEC));
  while (!content.empty()) {
    const ssize_t written = write(file->get(), content.data(), content.size());
    if (written <= 0) {
      return absl::ResourceExhaustedError(
          absl::StrCat("memory for a CRL: ", std::strerror(errno)));
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return file;
}

std::string RowOf(const PinnedIssuer& issuer) {
  std::string key = kCrlRows;
  base::Append(key, issuer.id);
  return key;
}

}  // namespace

CrlCache::CrlCache(const PinnedIssuers& issuers, CacheStore& store,
                   const base::Clock& clock, const rpc::Log& log)
    : issuers_(issuers),
      store_(store),
      clock_(clock),
      log_(log),
      held_(issuers.size()) {}

absl::StatusOr<CrlCache::Held> CrlCache::Open(const PinnedIssuer& issuer,
                                              absl::string_view der) const {
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(base::AsBytes(der)));
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("CRL of issuer \"", issuer.name, "\": ", why));
  };
  const x509::CertificateFacts& facts = issuer.certificate.facts();
  if (!base::Equal(crl.issuer, base::AsBytes(facts.subject))) {
    return refuse("has another issuer's name");
  }
  if (!x509::VerifyCrl(crl, issuer.certificate.public_key()).ok()) {
    return refuse("the issuer did not sign it");
  }
  if (!crl.number.has_value()) return refuse("has no number");
  if (crl.is_delta || crl.distribution_point.has_value()) {
    return refuse("is a delta or a shard, and not the whole");
  }
  if (crl.this_update > clock_.Now() + kMaxClockLag) {
    return refuse("thisUpdate is in the future");
  }
  auto served = std::make_shared<ServedCrl>();
  served->etag =
      absl::StrCat("\"", base::Hex(crypto::Sha256(base::AsBytes(der))), "\"");
  served->times = {
      .this_update = crl.this_update,
      .next_update = crl.next_update,
      .refresh_at = std::min(crl.this_update + kCacheFor, crl.next_update)};
  ASSIGN_OR_RETURN(served->file, InUnnamedFile(der));
  served->size = der.size();
  return Held{.number = *crl.number, .crl = std::move(served)};
}

void CrlCache::Load() {
  std::vector<std::string> bad;
  const absl::Status status = store_.ForEach(
      kCrlRows, [&](absl::string_view key, absl::string_view value) {
        for (uint32_t i = 0; i < issuers_.size(); ++i) {
          if (key != RowOf(issuers_[i])) continue;
          auto opened = Open(issuers_[i], value);
          if (opened.ok()) {
            base::MutexLock lock(mu_);
            held_[i] = *std::move(opened);
            return;
          }
          log_.Warning("cache_row_dropped", {{"why", opened.status()}});
        }
        bad.push_back(std::string(key));
      });
  if (!status.ok()) log_.Error("cache_damaged", {{"why", status}});
  for (const std::string& key : bad) {
    if (const absl::Status gone = store_.Delete(key); !gone.ok()) {
      log_.Error("cache_not_written", {{"why", gone}});
    }
  }
}

absl::StatusOr<uint64_t> CrlCache::Put(const HeldCrl& facts,
                                       const std::string& der) {
  block::IssuerId id;
  if (facts.issuer_id.size() != id.size()) {
    return absl::InvalidArgumentError("issuer_id: not 32 bytes");
  }
  std::memcpy(id.data(), facts.issuer_id.data(), id.size());
  const auto issuer = issuers_.WithId(id);
  if (!issuer.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("issuer_id: ", base::Hex(id), " is not in the key set"));
  }
  if (facts.shard != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("shard: ", facts.shard, " is not served here"));
  }
  base::MutexLock writer(writer_);
  ASSIGN_OR_RETURN(Held opened, Open(issuers_[*issuer], der));
  if (opened.number != facts.number) {
    return absl::InvalidArgumentError(
        absl::StrCat("number: ", facts.number, " was announced, the CRL's is ",
                     opened.number));
  }
  {
    base::MutexLock lock(mu_);
    const Held& held = held_[*issuer];
    if (held.crl != nullptr && opened.number <= held.number) {
      return held.number;
    }
  }
  const absl::Status kept = store_.Put(RowOf(issuers_[*issuer]), der);
  if (!kept.ok()) log_.Error("cache_not_written", {{"why", kept}});
  base::MutexLock lock(mu_);
  held_[*issuer] = std::move(opened);
  return facts.number;
}

std::vector<HeldCrl> CrlCache::Crls() const {
  std::vector<HeldCrl> crls;
  base::MutexLock lock(mu_);
  for (uint32_t i = 0; i < issuers_.size(); ++i) {
    if (held_[i].crl == nullptr) continue;
    crls.push_back({.issuer_id = base::ToString(issuers_[i].id),
                    .shard = 0,
                    .number = held_[i].number});
  }
  return crls;
}

std::shared_ptr<const ServedCrl> CrlCache::Find(absl::string_view name) const {
  const auto issuer = issuers_.Named(name);
  if (!issuer.has_value()) return nullptr;
  base::MutexLock lock(mu_);
  return held_[*issuer].crl;
}

}  // namespace chancery::responder
