#include "signer/block_renewal.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "signer/record_signer.h"
#include "signer/schedule.h"

namespace chancery::signer {
namespace {

// A good record whose certificate expires soon is kept as it is (TRUST 5): it
// lasts to the certificate's end, unless this refresh comes late.
bool IsLeftAlone(const CertificateState& member,
                 const std::optional<block::RecordFacts>& held,
                 absl::Time this_update) {
  return held.has_value() && SaysTheSame(*held, member) &&
         member.status == CertificateStatus::kGood &&
         member.not_after - this_update < kLastRefresh &&
         held->next_update >= member.not_after;
}

}  // namespace

std::vector<block::Record*> Renewal::ToSign() {
  std::vector<block::Record*> out;
  out.reserve(changed.size());
  for (const uint32_t place : changed) {
    if (records[place].status != block::RecordStatus::kEmpty) {
      out.push_back(&records[place]);
    }
  }
  return out;
}

Renewal Renew(const Issuer& issuer, const BlockReading& reading,
              const block::Block* held, bool whole) {
  const absl::Time now = reading.this_update;
  const uint32_t held_count = held == nullptr ? 0 : held->count();
  const bool same_form =
      held != nullptr && SameTemplates(held->templates(), issuer.templates);
  Renewal out;
  if (whole && held != nullptr) out.youngest = held->manifest().this_update;
  if (held == nullptr && reading.block.version != 0) {
    out.youngest = reading.block.this_update;
  }
  out.records.resize(std::max<size_t>(held_count, reading.block.count));
  std::vector<bool> is_member(out.records.size());
  for (const CertificateState& member : reading.members) {
    is_member[member.place] = true;
    std::optional<block::RecordFacts> before;
    if (member.place < held_count) before = held->Facts(member.place);
    if (before.has_value() && before->status == block::RecordStatus::kEmpty) {
      before.reset();
    }
    if (whole && same_form && IsLeftAlone(member, before, now) &&
        before->next_update > now) {
      out.records[member.place] = held->At(member.place);
      continue;
    }
    if (before.has_value()) {
      out.youngest = std::max(out.youngest, before->this_update);
    }
    out.records[member.place] = RecordFor(issuer, member, now);
    out.changed.push_back(member.place);
  }
  for (uint32_t place = 0; whole && place < held_count; ++place) {
    if (!is_member[place]) out.records[place] = held->At(place);
  }
  return out;
}

block::Manifest FactsOf(const Issuer& issuer, const BlockReading& reading,
                        const block::Block* held) {
  block::Manifest facts;
  facts.block_id = *block::ToBlockId(reading.block.block_id);
  std::memcpy(facts.issuer_id.data(), issuer.issuer_id.data(),
              facts.issuer_id.size());
  facts.capacity = reading.block.capacity;
  facts.this_update = reading.this_update;
  facts.next_update =
      std::min(reading.this_update + issuer.ocsp_validity - absl::Seconds(1),
               issuer.ocsp_signer_not_after);
  facts.produced_at = reading.this_update;
  facts.ledger_size = reading.ledger_size;
  facts.epoch = reading.epoch;
  if (held != nullptr) facts.previous = held->signed_manifest().Hash();
  return facts;
}

absl::Time RefreshAt(const Issuer& issuer,
                     const std::vector<block::Record>& records,
                     absl::Time this_update) {
  const absl::Time regular = this_update + RefreshAfter(issuer.ocsp_validity);
  for (const block::Record& record : records) {
    if (record.status != block::RecordStatus::kEmpty) return regular;
  }
  return absl::InfiniteFuture();
}

bool SameTemplates(const block::Templates& a, const block::Templates& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const auto& x, const auto& y) { return x->id() == y->id(); });
}

}  // namespace chancery::signer
