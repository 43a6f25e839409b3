#include "audit/certificate_table.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"

namespace chancery::audit {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

}  // namespace

CertificateTable::CertificateTable() : by_serial_(0, Hash{this}, Equal{this}) {}

size_t CertificateTable::Hash::operator()(const Key& key) const {
  return absl::HashOf(key.issuer, key.serial);
}

size_t CertificateTable::Hash::operator()(CertificateNumber number) const {
  return (*this)(table->KeyOf(number));
}

bool CertificateTable::Equal::operator()(CertificateNumber a,
                                         const Key& b) const {
  const Key key = table->KeyOf(a);
  return key.issuer == b.issuer && key.serial == b.serial;
}

CertificateTable::Key CertificateTable::KeyOf(CertificateNumber number) const {
  const CertificateFacts& facts = certificates_[number];
  return {facts.issuer, base::AsText(facts.serial())};
}

uint32_t CertificateTable::IssuerNumber(absl::string_view issuer_id) {
  const auto [found, added] = issuer_numbers_.try_emplace(
      std::string(issuer_id), static_cast<uint32_t>(issuer_ids_.size()));
  if (added) issuer_ids_.emplace_back(issuer_id);
  return found->second;
}

std::optional<CertificateNumber> CertificateTable::Find(
    absl::string_view issuer_id, absl::string_view serial) const {
  const auto issuer = issuer_numbers_.find(issuer_id);
  if (issuer == issuer_numbers_.end()) return std::nullopt;
  const auto found = by_serial_.find(Key{issuer->second, serial});
  if (found == by_serial_.end()) return std::nullopt;
  return *found;
}

CertificateNumber CertificateTable::Add(CertificateFacts facts,
                                        absl::string_view serial) {
  facts.serial_size =
      static_cast<uint8_t>(std::min(serial.size(), facts.serial_bytes.size()));
  std::copy_n(serial.begin(), facts.serial_size, facts.serial_bytes.begin());
  const auto number = static_cast<CertificateNumber>(certificates_.size());
  certificates_.push_back(facts);
  by_serial_.insert(number);
  return number;
}

void CertificateTable::Change(CertificateNumber number,
                              const CertificateStatus& status, uint64_t index) {
  CertificateFacts& facts = certificates_[number];
  if (facts.last_change == kNone) changed_.push_back(number);
  history_.push_back({.index = index,
                      .revoked_at = status.revoked_at,
                      .before = facts.last_change,
                      .status = status.status,
                      .reason = status.reason});
  facts.last_change = static_cast<uint32_t>(history_.size() - 1);
}

const CertificateTable::Step* CertificateTable::ChangeAt(
    CertificateNumber number, uint64_t ledger_size) const {
  uint32_t at = certificates_[number].last_change;
  while (at != kNone && history_[at].index >= ledger_size) {
    at = history_[at].before;
  }
  return at == kNone ? nullptr : &history_[at];
}

CertificateStatus CertificateTable::Now(CertificateNumber number) const {
  return At(number, UINT64_MAX);
}

CertificateStatus CertificateTable::At(CertificateNumber number,
                                       uint64_t ledger_size) const {
  const Step* const change = ChangeAt(number, ledger_size);
  if (change == nullptr) return {};
  return {.status = change->status,
          .reason = change->reason,
          .revoked_at = change->revoked_at};
}

uint64_t CertificateTable::ChangedIndex(CertificateNumber number,
                                        uint64_t ledger_size) const {
  const Step* const change = ChangeAt(number, ledger_size);
  return change == nullptr ? certificates_[number].issued_index : change->index;
}

}  // namespace chancery::audit
