#ifndef CHANCERY_SIGNER_CRL_WRITER_H_
#define CHANCERY_SIGNER_CRL_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/fd.h"
#include "policy/crl_lints.h"
#include "signer/crl_contents.h"
#include "signer/crl_files.h"
#include "signer/issuer.h"
#include "x509/crl/crl.h"

namespace chancery::signer {

struct WrittenCrl {
  std::shared_ptr<const base::Fd> file = {};
  uint64_t size = 0;
  uint64_t entries = 0;
  std::string sha256 = {};
};

// Makes a CRL in a file: its entries go there as they are read, without memory
// for them. Then the file is read again, entry by entry beside a second reading
// of the same snapshot; only what was found to be right, and linted, is hashed
// and signed. What an Ed25519 key signs is mapped into memory as a whole.
// Durable under its hash when it returns.
//
// Internal: what was written is not what was meant. Others as the key, the
// ledger and CrlFiles. `after_step`, for tests, may be null: see the source.
absl::StatusOr<WrittenCrl> WriteCrl(
    const Issuer& issuer, const CrlContents& contents,
    const x509::CrlFacts& facts, const policy::CrlFrame& frame,
    const CrlFiles& files,
    const std::function<void(const char* step)>& after_step);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_WRITER_H_
