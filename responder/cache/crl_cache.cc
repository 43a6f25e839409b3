#include "responder/cache/crl_cache.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
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

// Of the thread that compresses.
constexpr int kNiceness = 10;

absl::Status Of(const PinnedIssuer& issuer, const CrlScope& scope,
                const absl::Status& status) {
  return absl::Status(
      status.code(),
      absl::StrCat(scope.is_delta ? "delta CRL" : "CRL",
                   scope.shard == 0 ? "" : absl::StrCat(" ", scope.shard),
                   " of issuer \"", issuer.name, "\": ", status.message()));
}

absl::Status Refuse(absl::string_view why) {
  return absl::InvalidArgumentError(why);
}

// Where a CRL that was announced as `scope` is served, by what it says itself:
// one without issuingDistributionPoint is the whole; a shard's, or its delta's,
// ends with the shard's path.
absl::StatusOr<std::string> PathOf(const PinnedIssuer& issuer,
                                   const CrlScope& scope,
                                   const x509::Crl& crl) {
  if (!crl.distribution_point.has_value()) {
    if (scope.shard == 0) return CrlPath(issuer.name, scope, false);
    return Refuse("has no issuingDistributionPoint, as a shard must");
  }
  const std::string end = absl::StrCat(
      "/crl/",
      CrlPath(issuer.name, {.issuer = scope.issuer, .shard = scope.shard},
              true),
      ".crl");
  if (!crl.distribution_point_url.has_value() ||
      !absl::EndsWith(base::AsText(*crl.distribution_point_url), end)) {
    return Refuse(absl::StrCat(
        "its issuingDistributionPoint is not a URL that ends with ", end));
  }
  return CrlPath(issuer.name, scope, true);
}

}  // namespace

CrlCache::CrlCache(const PinnedIssuers& issuers, const CrlFolder& folder,
                   const base::Clock& clock, const rpc::Log& log)
    : issuers_(issuers), folder_(folder), clock_(clock), log_(log) {}

CrlCache::~CrlCache() {
  {
    base::MutexLock lock(compress_mu_);
    stopping_ = true;
    compress_changed_.NotifyAll();
  }
  if (compressor_.joinable()) compressor_.join();
}

absl::StatusOr<CrlCache::Checked> CrlCache::Check(
    const PinnedIssuer& issuer, const CrlScope& scope,
    const base::FileView& file) const {
  // Only its two ends are touched.
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(file.bytes()));
  const x509::CertificateFacts& facts = issuer.certificate.facts();
  if (!base::Equal(crl.issuer, base::AsBytes(facts.subject))) {
    return Refuse("has another issuer's name");
  }
  if (!crl.number.has_value()) return Refuse("has no number");
  if (crl.is_delta != scope.is_delta) {
    return Refuse(crl.is_delta ? "is a delta" : "is not a delta");
  }
  ASSIGN_OR_RETURN(std::string path, PathOf(issuer, scope, crl));
  if (crl.this_update > clock_.Now() + kMaxClockLag) {
    return Refuse("thisUpdate is in the future");
  }
  const Checked checked = {
      .number = *crl.number,
      .path = std::move(path),
      .id = crypto::Sha256(crl.signature),
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
  const std::vector<CrlScope> scopes = folder_.RemoveOthers(ids);
  // Each has a signature to verify.
  std::atomic<size_t> next{0};
  std::vector<std::jthread> workers(std::min<size_t>(
      scopes.size(), std::max(1u, std::thread::hardware_concurrency())));
  for (std::jthread& worker : workers) {
    worker = std::jthread([&] {
      for (size_t i = next++; i < scopes.size(); i = next++) {
        LoadInto(scopes[i]);
      }
    });
  }
}

void CrlCache::LoadInto(const CrlScope& scope) {
  const auto number = issuers_.WithId(scope.issuer);
  if (!number.has_value()) return;  // Its file has been removed.
  const PinnedIssuer& issuer = issuers_[*number];
  auto loaded = LoadOne(issuer, scope);
  if (loaded.ok()) {
    Serve(scope, *std::move(loaded));
  } else if (!absl::IsNotFound(loaded.status())) {
    log_.Warning("crl_dropped", {{"why", Of(issuer, scope, loaded.status())}});
    folder_.Remove(scope);
    base::MutexLock lock(mu_);
    lost_.insert(scope);
  }
}

absl::Status CrlCache::Complete() const {
  base::MutexLock lock(mu_);
  if (lost_.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      lost_.size(), " CRLs were damaged, and have not come again"));
}

absl::StatusOr<CrlCache::Held> CrlCache::LoadOne(const PinnedIssuer& issuer,
                                                 const CrlScope& scope) const {
  ASSIGN_OR_RETURN(base::Fd file, folder_.OpenPlain(scope));
  ASSIGN_OR_RETURN(const base::FileView view, base::FileView::Map(file));
  // The signature covers all that a CRL says: what is damaged does not verify.
  ASSIGN_OR_RETURN(Checked checked, Check(issuer, scope, view));
  auto served = std::make_shared<ServedCrl>();
  served->plain = folder_.ServePlain(scope, std::move(file),
                                     view.bytes().size(), checked.id);
  served->gzip = folder_.OpenGzip(scope, view);
  served->times = checked.times;
  return Held{.number = checked.number,
              .path = std::move(checked.path),
              .crl = std::move(served)};
}

