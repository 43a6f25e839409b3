#ifndef CHANCERY_SIGNER_SIGNER_GAUGES_H_
#define CHANCERY_SIGNER_SIGNER_GAUGES_H_

#include "absl/time/time.h"
#include "crypto/key_source.h"
#include "rpc/metrics.h"
#include "signer/head_signer.h"
#include "signer/ledger/ledger.h"
#include "signer/revocation_limit.h"

namespace chancery::signer {

// What operators see of a signer, apart from its calls. Thread-compatible.
class SignerGauges {
 public:
  struct Sources {
    const Ledger& ledger;
    const RevocationLimit& limit;
    const HeadSigner& heads;
    crypto::KeyOpener& opener;  // Of all tokens.
  };

  // `metrics` and all sources must outlive this object.
  SignerGauges(rpc::Metrics& metrics, const Sources& sources);

  // To be called every second.
  void Update(absl::Time now);

 private:
  const Sources sources_;
  const rpc::Gauge entries_;
  const rpc::Gauge commands_;
  const rpc::Gauge groups_;
  const rpc::Gauge revocations_;
  const rpc::Gauge revocations_limit_;
  const rpc::Gauge head_at_;
  const rpc::Gauge failing_keys_;
  const rpc::Gauge connections_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_SIGNER_GAUGES_H_
