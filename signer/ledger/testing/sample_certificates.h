#ifndef CHANCERY_SIGNER_LEDGER_TESTING_SAMPLE_CERTIFICATES_H_
#define CHANCERY_SIGNER_LEDGER_TESTING_SAMPLE_CERTIFICATES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/entry.h"
#include "signer/ledger/transaction.h"

namespace chancery::signer::testing {

// 32 bytes that are `letter`.
std::string SampleIssuerId(char letter = 'A');
// A serial of the given value: 0x01 and eight octets.
std::string SampleSerial(uint64_t value);

struct SampleCertificate {
  uint64_t serial = 0;
  char issuer = 'A';
  uint32_t crl_shard = 0;
  uint32_t block_capacity = 4;
  absl::Duration lifetime = absl::Hours(90 * 24);
  std::string request_id = {};
};

// Puts it into the next place. "certificate" and the serial stand for the DER.
absl::StatusOr<uint64_t> IssueSample(Transaction& transaction,
                                     const SampleCertificate& sample);

// Revocation of a sample certificate as of the transaction's second.
absl::StatusOr<uint64_t> ChangeSample(Transaction& transaction, uint64_t serial,
                                      ledger::StatusChange change,
                                      uint8_t reason, char issuer = 'A');

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_LEDGER_TESTING_SAMPLE_CERTIFICATES_H_
