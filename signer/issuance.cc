#include "signer/issuance.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "signer/issuance_order.h"
#include "signer/origin.h"

namespace chancery::signer {

Issuance::Issuance(Ledger& ledger, const IssuerTable& issuers,
                   BlockSigner& blocks, const base::Clock& clock,
                   base::Random& random, SigningThreads* threads)
    : ledger_(ledger),
      issuers_(issuers),
      blocks_(blocks),
      clock_(clock),
      random_(random),
      threads_(threads != nullptr ? *threads : none_) {
  // One of each key, whoever shares it.
  std::map<const crypto::SigningKey*, std::string> signatures;
  for (const Issuer& issuer : issuers.all()) {
    frames_[issuer.name] = [&]() -> absl::StatusOr<Frame> {
      ASSIGN_OR_RETURN(
          x509::Certificate ca,
          x509::Certificate::Parse(base::AsBytes(issuer.certificate)));
      std::string& signature = signatures[issuer.rehearsal_key.get()];
      if (signature.empty()) {
        ASSIGN_OR_RETURN(
            signature, issuer.rehearsal_key->Sign(base::AsBytes(issuer.name)));
      }
      auto verifier = std::make_unique<const crypto::RepeatedVerifier>(
          ca.public_key(), tables_);
      return Frame{std::move(ca), signature, std::move(verifier)};
    }();
  }
}

absl::StatusOr<std::optional<Issued>> Issuance::Repeated(
    const State& state, const Issuer& issuer, const ledger::Origin& origin) {
  ASSIGN_OR_RETURN(const auto before, state.Request(origin));
  if (!before.has_value()) return std::nullopt;
  if (before->request_hash != origin.request_hash)
    return UsedForAnother(origin);
  ASSIGN_OR_RETURN(const ledger::Entry entry, state.EntryAt(before->index));
  const auto* issued = std::get_if<ledger::CertificateEntry>(&entry.body);
  if (issued == nullptr) return UsedForAnother(origin);
  return Issued{.certificate = issued->certificate,
                .chain = issuer.chain,
                .issuer_id = issued->issuer_id,
                .serial = issued->serial,
                .updates = {},
                .ledger_index = before->index,
                .repeated = true,
                .block_id = issued->block_id,
                .place = issued->place,
                .crl_shard = issued->crl_shard};
}

absl::Status Issuance::RecordOne(Transaction& transaction,
                                 absl::StatusOr<Order>& prepared) {
  Order& order = *prepared;
  ledger::CertificateEntry& entry = order.entry;
  ASSIGN_OR_RETURN(const auto before,
                   transaction.state().Request(entry.origin));
  order.raced = before.has_value();
  if (order.raced) return absl::OkStatus();
  // Since it was prepared: that is its own fault.
  if (const absl::Status compromised =
          CheckNotCompromised(transaction.state(), order.spki_sha256);
      !compromised.ok()) {
    prepared = compromised;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(
      const Place place,
      transaction.state().NextPlace({.issuer_id = entry.issuer_id,
                                     .lifetime_class = entry.lifetime_class,
                                     .imported = false,
                                     .capacity = order.issuer->block_capacity},
                                    transaction.time()));
  entry.block_id = place.block_id;
  entry.place = place.place;
  entry.block_capacity = place.block_capacity;
  ASSIGN_OR_RETURN(order.index, transaction.Append(entry));
  return absl::OkStatus();
}

void Issuance::Record(std::vector<absl::StatusOr<Order>>& orders) {
  const absl::Status written =
      ledger_.Execute([&](Transaction& transaction) -> absl::Status {
        for (absl::StatusOr<Order>& order : orders) {
          if (!order.ok() || order->repeated.has_value()) continue;
          RETURN_IF_ERROR(RecordOne(transaction, order));
        }
        return absl::OkStatus();
      });
  for (absl::StatusOr<Order>& order : orders) {
    if (!order.ok() || order->repeated.has_value()) continue;
    if (!written.ok()) {
      order = written;
      continue;
    }
    if (!order->raced) continue;
    // The same request came twice at once; the other one was first.
    auto repeated = [&]() -> absl::StatusOr<std::optional<Issued>> {
      ASSIGN_OR_RETURN(const auto view, ledger_.Read());
      return Repeated(view->state(), *order->issuer, order->entry.origin);
    }();
    if (!repeated.ok()) {
      order = repeated.status();
    } else if (!repeated->has_value()) {
      order = absl::InternalError("issue: a request disappeared");
    } else {
      order->repeated = *std::move(repeated);
    }
  }
}

IssuedBatch Issuance::Answer(std::vector<absl::StatusOr<Order>> orders) {
  // Of each block the last entry that its records have to reflect.
  std::map<std::string, uint64_t> last;
  for (const absl::StatusOr<Order>& order : orders) {
    if (!order.ok() || order->repeated.has_value()) continue;
    uint64_t& index = last[order->entry.block_id];
    index = std::max(index, order->index);
  }
  IssuedBatch out;
  // If this fails the caller repeats the request.
  std::map<std::string, absl::Status> failed;
  for (const auto& [block_id, index] : last) {
    auto updates = blocks_.SignPending(block_id, index);
    if (!updates.ok()) {
      failed[block_id] = updates.status();
      continue;
    }
    std::move(updates->updates.begin(), updates->updates.end(),
              std::back_inserter(out.updates));
  }
  for (absl::StatusOr<Order>& order : orders) {
    if (!order.ok()) {
      out.results.push_back(order.status());
    } else if (order->repeated.has_value()) {
      out.results.push_back(*std::move(order->repeated));
    } else if (const auto why = failed.find(order->entry.block_id);
               why != failed.end()) {
      out.results.push_back(why->second);
    } else {
      out.results.push_back(
          Issued{.certificate = std::move(order->entry.certificate),
                 .chain = order->issuer->chain,
                 .issuer_id = order->issuer->issuer_id,
                 .serial = std::move(order->entry.serial),
                 .updates = {},
                 .ledger_index = order->index,
                 .repeated = false,
                 .block_id = std::move(order->entry.block_id),
                 .place = order->entry.place,
                 .crl_shard = order->entry.crl_shard});
    }
  }
  return out;
}

// A repeated request gets the present state of its certificate's block, once
// for all that share one.
void Issuance::AddRepeated(IssuedBatch& batch) {
  std::set<std::string> blocks;
  for (absl::StatusOr<Issued>& result : batch.results) {
    if (!result.ok() || !result->repeated) continue;
    const absl::Status added = [&]() -> absl::Status {
      ASSIGN_OR_RETURN(const auto view, ledger_.Read());
      ASSIGN_OR_RETURN(
          const CertificateState state,
          view->state().Certificate(result->issuer_id, result->serial));
      if (!blocks.insert(state.block_id).second) return absl::OkStatus();
      ASSIGN_OR_RETURN(const BlockUpdates present,
                       blocks_.GetBlock(state.block_id, 0));
      batch.updates.insert(batch.updates.end(), present.updates.begin(),
                           present.updates.end());
      return absl::OkStatus();
    }();
    if (!added.ok()) result = added;
  }
}

void Issuance::Admit(size_t certificates) {
  base::MutexLock lock(mu_);
  const uint64_t turn = last_turn_++;
  while (turn != turn_ ||
         (unsigned_ != 0 && unsigned_ + certificates > kMaxBatch)) {
    changed_.Wait(mu_);
  }
  ++turn_;
  unsigned_ += certificates;
  changed_.NotifyAll();
}

void Issuance::Leave(size_t certificates) {
  base::MutexLock lock(mu_);
  unsigned_ -= certificates;
  changed_.NotifyAll();
}

IssuedBatch Issuance::IssueBatch(absl::Span<const IssueRequest> requests) {
  if (requests.size() > kMaxBatch) {
    return {.results = {
                requests.size(),
                absl::InvalidArgumentError(absl::StrCat(
                    "requests: ", requests.size(), ": at most ", kMaxBatch))}};
  }
  std::vector<absl::StatusOr<Order>> orders = PrepareAll(requests);
  Admit(requests.size());
  Record(orders);
  IssuedBatch batch = Answer(std::move(orders));
  Leave(requests.size());
  AddRepeated(batch);
  return batch;
}

absl::StatusOr<Issued> Issuance::Issue(const IssueRequest& request) {
  IssuedBatch batch = IssueBatch({&request, 1});
  RETURN_IF_ERROR(batch.results[0].status());
  Issued issued = *std::move(batch.results[0]);
  issued.updates = std::move(batch.updates);
  return issued;
}

}  // namespace chancery::signer