absl::StatusOr<uint64_t> CrlCache::Put(const HeldCrl& facts, CrlPieces pieces) {
  CrlScope scope{.shard = facts.shard, .is_delta = facts.is_delta};
  if (facts.issuer_id.size() != scope.issuer.size()) {
    return absl::InvalidArgumentError("issuer_id: not 32 bytes");
  }
  std::memcpy(scope.issuer.data(), facts.issuer_id.data(), scope.issuer.size());
  const auto known = issuers_.WithId(scope.issuer);
  if (!known.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "issuer_id: ", base::Hex(scope.issuer), " is not in the key set"));
  }
  const PinnedIssuer& issuer = issuers_[*known];
  // Before anything is read: it may be large.
  const auto held = NumberOf(scope);
  if (held.has_value() && facts.number <= *held) return *held;

  auto spool = Receive(pieces);
  if (!spool.ok()) return Of(issuer, scope, spool.status());
  auto number = Store(issuer, scope, facts, *std::move(spool));
  if (!number.ok()) return Of(issuer, scope, number.status());
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

absl::StatusOr<uint64_t> CrlCache::Store(const PinnedIssuer& issuer,
                                         const CrlScope& scope,
                                         const HeldCrl& facts,
                                         SpoolFile spool) {
  ASSIGN_OR_RETURN(const base::FileView view,
                   base::FileView::Map(spool.file()));
  ASSIGN_OR_RETURN(Checked checked, Check(issuer, scope, view));
  if (checked.number != facts.number) {
    return absl::InvalidArgumentError(
        absl::StrCat("number: ", facts.number, " was announced, the CRL's is ",
                     checked.number));
  }
  {
    base::MutexLock writer(writer_);
    // Another refresher may have been faster.
    const auto held = NumberOf(scope);
    if (held.has_value() && checked.number <= *held) return *held;
    auto served = std::make_shared<ServedCrl>();
    ASSIGN_OR_RETURN(served->plain,
                     folder_.Publish(scope, std::move(spool), checked.id));
    served->times = checked.times;
    Serve(scope, {.number = checked.number,
                  .path = std::move(checked.path),
                  .crl = std::move(served)});
  }
  return checked.number;
}

void CrlCache::Serve(const CrlScope& scope, Held held) {
  const bool compress = held.crl->gzip.file == nullptr &&
                        CrlFolder::IsWorthCompressing(held.crl->plain.size);
  {
    base::MutexLock lock(mu_);
    Held& former = held_[scope];
    if (former.path != held.path) served_.erase(former.path);
    served_[held.path] = held.crl;
    lost_.erase(scope);
    former = std::move(held);
  }
  if (compress) CompressLater(scope);
}

std::optional<uint64_t> CrlCache::NumberOf(const CrlScope& scope) const {
  base::MutexLock lock(mu_);
  const auto found = held_.find(scope);
  if (found == held_.end()) return std::nullopt;
  return found->second.number;
}

std::vector<HeldCrl> CrlCache::Crls() const {
  std::vector<HeldCrl> crls;
  base::MutexLock lock(mu_);
  for (const auto& [scope, held] : held_) {
    crls.push_back({.issuer_id = base::ToString(scope.issuer),
                    .shard = scope.shard,
                    .number = held.number,
                    .is_delta = scope.is_delta});
  }
  return crls;
}

CrlCache::Oldest CrlCache::FindOldest() const {
  Oldest out;
  base::MutexLock lock(mu_);
  for (const auto& [scope, held] : held_) {
    const Freshness& times = held.crl->times;
    if (out.number == 0 || held.number < out.number) out.number = held.number;
    out.this_update = std::min(out.this_update, times.this_update);
    out.next_update = std::min(out.next_update, times.next_update);
  }
  return out;
}

std::shared_ptr<const ServedCrl> CrlCache::Find(absl::string_view name) const {
  base::MutexLock lock(mu_);
  const auto found = served_.find(name);
  return found == served_.end() ? nullptr : found->second;
}

void CrlCache::CompressLater(const CrlScope& scope) {
  base::MutexLock lock(compress_mu_);
  to_compress_.insert(scope);
  if (!compressor_.joinable())
    compressor_ = std::thread([this] { Compress(); });
  compress_changed_.NotifyAll();
}

void CrlCache::WaitForCompression() {
  base::MutexLock lock(compress_mu_);
  while (compressing_ || !to_compress_.empty()) {
    compress_changed_.Wait(compress_mu_);
  }
}

void CrlCache::Compress() {
  // Answers come first.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  base::MutexLock lock(compress_mu_);
  while (true) {
    while (!stopping_ && to_compress_.empty()) {
      compress_changed_.Wait(compress_mu_);
    }
    if (stopping_) return;
    const CrlScope scope = *to_compress_.begin();
    to_compress_.erase(to_compress_.begin());
    compressing_ = true;
    compress_mu_.Unlock();
    CompressOne(scope);
    compress_mu_.Lock();
    compressing_ = false;
    compress_changed_.NotifyAll();
  }
}

void CrlCache::CompressOne(const CrlScope& scope) {
  Held held;
  {
    base::MutexLock lock(mu_);
    held = held_[scope];
  }
  const std::shared_ptr<const base::Fd> file = held.crl->plain.file->Open();
  if (file == nullptr) return;  // Too many are open; it is served as it is.
  const auto give_up = [&](const absl::Status& why) {
    log_.Warning("crl_not_compressed", {{"path", held.path}, {"why", why}});
  };
  const auto view = base::FileView::Map(*file);
  if (!view.ok()) return give_up(view.status());
  auto gzip = folder_.Compress(*view);
  if (!gzip.ok()) return give_up(gzip.status());
  if (!gzip->has_value()) return;
  base::MutexLock writer(writer_);
  if (NumberOf(scope) != held.number) return;  // A newer one came.
  auto published = folder_.PublishGzip(scope, **std::move(gzip));
  if (!published.ok()) return give_up(published.status());
  auto both = std::make_shared<ServedCrl>(*held.crl);
  both->gzip = *std::move(published);
  held.crl = std::move(both);
  Serve(scope, std::move(held));
}

}  // namespace chancery::responder
