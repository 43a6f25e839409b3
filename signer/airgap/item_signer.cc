#include "signer/airgap/item_signer.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "signer/schedule.h"

namespace chancery::signer {
namespace {

using airgap::v1::Record;

// Who the ledger says called.
constexpr char kCaller[] = "airgap";

// Whether an error says that the item breaks a rule, rather than that nothing
// can be signed now.
bool IsAboutItem(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
      return true;
    default:
      return false;
  }
}

absl::Status NotPrivate(const Issuer& issuer) {
  return absl::PermissionDeniedError(absl::StrCat(
      "issuer \"", issuer.name,
      "\": policy br: its certificates and their OCSP records are not signed "
      "across an air gap (TRUST 10)"));
}

// The newest change of a status in each shard of each issuer, of entries from
// `since` on.
using Changes = std::map<std::pair<std::string, uint32_t>, uint64_t>;
absl::StatusOr<Changes> StatusChanges(const LedgerView& view, uint64_t since) {
  Changes out;
  for (uint64_t index = since; index < view.head().size; ++index) {
    ASSIGN_OR_RETURN(const ledger::Entry entry, view.state().EntryAt(index));
    const auto* change = std::get_if<ledger::StatusEntry>(&entry.body);
    if (change == nullptr) continue;
    ASSIGN_OR_RETURN(
        const CertificateState certificate,
        view.state().Certificate(change->issuer_id, change->serial));
    out[{change->issuer_id, certificate.crl_shard}] = index;
  }
  return out;
}

absl::Time CrlDueAt(const Issuer& issuer, const CrlState& crl) {
  return crl.this_update + (crl.kind == ledger::CrlKind::kDelta
                                ? issuer.delta_crl_interval / 2
                                : CrlRefreshAfter(issuer.crl_validity));
}

}  // namespace

bool MayPresign(const Issuer& issuer) {
  return issuer.br() != policy::br::Covers::kSubscribers;
}

absl::StatusOr<Record> ItemSigner::Sign(const Record& item) {
  Record record;
  record.mutable_outcome();
  const absl::Status done = Do(item, record);
  if (done.ok()) return record;
  if (!IsAboutItem(done)) return done;
  // A ledger that does not answer is not about the item; nor is its clock.
  RETURN_IF_ERROR(parts_.ledger.Read().status());
  // A reason may quote what the item held; a record's text is UTF-8.
  const std::string why(done.message());
  record.mutable_outcome()->set_refused(
      base::IsPlainText(why) ? why : base::Hex(base::AsBytes(why)));
  return record;
}

absl::Status ItemSigner::Do(const Record& item, Record& record) {
  airgap::v1::Outcome& outcome = *record.mutable_outcome();
  switch (item.record_case()) {
    case Record::kIssue: {
      const auto& issue = item.issue();
      outcome.set_request_id(issue.request_id());
      outcome.set_issuer(issue.issuer());
      ASSIGN_OR_RETURN(const Issuer* issuer,
                       parts_.issuers.Named(issue.issuer()));
      if (!MayPresign(*issuer)) return NotPrivate(*issuer);
      ASSIGN_OR_RETURN(
          const Issued issued,
          parts_.issuance.Issue({.asker = {.caller_uri = kCaller,
                                           .requester = issue.requester(),
                                           .request_id = issue.request_id()},
                                 .issuer = issue.issuer(),
                                 .profile = issue.profile(),
                                 .csr = issue.csr()}));
      outcome.set_serial(issued.serial);
      outcome.set_certificate(issued.certificate);
      return absl::OkStatus();
    }
    case Record::kRevoke: {
      const auto& revoke = item.revoke();
      outcome.set_request_id(revoke.request_id());
      outcome.set_issuer(revoke.issuer());
      outcome.set_serial(revoke.serial());
      RevokeRequest request{.asker = {.caller_uri = kCaller,
                                      .requester = revoke.requester(),
                                      .request_id = revoke.request_id()},
                            .issuer = revoke.issuer(),
                            .serial = revoke.serial(),
                            .reason = revoke.reason()};
      if (revoke.revoked_at_seconds() != 0) {
        request.revoked_at = absl::FromUnixSeconds(revoke.revoked_at_seconds());
      }
      return parts_.revocation.Revoke(request).status();
    }
    case Record::kSignCrl: {
      const auto& crl = item.sign_crl();
      outcome.set_crls(1);
      return parts_.crls
          .SignCrl({.issuer = crl.issuer(),
                    .shard = crl.shard(),
                    .kind = crl.is_delta() ? ledger::CrlKind::kDelta
                                           : ledger::CrlKind::kFull})
          .status();
    }
    case Record::kSignBlock:
      outcome.set_blocks(1);
      return SignBlock(item.sign_block().block_id());
    case Record::kSignDue:
      return SignDue(absl::FromUnixSeconds(item.sign_due().due_by_seconds()),
                     record);
    default:
      return absl::InvalidArgumentError("item: of no kind that is known here");
  }
}

