#include "signer/mass_revocation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "signer/origin.h"
#include "signer/status_change.h"

namespace chancery::signer {
namespace {

// What one signature of a block should cover at most (TRUST 4).
constexpr size_t kMaxDeltaRecords = 256;
// Updates that are told together: far less than a message holds.
constexpr size_t kMaxUpdateBytes = 2 << 20;

absl::Status CheckSerials(const std::vector<std::string>& serials) {
  if (serials.empty() || serials.size() > MassRevocation::kMaxSerials) {
    return absl::InvalidArgumentError(
        absl::StrCat("serials: ", serials.size(), " of them; 1 to ",
                     MassRevocation::kMaxSerials, " are allowed"));
  }
  for (size_t i = 0; i < serials.size(); ++i) {
    const std::string& serial = serials[i];
    if (!serial.empty() && serial.size() <= ledger::kMaxSerialSize &&
        serial[0] != 0) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("serials[", i, "]: ", base::Hex(base::AsBytes(serial)),
                     ": must have 1 to ", ledger::kMaxSerialSize,
                     " octets and not begin with zero"));
  }
  return absl::OkStatus();
}

// Whether an error is about one certificate alone.
bool IsRefusal(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status);
}

}  // namespace

// One call, with all that follows from the request alone.
struct MassRevocation::Plan {
  const Issuer* issuer = nullptr;
  ledger::StatusEntry change = {};  // Of each, but for serial and date.
  std::optional<absl::Time> date = {};
  std::vector<std::string> serials = {};  // Sorted.
  std::optional<TrustedOrder> order = {};
  ledger::Origin order_origin = {};
  // The first entry of this request, or of this order, in the ledger.
  std::optional<uint64_t> began = {};

  // As ChangeFor; a refusal too for what was released since the request began:
  // what was done once is not done again.
  absl::StatusOr<std::optional<ledger::StatusEntry>> For(
      const State& state, const CertificateState& held, absl::Time now) const {
    if (began.has_value() && held.status == CertificateStatus::kGood &&
        held.changed_index > *began &&
        held.changed_index != held.issued_index) {
      return absl::FailedPreconditionError(
          absl::StrCat("serial ", base::Hex(base::AsBytes(held.serial)),
                       ": was released after this request began: it takes "
                       "another request id"));
    }
    return ChangeFor(*issuer, state, held, change, date, now);
  }
};

absl::StatusOr<MassRevocation::Plan> MassRevocation::Prepare(
    const RevokeManyRequest& request) const {
  Plan plan;
  ASSIGN_OR_RETURN(plan.issuer, parts_.issuers.Named(request.issuer));
  plan.date = request.revoked_at;
  ASSIGN_OR_RETURN(plan.change, RevocationFor(*plan.issuer, request.reason,
                                              plan.date, parts_.clock.Now()));
  RETURN_IF_ERROR(CheckSerials(request.serials));
  plan.serials = request.serials;
  ledger::SortSerials(plan.serials);
  ASSIGN_OR_RETURN(
      plan.change.origin,
      MakeOrigin(request.asker, {"status of many", plan.issuer->issuer_id,
                                 ledger::SerialsSha256(plan.serials),
                                 Describe(plan.change, plan.date)}));
  if (request.order.empty()) return plan;
  ASSIGN_OR_RETURN(plan.order,
                   parts_.orders.Verify(request.order, request.asker));
  RETURN_IF_ERROR(CheckOrderFits(plan.order->order, request, plan.serials));
  // An order belongs to the first request that used it, whichever way it came.
  ASSIGN_OR_RETURN(
      plan.order_origin,
      MakeOrigin({.caller_uri = plan.order->signer_uri,
                  .requester = {},
                  .request_id = plan.order->order.id},
                 {"revocation order", ledger::EncodeOrder(plan.order->order),
                  request.asker.request_id}));
  return plan;
}

