#include "responder/cache/crl_cache.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "x509/crl/crl.h"

namespace chancery::responder {
namespace {

constexpr absl::Duration kMaxClockLag = absl::Minutes(5);

// A CRL that is larger belongs into shards.
constexpr uint64_t kMaxCrlBytes = 256 << 20;

// A CRL does not say when the next one will be made; issuers make it long
// before nextUpdate, so caches are told to look this often.
constexpr absl::Duration kCacheFor = absl::Hours(1);

absl::Status OfIssuer(const PinnedIssuer& issuer, const absl::Status& status) {
  return absl::Status(
      status.code(),
      absl::StrCat("CRL of issuer \"", issuer.name, "\": ", status.message()));
}

absl::Status Refuse(absl::string_view why) {
  return absl::InvalidArgumentError(why);
}

}  // namespace

CrlCache::CrlCache(const PinnedIssuers& issuers, const CrlFolder& folder,
                   const base::Clock& clock, const rpc::Log& log)
    : issuers_(issuers),
      folder_(folder),
      clock_(clock),
      log_(log),
      held_(issuers.size()) {}

absl::StatusOr<CrlCache::Checked> CrlCache::Check(const PinnedIssuer& issuer,
                                                  const FileView& file) const {
  // Only its two ends are touched.
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(file.bytes()));
  const x509::CertificateFacts& facts = issuer.certificate.facts();
  if (!base::Equal(crl.issuer, base::AsBytes(facts.subject))) {
    return Refuse("has another issuer's name");
  }
  if (!crl.number.has_value()) return Refuse("has no number");
  if (crl.is_delta || crl.distribution_point.has_value()) {
    return Refuse("is a delta or a shard, and not the whole");
  }
  if (crl.this_update > clock_.Now() + kMaxClockLag) {
    return Refuse("thisUpdate is in the future");
  }
  const Checked checked = {
      .number = *crl.number,
      .times = {.this_update = crl.this_update,
                .next_update = crl.next_update,
                .refresh_at =
                    std::min(crl.this_update + kCacheFor, crl.next_update)}};
  if (!x509::VerifyCrlInPieces(crl, issuer.certificate.public_key(),
                               [&](base::Bytes piece) { file.Forget(piece); })
           .ok()) {
    return Refuse("the issuer did not sign it");
  }
  return checked;
}

void CrlCache::Load() {
  std::set<block::IssuerId> ids;
  for (uint32_t i = 0; i < issuers_.size(); ++i) ids.insert(issuers_[i].id);
  folder_.RemoveOthers(ids);
  // Each has a signature to verify.
  std::atomic<uint32_t> next{0};
  std::vector<std::jthread> workers(
      std::max(1u, std::thread::hardware_concurrency()));
  for (std::jthread& worker : workers) {
    worker = std::jthread([&] {
      for (uint32_t i = next++; i < issuers_.size(); i = next++) LoadInto(i);
    });
  }
}

void CrlCache::LoadInto(uint32_t number) {
  auto loaded = LoadOne(issuers_[number]);
  if (loaded.ok()) {
    base::MutexLock lock(mu_);
    held_[number] = *std::move(loaded);
  } else if (!absl::IsNotFound(loaded.status())) {
    log_.Warning("crl_dropped",
                 {{"why", OfIssuer(issuers_[number], loaded.status())}});
    folder_.Remove(issuers_[number].id);
  }
}

absl::StatusOr<CrlCache::Held> CrlCache::LoadOne(
    const PinnedIssuer& issuer) const {
  ASSIGN_OR_RETURN(base::Fd file, folder_.OpenPlain(issuer.id));
  ASSIGN_OR_RETURN(const FileView view, FileView::Map(file));
  // The signature covers all that a CRL says: what is damaged does not verify.
  ASSIGN_OR_RETURN(const Checked checked, Check(issuer, view));
  crypto::Sha256Stream stream;
  RETURN_IF_ERROR(view.ForEachPiece([&](base::Bytes piece) {
    stream.Update(piece);
    return absl::OkStatus();
  }));
  const crypto::Sha256Digest digest = stream.Finish();
  auto served = std::make_shared<ServedCrl>();
  served->plain = folder_.ServePlain(issuer.id, std::move(file),
                                     view.bytes().size(), digest);
  served->gzip = folder_.OpenGzip(issuer.id, view, digest);
  served->times = checked.times;
  return Held{.number = checked.number, .crl = std::move(served)};
}

