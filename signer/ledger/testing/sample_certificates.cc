#include "signer/ledger/testing/sample_certificates.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "signer/ledger/state.h"

namespace chancery::signer::testing {
namespace {

absl::Time Second(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

}  // namespace

std::string SampleIssuerId(char letter) {
  return std::string(ledger::kIssuerIdSize, letter);
}

std::string SampleSerial(uint64_t value) {
  std::string serial(1, '\x01');
  for (int shift = 56; shift >= 0; shift -= 8) {
    serial.push_back(static_cast<char>(value >> shift));
  }
  return serial;
}

absl::StatusOr<uint64_t> IssueSample(Transaction& transaction,
                                     const SampleCertificate& sample) {
  ASSIGN_OR_RETURN(
      const Place place,
      transaction.state().NextPlace({.issuer_id = SampleIssuerId(sample.issuer),
                                     .lifetime_class = 128,
                                     .capacity = sample.block_capacity},
                                    transaction.time()));
  ledger::CertificateEntry entry;
  entry.issuer_id = SampleIssuerId(sample.issuer);
  entry.serial = SampleSerial(sample.serial);
  entry.not_after = Second(transaction.time()) + sample.lifetime;
  entry.crl_shard = sample.crl_shard;
  entry.block_id = place.block_id;
  entry.place = place.place;
  entry.block_capacity = place.block_capacity;
  entry.lifetime_class = 128;
  entry.profile = "server";
  entry.origin = {.caller = "spiffe://test/authority/1",
                  .requester = "spiffe://test/client/1",
                  .request_id = sample.request_id};
  if (!sample.request_id.empty()) {
    entry.origin.request_hash = std::string(ledger::kHashSize, 'h');
  }
  entry.certificate = absl::StrCat("certificate ", sample.serial);
  return transaction.Append(std::move(entry));
}

absl::StatusOr<uint64_t> ChangeSample(Transaction& transaction, uint64_t serial,
                                      ledger::StatusChange change,
                                      uint8_t reason, char issuer) {
  ledger::StatusEntry entry;
  entry.change = change;
  entry.issuer_id = SampleIssuerId(issuer);
  entry.serial = SampleSerial(serial);
  entry.reason = reason;
  entry.revoked_at = change == ledger::StatusChange::kRelease
                         ? absl::UnixEpoch()
                         : Second(transaction.time());
  return transaction.Append(std::move(entry));
}

}  // namespace chancery::signer::testing