absl::StatusOr<std::vector<BlockMember>> MassRevocation::Survey(
    Plan& plan, RevokedMany& told) const {
  ASSIGN_OR_RETURN(const auto view, parts_.ledger.Read());
  const State& state = view->state();
  ASSIGN_OR_RETURN(const auto before, state.Request(plan.change.origin));
  if (before.has_value()) {
    if (before->request_hash != plan.change.origin.request_hash) {
      return UsedForAnother(plan.change.origin);
    }
    plan.began = before->index;
  }
  ASSIGN_OR_RETURN(const auto ordered, state.Request(plan.order_origin));
  if (ordered.has_value()) {
    if (ordered->request_hash != plan.order_origin.request_hash) {
      return absl::AlreadyExistsError(
          absl::StrCat("order: \"", plan.order->order.id,
                       "\" was used for another request"));
    }
    plan.began = std::min(plan.began.value_or(ordered->index), ordered->index);
  }
  std::vector<BlockMember> members;
  for (const std::string& serial : plan.serials) {
    auto held = state.Certificate(plan.issuer->issuer_id, serial);
    if (absl::IsNotFound(held.status())) {
      told.refused.push_back(
          {.serial = serial,
           .why = absl::NotFoundError(absl::StrCat(
               "serial ", base::Hex(base::AsBytes(serial)), ": issuer \"",
               plan.issuer->name, "\" never issued it"))});
      continue;
    }
    RETURN_IF_ERROR(held.status());
    const auto entry = plan.For(state, *held, view->time());
    if (!entry.ok()) {
      if (!IsRefusal(entry.status())) return entry.status();
      told.refused.push_back({.serial = serial, .why = entry.status()});
    } else if (!entry->has_value()) {
      ++told.already_revoked;
    } else {
      members.push_back({.serial = serial,
                         .block_id = std::move(held->block_id),
                         .place = held->place});
    }
  }
  told.total = plan.serials.size();
  told.done = told.total - members.size();
  return members;
}

absl::StatusOr<uint64_t> MassRevocation::Record(
    const Plan& plan, const std::vector<BlockMember>& members,
    RevokedMany& told) {
  RevokedMany outcome;
  uint64_t last = 0;
  // The commit point. A crash before it leaves none of these; after it all are
  // revoked, and whoever follows the ledger has them signed.
  RETURN_IF_ERROR(parts_.ledger.Execute([&](Transaction& tx) -> absl::Status {
    std::vector<ledger::StatusEntry> entries;
    for (const BlockMember& member : members) {
      ASSIGN_OR_RETURN(
          const CertificateState held,
          tx.state().Certificate(plan.issuer->issuer_id, member.serial));
      auto entry = plan.For(tx.state(), held, tx.time());
      if (!entry.ok()) {
        if (!IsRefusal(entry.status())) return entry.status();
        outcome.refused.push_back(
            {.serial = member.serial, .why = entry.status()});
      } else if (!entry->has_value()) {
        ++outcome.already_revoked;
      } else {
        entries.push_back(**std::move(entry));
      }
    }
    if (entries.empty()) return absl::OkStatus();
    if (plan.order.has_value()) {
      RETURN_IF_ERROR(
          tx.Append(ledger::OrderEntry{
                        .count = static_cast<uint32_t>(entries.size()),
                        .origin = plan.order_origin,
                        .order = plan.order->file})
              .status());
    } else {
      RETURN_IF_ERROR(parts_.limit.Check(entries.size(), tx.time()));
    }
    for (ledger::StatusEntry& entry : entries) {
      ASSIGN_OR_RETURN(last, tx.Append(std::move(entry)));
    }
    outcome.revoked = entries.size();
    if (!plan.order.has_value()) {
      parts_.limit.Count(entries.size(), tx.time());
    }
    return absl::OkStatus();
  }));
  told.done += members.size();
  told.revoked += outcome.revoked;
  told.already_revoked += outcome.already_revoked;
  for (RefusedSerial& refused : outcome.refused) {
    told.refused.push_back(std::move(refused));
  }
  return last;
}

absl::Status MassRevocation::RevokeMany(
    const RevokeManyRequest& request,
    absl::FunctionRef<absl::Status(const RevokedMany&)> report) {
  ASSIGN_OR_RETURN(Plan plan, Prepare(request));
  RevokedMany told;
  ASSIGN_OR_RETURN(std::vector<BlockMember> members, Survey(plan, told));
  if (!plan.order.has_value() && !members.empty()) {
    // Sooner than half way.
    RETURN_IF_ERROR(parts_.limit.Check(members.size(), parts_.clock.Now()));
  }
  const auto tell = [&]() -> absl::Status {
    RETURN_IF_ERROR(report(told));
    told.refused.clear();
    told.updates.clear();
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(tell());
  RevocationBatches batches(std::move(members), parts_.max_entries,
                            kMaxDeltaRecords);
  while (const auto batch = batches.Next()) {
    ASSIGN_OR_RETURN(const uint64_t last, Record(plan, batch->members, told));
    size_t bytes = 0;
    for (const std::string& block_id : batch->sign) {
      // As in Revocation: what cannot be signed now is signed for whoever
      // follows the ledger.
      auto updates = parts_.blocks.SignRevoked(block_id, last);
      if (!updates.ok()) continue;
      for (block::Update& update : updates->updates) {
        bytes += update.content.size();
        told.updates.push_back(std::move(update));
      }
      if (bytes < kMaxUpdateBytes) continue;
      RETURN_IF_ERROR(tell());
      bytes = 0;
    }
    RETURN_IF_ERROR(tell());
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
