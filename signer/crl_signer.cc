#include "signer/crl_signer.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/file_view.h"
#include "base/status_macros.h"
#include "policy/crl_lints.h"
#include "signer/crl_rehearsal.h"
#include "signer/crl_shard.h"
#include "signer/crl_writer.h"
#include "signer/schedule.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {
namespace {

bool IsDelta(const CrlRequest& request) {
  return request.kind == ledger::CrlKind::kDelta;
}

absl::Time RefreshAt(const Issuer& issuer, ledger::CrlKind kind,
                     absl::Time this_update) {
  return this_update + (kind == ledger::CrlKind::kDelta
                            ? issuer.delta_crl_interval / 2
                            : CrlRefreshAfter(issuer.crl_validity));
}

absl::Status CheckScope(const Issuer& issuer, const CrlRequest& request) {
  if (request.shard >= issuer.crl_shards) {
    return absl::NotFoundError(
        absl::StrCat("shard: ", request.shard, ": issuer \"", issuer.name,
                     "\" has ", issuer.crl_shards, ", which begin with 0"));
  }
  if (IsDelta(request) && issuer.delta_crl_interval == absl::ZeroDuration()) {
    return absl::FailedPreconditionError(
        absl::StrCat("kind: issuer \"", issuer.name,
                     "\" has no delta CRLs: its configuration lacks "
                     "delta_crl_minutes"));
  }
  return absl::OkStatus();
}

// The base of a delta that was made before.
absl::StatusOr<uint64_t> BaseNumberIn(const base::Fd& file) {
  ASSIGN_OR_RETURN(const base::FileView view, base::FileView::Map(file));
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(view.bytes()));
  return crl.base_number.value_or(0);
}

}  // namespace

absl::Status CrlSigner::CleanUp() {
  const auto view = ledger_.Read();
  // "clock ...": an operator has to confirm it; the next start cleans up.
  if (absl::IsFailedPrecondition(view.status())) return absl::OkStatus();
  RETURN_IF_ERROR(view.status());
  std::set<std::string> newest;
  RETURN_IF_ERROR((*view)->state().Crls([&](const CrlState& crl) {
    newest.insert(crl.crl_sha256);
    return absl::OkStatus();
  }));
  files_.KeepOnly(newest);
  return absl::OkStatus();
}

absl::StatusOr<SignedCrl> CrlSigner::SignCrl(const CrlRequest& request) {
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(request.issuer));
  RETURN_IF_ERROR(CheckScope(*issuer, request));
  base::MutexLock lock(mu_);
  if (request.have_number.has_value()) {
    ASSIGN_OR_RETURN(std::optional<SignedCrl> made, Made(*issuer, request));
    if (made.has_value()) return *std::move(made);
  }
  return Make(*issuer, request);
}

absl::StatusOr<std::optional<SignedCrl>> CrlSigner::Made(
    const Issuer& issuer, const CrlRequest& request) {
  ASSIGN_OR_RETURN(const auto view, ledger_.Read());
  ASSIGN_OR_RETURN(
      const std::optional<CrlState> newest,
      view->state().Crl(issuer.issuer_id, request.shard, request.kind));
  if (!newest.has_value() || newest->number <= *request.have_number) {
    return std::nullopt;
  }
  auto file = files_.Find(newest->crl_sha256);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  RETURN_IF_ERROR(file.status());
  struct stat info;
  if (fstat((*file)->get(), &info) != 0 || info.st_size <= 0) {
    return std::nullopt;
  }
  uint64_t base_number = 0;
  if (IsDelta(request)) {
    ASSIGN_OR_RETURN(base_number, BaseNumberIn(**file));
  }
  return SignedCrl{
      .issuer_id = issuer.issuer_id,
      .number = newest->number,
      .this_update = newest->this_update,
      .next_update = newest->next_update,
      .refresh_at = RefreshAt(issuer, request.kind, newest->this_update),
      .entries = newest->revoked_count,
      .ledger_size = newest->ledger_size,
      .base_number = base_number,
      .size = static_cast<uint64_t>(info.st_size),
      .file = *std::move(file)};
}