absl::StatusOr<uint64_t> CrlCache::Put(const HeldCrl& facts, CrlPieces pieces) {
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
  // Before anything is read: it may be large.
  const auto held = NumberOf(*issuer);
  if (held.has_value() && facts.number <= *held) return *held;

  auto spool = Receive(pieces);
  if (!spool.ok()) return OfIssuer(issuers_[*issuer], spool.status());
  auto number = Store(*issuer, facts, *std::move(spool));
  if (!number.ok()) return OfIssuer(issuers_[*issuer], number.status());
  return number;
}

absl::StatusOr<SpoolFile> CrlCache::Receive(CrlPieces pieces) const {
  ASSIGN_OR_RETURN(SpoolFile spool, folder_.Spool());
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<base::Bytes> piece, pieces());
    if (!piece.has_value()) return spool;
    if (piece->size() > kMaxCrlBytes - spool.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("data: more than ", kMaxCrlBytes, " bytes"));
    }
    RETURN_IF_ERROR(spool.Append(*piece));
  }
}

absl::StatusOr<uint64_t> CrlCache::Store(uint32_t issuer, const HeldCrl& facts,
                                         SpoolFile spool) {
  ASSIGN_OR_RETURN(const FileView view, FileView::Map(spool.file()));
  ASSIGN_OR_RETURN(const Checked checked, Check(issuers_[issuer], view));
  if (checked.number != facts.number) {
    return absl::InvalidArgumentError(
        absl::StrCat("number: ", facts.number, " was announced, the CRL's is ",
                     checked.number));
  }
  // Nobody needs it compressed.
  auto gzip = folder_.Compress(view);
  if (!gzip.ok()) {
    log_.Warning("crl_not_compressed",
                 {{"why", OfIssuer(issuers_[issuer], gzip.status())}});
    gzip = std::nullopt;
  }

  base::MutexLock writer(writer_);
  // Another refresher may have been faster.
  const auto held = NumberOf(issuer);
  if (held.has_value() && checked.number <= *held) return *held;
  ASSIGN_OR_RETURN(
      ServedCrl published,
      folder_.Publish(issuers_[issuer].id, std::move(spool), *std::move(gzip)));
  published.times = checked.times;
  auto served = std::make_shared<const ServedCrl>(std::move(published));
  base::MutexLock lock(mu_);
  held_[issuer] = {.number = checked.number, .crl = std::move(served)};
  return checked.number;
}

std::optional<uint64_t> CrlCache::NumberOf(uint32_t issuer) const {
  base::MutexLock lock(mu_);
  if (held_[issuer].crl == nullptr) return std::nullopt;
  return held_[issuer].number;
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

CrlCache::Oldest CrlCache::FindOldest() const {
  Oldest out;
  base::MutexLock lock(mu_);
  for (const Held& held : held_) {
    if (held.crl == nullptr) continue;
    const Freshness& times = held.crl->times;
    if (out.number == 0 || held.number < out.number) out.number = held.number;
    out.this_update = std::min(out.this_update, times.this_update);
    out.next_update = std::min(out.next_update, times.next_update);
  }
  return out;
}

std::shared_ptr<const ServedCrl> CrlCache::Find(absl::string_view name) const {
  const auto issuer = issuers_.Named(name);
  if (!issuer.has_value()) return nullptr;
  base::MutexLock lock(mu_);
  return held_[*issuer].crl;
}

}  // namespace chancery::responder
