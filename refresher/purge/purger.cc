#include "refresher/purge/purger.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/cache_tag.h"
#include "crypto/secret_source.h"
#include "x509/certificate/certificate.h"
#include "x509/ocsp/get_url.h"
#include "x509/ocsp/request.h"

namespace chancery::refresher {
namespace {

constexpr size_t kNonceBytes = 16;

void AddOnce(std::vector<std::string>& all, std::string one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) {
    all.push_back(std::move(one));
  }
}

// As responders serve it, below "/crl/" and without ".crl".
std::string CrlPath(const ListedIssuer& issuer, uint32_t shard, bool delta) {
  if (issuer.crl_shards <= 1) {
    return absl::StrCat(issuer.name, delta ? "/delta" : "");
  }
  return absl::StrCat(issuer.name, "/", shard, delta ? "-delta" : "");
}

}  // namespace

Purger::Purger(Parts parts, PurgeEndpoint endpoint, Options options)
    : parts_(std::move(parts)),
      endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      cursor_name_(absl::StrCat("purge:", endpoint_.name)),
      retry_(options_.first_retry) {}

absl::Duration Purger::Waiting() const {
  const int64_t since = waiting_since_;
  if (since == 0) return absl::ZeroDuration();
  return std::max(absl::ZeroDuration(),
                  parts_.clock.Now() - absl::FromUnixSeconds(since));
}

absl::StatusOr<bool> Purger::Step() {
  if (parts_.clock.Now() < not_before_) return false;
  ASSIGN_OR_RETURN(const uint64_t cursor,
                   parts_.inventory.NextIndex(cursor_name_));
  // Another refresher of the same inventory has posted it.
  if (pending_.has_value() && pending_->from != cursor) pending_.reset();
  if (!pending_.has_value()) {
    ASSIGN_OR_RETURN(Batch read, Read(cursor));
    if (read.work.empty()) {
      waiting_since_ = 0;
      if (read.next > cursor) RETURN_IF_ERROR(SetCursor(read.next));
      return read.more;
    }
    waiting_since_ = absl::ToUnixSeconds(read.changed);
    pending_ = std::move(read);
  }
  // From here on the batch stays as it is, or what is added each second would
  // keep it waiting for ever.
  if (pending_->complete == absl::InfiniteFuture()) {
    ASSIGN_OR_RETURN(const bool complete, InventoryHas(*pending_));
    if (!complete) return false;
    pending_->complete = parts_.clock.Now();
  }
  if (!parts_.served(pending_->newest + 1, pending_->complete,
                     pending_->has_crl)) {
    return false;
  }
  const absl::Status posted = Post(pending_->work);
  if (!posted.ok()) {
    ++failed_;
    not_before_ = parts_.clock.Now() + retry_;
    retry_ = std::min(retry_ * 2, options_.last_retry);
    return absl::Status(posted.code(), absl::StrCat("purge \"", endpoint_.name,
                                                    "\": ", posted.message()));
  }
  retry_ = options_.first_retry;
  const PurgeWork& work = pending_->work;
  purged_ += endpoint_.by_url ? work.urls.size() : work.tags.size();
  parts_.log.Info("purged", {{"endpoint", endpoint_.name},
                             {"tags", work.tags.size()},
                             {"urls", work.urls.size()},
                             {"ledger_index", pending_->newest}});
  // The commit point. A crash before it posts the batch again.
  RETURN_IF_ERROR(SetCursor(pending_->next));
  const bool more = pending_->more;
  pending_.reset();
  waiting_since_ = 0;
  return more;
}

absl::StatusOr<Purger::Batch> Purger::Read(uint64_t from) {
  ASSIGN_OR_RETURN(const LedgerPage page,
                   parts_.signer.ReadEntries(from, absl::ZeroDuration()));
  Batch batch{.from = from, .next = from};
  if (from == 0) {
    // What was changed before there was a hook has been fetched since. The
    // first entry of a ledger changes no status, so that 1 loses nothing and
    // says that this was done.
    batch.next = std::max<uint64_t>(page.ledger_size, 1);
    return batch;
  }
  if (page.ledger_size + 1 < from) {
    return absl::FailedPreconditionError(
        absl::StrCat("ledger: the signer has ", page.ledger_size, " entries, ",
                     cursor_name_, " has followed ", from));
  }
  for (const std::string& bytes : page.entries) {
    ASSIGN_OR_RETURN(const ledger::Entry entry,
                     ledger::ParseEntry(base::AsBytes(bytes)));
    ASSIGN_OR_RETURN(const bool fits, Add(entry, batch));
    if (!fits) break;
    batch.next = entry.index + 1;
  }
  batch.more = batch.next < page.ledger_size && batch.next > from;
  return batch;
}