absl::Status ItemSigner::SignBlock(const std::string& block_id) {
  std::string issuer_id;
  {
    ASSIGN_OR_RETURN(const auto view, parts_.ledger.Read());
    ASSIGN_OR_RETURN(const BlockState block, view->state().Block(block_id));
    issuer_id = block.issuer_id;
  }
  ASSIGN_OR_RETURN(const Issuer* issuer, parts_.issuers.WithId(issuer_id));
  if (!MayPresign(*issuer)) return NotPrivate(*issuer);
  return parts_.blocks.SignBlock(block_id).status();
}

absl::Status ItemSigner::SignDue(absl::Time due_by, Record& record) {
  ASSIGN_OR_RETURN(const BlockList list, parts_.blocks.ListBlocks(0));
  uint64_t blocks = 0;
  for (const ListedBlock& block : list.blocks) {
    if (block.version != 0 && block.refresh_at > due_by) continue;
    const auto issuer = parts_.issuers.WithId(block.issuer_id);
    if (!issuer.ok() || !MayPresign(**issuer)) continue;
    RETURN_IF_ERROR(parts_.blocks.SignBlock(block.block_id).status());
    ++blocks;
  }
  ASSIGN_OR_RETURN(const uint64_t crls, SignDueCrls(due_by));
  record.mutable_outcome()->set_blocks(blocks);
  record.mutable_outcome()->set_crls(crls);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ItemSigner::SignDueCrls(absl::Time due_by) {
  struct Scope {
    const Issuer* issuer;
    uint32_t shard;
    ledger::CrlKind kind;
    std::optional<CrlState> crl;
  };
  std::vector<Scope> scopes;
  Changes changes;
  {
    ASSIGN_OR_RETURN(const auto view, parts_.ledger.Read());
    uint64_t since = view->head().size;
    for (const Issuer& issuer : parts_.issuers.all()) {
      // A delta adds to a full one.
      for (const auto kind :
           {ledger::CrlKind::kFull, ledger::CrlKind::kDelta}) {
        if (kind == ledger::CrlKind::kDelta &&
            issuer.delta_crl_interval == absl::ZeroDuration()) {
          continue;
        }
        for (uint32_t shard = 0; shard < issuer.crl_shards; ++shard) {
          ASSIGN_OR_RETURN(std::optional<CrlState> crl,
                           view->state().Crl(issuer.issuer_id, shard, kind));
          if (crl.has_value()) since = std::min(since, crl->ledger_size);
          scopes.push_back({&issuer, shard, kind, std::move(crl)});
        }
      }
    }
    ASSIGN_OR_RETURN(changes, StatusChanges(*view, since));
  }
  uint64_t made = 0;
  for (const Scope& scope : scopes) {
    const auto change = changes.find({scope.issuer->issuer_id, scope.shard});
    const bool lacks = change != changes.end() && scope.crl.has_value() &&
                       change->second >= scope.crl->ledger_size;
    if (scope.crl.has_value() && !lacks &&
        CrlDueAt(*scope.issuer, *scope.crl) > due_by) {
      continue;
    }
    RETURN_IF_ERROR(parts_.crls
                        .SignCrl({.issuer = scope.issuer->name,
                                  .shard = scope.shard,
                                  .kind = scope.kind})
                        .status());
    ++made;
  }
  return made;
}

}  // namespace chancery::signer