x509::CrlFacts CrlSigner::FactsOf(const Issuer& issuer,
                                  const CrlRequest& request,
                                  const CrlContents& contents) const {
  const absl::Duration validity =
      IsDelta(request) ? issuer.delta_crl_interval : issuer.crl_validity;
  const uint64_t previous =
      contents.newest().has_value() ? contents.newest()->number : 0;
  x509::CrlFacts facts{
      .issuer = base::AsBytes(issuer.subject),
      .this_update = contents.this_update(),
      .next_update =
          std::min(contents.this_update() + validity - absl::Seconds(1),
                   issuer.not_after),
      .authority_key_identifier = base::AsBytes(issuer.subject_key_identifier),
      .number = std::max(previous + 1, static_cast<uint64_t>(
                                           absl::ToUnixMicros(clock_.Now())))};
  if (issuer.crl_shards > 1) {
    facts.distribution_point = CrlUrl(issuer, request.shard);
  }
  if (IsDelta(request)) {
    facts.base_number = contents.base()->number;
  } else {
    facts.freshest_url = DeltaCrlUrl(issuer, request.shard);
  }
  return facts;
}

absl::StatusOr<SignedCrl> CrlSigner::Make(const Issuer& issuer,
                                          const CrlRequest& request) {
  std::optional<CrlContents> contents;
  while (true) {
    ASSIGN_OR_RETURN(CrlContents read,
                     CrlContents::Read(ledger_, issuer.issuer_id, request.shard,
                                       request.kind));
    const std::optional<CrlState>& newest = read.newest();
    if (!newest.has_value() || newest->this_update < read.this_update()) {
      contents = std::move(read);
      break;
    }
    // TRUST 2.8: a second later than what it replaces.
    options_.wait_until(newest->this_update + absl::Seconds(1));
  }
  const x509::CrlFacts facts = FactsOf(issuer, request, *contents);
  ASSIGN_OR_RETURN(const x509::Certificate ca,
                   x509::Certificate::Parse(base::AsBytes(issuer.certificate)));
  const policy::CrlFrame frame{
      .issuer = ca,
      .now = contents->this_update(),
      .previous_number =
          contents->newest().has_value() ? contents->newest()->number : 0,
      .br = issuer.br(),
      .distribution_point = facts.distribution_point,
      .base_number = facts.base_number,
      .freshest_url = facts.freshest_url};
  RETURN_IF_ERROR(RehearseCrl(issuer, facts));
  ASSIGN_OR_RETURN(WrittenCrl written, WriteCrl(issuer, *contents, facts, frame,
                                                files_, options_.after_step));
  // In the ledger before it leaves; its bytes are on the disk.
  const absl::Status recorded =
      ledger_.Execute([&](Transaction& tx) -> absl::Status {
        return tx
            .Append(ledger::CrlEntry{.issuer_id = issuer.issuer_id,
                                     .shard = request.shard,
                                     .kind = request.kind,
                                     .number = facts.number,
                                     .this_update = facts.this_update,
                                     .next_update = facts.next_update,
                                     .ledger_size = contents->ledger_size(),
                                     .revoked_count = written.entries,
                                     .crl_sha256 = written.sha256})
            .status();
      });
  // After a write that failed nobody knows whether the entry is there: the file
  // stays for the next start to decide about.
  if (!recorded.ok()) {
    if (!absl::IsUnavailable(recorded)) files_.Remove(written.sha256);
    return recorded;
  }
  if (options_.after_step) options_.after_step("recorded");
  if (contents->former().has_value()) {
    files_.Remove(contents->former()->crl_sha256);
  }
  return SignedCrl{
      .issuer_id = issuer.issuer_id,
      .number = facts.number,
      .this_update = facts.this_update,
      .next_update = facts.next_update,
      .refresh_at = RefreshAt(issuer, request.kind, facts.this_update),
      .entries = written.entries,
      .ledger_size = contents->ledger_size(),
      .base_number = facts.base_number.value_or(0),
      .size = written.size,
      .file = std::move(written.file)};
}

}  // namespace chancery::signer