absl::StatusOr<bool> Purger::Add(const ledger::Entry& entry, Batch& batch) {
  const auto* status = std::get_if<ledger::StatusEntry>(&entry.body);
  const auto* crl = std::get_if<ledger::CrlEntry>(&entry.body);
  if (status == nullptr && crl == nullptr) return true;
  const std::string& issuer_id =
      status != nullptr ? status->issuer_id : crl->issuer_id;
  ASSIGN_OR_RETURN(const ListedIssuer* issuer, IssuerOf(issuer_id));
  PurgeWork& work = batch.work;
  if (!work.empty() &&
      (work.tags.size() >= endpoint_.limit ||
       (endpoint_.by_url && work.urls.size() >= endpoint_.limit) ||
       (endpoint_.shape == PurgeShape::kPlain &&
        work.issuer != issuer->name))) {
    return false;
  }
  if (work.empty()) {
    work.issuer = issuer->name;
    batch.changed = entry.time;
  }
  batch.newest = entry.index;
  RETURN_IF_ERROR(status != nullptr ? AddStatus(*status, work)
                                    : AddCrl(*crl, batch));
  return true;
}

absl::Status Purger::AddStatus(const ledger::StatusEntry& status,
                               PurgeWork& work) {
  ASSIGN_OR_RETURN(const ListedIssuer* issuer, IssuerOf(status.issuer_id));
  const base::Bytes serial = base::AsBytes(status.serial);
  std::string tag;
  block::AppendOcspTag(issuer->name, serial, tag);
  AddOnce(work.tags, std::move(tag));
  AddOnce(work.serials, base::Hex(serial));
  if (options_.public_urls.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const x509::Certificate ca,
      x509::Certificate::Parse(base::AsBytes(issuer->certificate)));
  for (const auto hash : {x509::CertIdHash::kSha1, x509::CertIdHash::kSha256}) {
    const std::string request = x509::BuildOcspRequest(
        x509::BuildCertId(hash, base::AsBytes(ca.facts().subject),
                          ca.public_key(), serial),
        {});
    for (const std::string& base : options_.public_urls) {
      for (std::string& url : x509::OcspGetUrls(base, request)) {
        AddOnce(work.urls, std::move(url));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Purger::AddCrl(const ledger::CrlEntry& crl, Batch& batch) {
  ASSIGN_OR_RETURN(const ListedIssuer* issuer, IssuerOf(crl.issuer_id));
  const std::string path =
      CrlPath(*issuer, crl.shard, crl.kind == ledger::CrlKind::kDelta);
  std::string tag;
  block::AppendCrlTag(path, tag);
  AddOnce(batch.work.tags, std::move(tag));
  for (const std::string& base : options_.public_urls) {
    AddOnce(batch.work.urls,
            absl::StrCat(absl::StripSuffix(base, "/"), "/crl/", path, ".crl"));
  }
  batch.has_crl = true;
  uint64_t& number = batch.crls[{crl.issuer_id, crl.shard,
                                 crl.kind == ledger::CrlKind::kDelta}];
  number = std::max(number, crl.number);
  return absl::OkStatus();
}

absl::StatusOr<const ListedIssuer*> Purger::IssuerOf(
    const std::string& issuer_id) {
  auto found = issuers_.find(issuer_id);
  if (found == issuers_.end()) {
    ASSIGN_OR_RETURN(const std::vector<ListedIssuer> listed,
                     parts_.signer.ListIssuers());
    for (const ListedIssuer& issuer : listed) {
      issuers_[issuer.issuer_id] = issuer;
    }
    found = issuers_.find(issuer_id);
  }
  if (found == issuers_.end()) {
    return absl::UnavailableError(
        absl::StrCat("signer: does not list issuer ",
                     base::Hex(base::AsBytes(issuer_id)), " any more"));
  }
  return &found->second;
}

absl::StatusOr<bool> Purger::InventoryHas(const Batch& batch) {
  ASSIGN_OR_RETURN(const uint64_t followed,
                   parts_.inventory.NextIndex(options_.signer));
  if (followed <= batch.newest) return false;
  if (batch.crls.empty()) return true;
  ASSIGN_OR_RETURN(const std::vector<storage::CrlRow> crls,
                   parts_.inventory.ListCrls());
  std::map<storage::CrlScope, uint64_t> held;
  for (const storage::CrlRow& crl : crls) held[crl.scope()] = crl.number;
  for (const auto& [scope, number] : batch.crls) {
    if (held[scope] < number) return false;
  }
  return true;
}

absl::Status Purger::Post(const PurgeWork& work) {
  base::Secret token;
  if (!options_.token_file.empty()) {
    // Each time: it may have been replaced.
    ASSIGN_OR_RETURN(token, crypto::ReadSecretFile(options_.token_file));
  }
  const std::string random = parts_.random.Bytes(kNonceBytes);
  const auto requests =
      PurgeRequests(endpoint_, work, token, parts_.clock.Now(),
                    base::Hex(base::AsBytes(random)));
  if (!requests.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(options_.token_file, ": ", requests.status().message()));
  }
  for (const HttpRequest& request : *requests) {
    RETURN_IF_ERROR(parts_.poster.Post(request));
  }
  return absl::OkStatus();
}

absl::Status Purger::SetCursor(uint64_t next) {
  storage::LedgerStep step;
  step.signer = cursor_name_;
  step.next_index = next;
  return parts_.inventory.ApplyLedgerStep(step);
}

}  // namespace chancery::refresher
