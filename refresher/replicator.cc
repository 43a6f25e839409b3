#include "refresher/replicator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "refresher/transient.h"

namespace chancery::refresher {

Replicator::Replicator(ResponderClient& client, storage::Inventory& inventory,
                       const base::Clock& clock, Options options)
    : client_(client),
      inventory_(inventory),
      clock_(clock),
      options_(std::move(options)) {
  state_.name = options_.name;
  state_.address = options_.address;
}

absl::StatusOr<std::vector<bool>> Replicator::Push(
    const std::vector<block::Update>& updates) {
  std::vector<block::Update> sent;
  for (const block::Update& update : updates) {
    if (!IsBrought(update)) sent.push_back(update);
  }
  absl::StatusOr<std::vector<ApplyResult>> results = std::vector<ApplyResult>();
  if (!sent.empty()) results = client_.Apply(sent);
  if (!results.ok()) return Failed(results.status());
  std::vector<bool> accepted;
  bool all = true;
  auto result = results->begin();
  for (const block::Update& update : updates) {
    if (IsBrought(update)) {
      accepted.push_back(true);
      continue;
    }
    bool taken = result->accepted;
    if (!taken) {
      // It lacks what the update builds on.
      auto path = Path(update.block_id, result->version);
      if (!path.ok()) return Missed(path.status());
      std::map<std::string, uint64_t> holds;
      Batch batch{.updates = *std::move(path), .bytes = 0};
      RETURN_IF_ERROR(Send(batch, holds));
      taken = holds[update.block_id] >= update.version;
    }
    accepted.push_back(taken);
    all = all && taken;
    ++result;
  }
  NoteReached(updates);
  if (!all) MarkMissed();
  return accepted;
}

absl::StatusOr<std::vector<bool>> Replicator::PushEarly(
    const std::vector<block::Update>& updates) {
  const absl::StatusOr<std::vector<ApplyResult>> results =
      client_.Apply(updates);
  if (!results.ok()) return Failed(results.status());
  std::vector<bool> accepted;
  for (const ApplyResult& result : *results) {
    accepted.push_back(result.accepted);
  }
  NoteReached(updates);
  return accepted;
}

void Replicator::NoteReached(const std::vector<block::Update>& updates) {
  base::MutexLock lock(mu_);
  state_.reachable = true;
  for (const block::Update& update : updates) {
    state_.newest_version = std::max(state_.newest_version, update.version);
  }
}

absl::Status Replicator::Converge(absl::FunctionRef<void()> meanwhile) {
  {
    base::MutexLock lock(mu_);
    missed_ = false;
  }
  brought_.clear();
  // The inventory first: what it gains meanwhile counts for the next time.
  auto wanted = inventory_.BlockVersions();
  if (!wanted.ok()) return wanted.status();
  auto wanted_crls = inventory_.ListCrls();
  if (!wanted_crls.ok()) return wanted_crls.status();
  const absl::Time asked_at = clock_.Now();
  auto held = client_.GetVersions();
  if (!held.ok()) return Failed(held.status());

  uint64_t behind = 0;
  uint64_t crls_behind = 0;
  absl::Status done = ConvergeBlocks(*wanted, *held, behind);
  if (done.ok())
    done = ConvergeCrls(*wanted_crls, *held, meanwhile, crls_behind);
  {
    base::MutexLock lock(mu_);
    state_.blocks_behind = behind;
    state_.crls_behind = crls_behind;
  }
  if (!done.ok()) return Missed(done);
  const absl::Status head = PushHead();
  if (behind + crls_behind != 0) {
    base::MutexLock lock(mu_);
    state_.reachable = true;
    state_.caught_up = false;
    return absl::FailedPreconditionError(
        absl::StrCat("responder: ", behind, " blocks and ", crls_behind,
                     " CRLs behind: ", state_.detail));
  }
  RETURN_IF_ERROR(head);
  for (const auto& [block_id, version] : *wanted) {
    held->blocks[block_id] = std::max(held->blocks[block_id], version);
  }
  for (const storage::CrlRow& crl : *wanted_crls) {
    held->crls[crl.scope()] = crl.number;
  }
  RETURN_IF_ERROR(Describe(*held));
  base::MutexLock lock(mu_);
  state_.reachable = true;
  state_.detail.clear();
  state_.caught_up_at = asked_at;
  state_.caught_up = !missed_;
  return absl::OkStatus();
}

void Replicator::MarkMissed() {
  base::MutexLock lock(mu_);
  missed_ = true;
  state_.caught_up = false;
}

ResponderState Replicator::state() const {
  base::MutexLock lock(mu_);
  return state_;
}

absl::Status Replicator::ConvergeBlocks(
    const std::map<std::string, uint64_t>& wanted, const HeldVersions& held,
    uint64_t& behind) {
  std::map<std::string, uint64_t> lacking;  // Block -> the version it has.
  for (const auto& [block_id, version] : wanted) {
    const auto found = held.blocks.find(block_id);
    const uint64_t has = found == held.blocks.end() ? 0 : found->second;
    if (has < version) lacking[block_id] = has;
  }
  behind = lacking.size();
  SetLacking(lacking);
  Batch batch;
  std::map<std::string, uint64_t> holds;
  for (const auto& [block_id, has] : lacking) {
    ASSIGN_OR_RETURN(std::vector<block::Update> path, Path(block_id, has));
    for (block::Update& update : path) {
      batch.bytes += update.content.size();
      batch.updates.push_back(std::move(update));
    }
    if (batch.bytes >= options_.batch_bytes) {
      RETURN_IF_ERROR(Send(batch, holds));
    }
  }
  RETURN_IF_ERROR(Send(batch, holds));
  brought_ = holds;
  std::erase_if(lacking, [&](const auto& block) {
    return holds[block.first] >= wanted.at(block.first);
  });
  behind = lacking.size();
  SetLacking(std::move(lacking));
  return absl::OkStatus();
}

absl::Status Replicator::ConvergeCrls(
    const std::vector<storage::CrlRow>& wanted, const HeldVersions& held,
    absl::FunctionRef<void()> meanwhile, uint64_t& behind) {
  for (const storage::CrlRow& crl : wanted) {
    const auto found = held.crls.find(crl.scope());
    if (found == held.crls.end() || found->second < crl.number) ++behind;
  }
  for (const storage::CrlRow& crl : wanted) {
    const auto found = held.crls.find(crl.scope());
    if (found != held.crls.end() && found->second >= crl.number) continue;
    uint32_t part = 0;
    absl::Status read;
    const auto number = client_.PutCrl(
        crl, [&]() -> absl::StatusOr<std::optional<std::string>> {
          meanwhile();
          auto piece = inventory_.GetCrlPart(crl, part++);
          read.Update(piece.status());
          return piece;
        });
    // Of the inventory, not of the responder: a newer one came, for instance.
    RETURN_IF_ERROR(read);
    if (!number.ok() && IsTransient(number.status())) {
      return Failed(number.status());
    }
    if (!number.ok()) {
      Refused(absl::StrCat("CRL ", crl.number, ": ",
                           std::string(number.status().message())));
    } else if (*number >= crl.number) {
      --behind;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<block::Update>> Replicator::Path(
    const std::string& block_id, uint64_t held) {
  ASSIGN_OR_RETURN(storage::BlockRow row, inventory_.GetBlock(block_id));
  std::vector<std::string> templates;
  for (const std::string& id : row.template_ids) {
    auto found = templates_.find(id);
    if (found == templates_.end()) {
      ASSIGN_OR_RETURN(std::string encoded, inventory_.GetTemplate(id));
      found = templates_.emplace(id, std::move(encoded)).first;
    }
    templates.push_back(found->second);
  }
  std::vector<block::Update> path;
  const auto starts_at = [&](const storage::DeltaRow& delta) {
    return held != 0 && delta.base_version == held;
  };
  auto delta = std::find_if(row.deltas.begin(), row.deltas.end(), starts_at);
  if (delta == row.deltas.end()) {
    path.push_back({.block_id = block_id,
                    .version = row.version,
                    .base_version = 0,
                    .content = std::move(row.data),
                    .templates = templates});
    delta = row.deltas.begin();
  }
  for (; delta != row.deltas.end(); ++delta) {
    path.push_back({.block_id = block_id,
                    .version = delta->version,
                    .base_version = delta->base_version,
                    .content = std::move(delta->data),
                    .templates = templates});
  }
  return path;
}

absl::Status Replicator::Send(Batch& batch,
                              std::map<std::string, uint64_t>& holds) {
  if (batch.updates.empty()) return absl::OkStatus();
  const auto results = client_.Apply(batch.updates);
  if (!results.ok()) return Failed(results.status());
  {
    base::MutexLock lock(mu_);
    state_.repaired_updates += batch.updates.size();
    for (const block::Update& update : batch.updates) {
      state_.repaired_bytes += update.content.size();
    }
  }
  for (const ApplyResult& result : *results) {
    holds[result.block_id] = result.version;
    if (result.accepted) continue;
    Refused(absl::StrCat("block ", base::Hex(base::AsBytes(result.block_id)),
                         ": ", result.detail));
  }
  batch = Batch();
  return absl::OkStatus();
}

absl::Status Replicator::PushHead() {
  auto newest = inventory_.GetHead(options_.signer);
  if (absl::IsNotFound(newest.status())) return absl::OkStatus();
  if (!newest.ok()) return newest.status();
  const auto standing = client_.PutHead(
      {.head = std::move(newest->head), .index = std::move(newest->index)});
  // Another refresher has brought it a newer one.
  if (absl::IsFailedPrecondition(standing.status())) return absl::OkStatus();
  if (!standing.ok()) return Failed(standing.status());
  base::MutexLock lock(mu_);
  state_.head = *standing;
  return absl::OkStatus();
}

absl::Status Replicator::Describe(const HeldVersions& held) {
  ResponderStatus status;
  auto described = client_.GetStatus();
  if (described.ok()) {
    status = *std::move(described);
  } else if (absl::IsPermissionDenied(described.status())) {
    // It lets us push and not look: what we know ourselves has to do.
    status.blocks = held.blocks.size();
    status.crls = held.crls.size();
    status.head = state().head;
    for (const auto& [block_id, version] : held.blocks) {
      status.newest_version = std::max(status.newest_version, version);
    }
  } else {
    return Failed(described.status());
  }
  base::MutexLock lock(mu_);
  state_.blocks = status.blocks;
  state_.crls = status.crls;
  state_.newest_version = status.newest_version;
  state_.head = status.head;
  state_.http_address = status.http_address;
  state_.version = status.version;
  return absl::OkStatus();
}

absl::Status Replicator::Missed(absl::Status status) {
  base::MutexLock lock(mu_);
  missed_ = true;
  state_.caught_up = false;
  state_.detail = std::string(status.message());
  return status;
}

absl::Status Replicator::Failed(absl::Status status) {
  brought_.clear();  // It may come back with nothing.
  if (IsTransient(status)) {
    base::MutexLock lock(mu_);
    state_.reachable = false;
    state_.head.ready = false;
  }
  return Missed(std::move(status));
}

bool Replicator::IsBrought(const block::Update& update) const {
  if (update.is_delta()) return false;
  const auto found = brought_.find(update.block_id);
  return found != brought_.end() && found->second >= update.version;
}

void Replicator::SetLacking(std::map<std::string, uint64_t> lacking) {
  auto shared = std::make_shared<const std::map<std::string, uint64_t>>(
      std::move(lacking));
  base::MutexLock lock(mu_);
  state_.lacking = std::move(shared);
}

void Replicator::Refused(const std::string& detail) {
  base::MutexLock lock(mu_);
  state_.detail = detail;
}

}  // namespace chancery::refresher
