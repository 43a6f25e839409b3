#include "signer/signer_gauges.h"

#include "crypto/pkcs11_token.h"

namespace chancery::signer {

SignerGauges::SignerGauges(rpc::Metrics& metrics, const Sources& sources)
    : sources_(sources),
      entries_(metrics.AddGauge("chancery_ledger_entries",
                                "Entries in the ledger.")),
      commands_(metrics.AddGauge(
          "chancery_ledger_commands",
          "Commands that the ledger has run since the start.")),
      groups_(metrics.AddGauge(
          "chancery_ledger_groups",
          "Synced writes since the start; commands share them.")),
      revocations_(metrics.AddGauge(
          "chancery_signer_revocations_last_hour",
          "Revocations and holds of the last hour that no order covers.")),
      revocations_limit_(
          metrics.AddGauge("chancery_signer_revocations_limit",
                           "As many of them are recorded without an order.")),
      head_at_(metrics.AddGauge(
          "chancery_signer_head_at_seconds",
          "When the newest head was signed, seconds since 1970; 0: none was "
          "since the start.")),
      failing_keys_(metrics.AddGauge(
          "chancery_signer_keys_failing",
          "Keys in tokens that failed several times in a row and are tried "
          "only now and then.")),
      connections_(
          metrics.AddGauge("chancery_signer_token_connections",
                           "Connections made to tokens since the start: one "
                           "each if none was lost.")) {
  revocations_limit_.Set(static_cast<double>(sources_.limit.per_hour()));
}

void SignerGauges::Update(absl::Time now) {
  revocations_.Set(static_cast<double>(sources_.limit.Recorded(now)));
  entries_.Set(static_cast<double>(sources_.ledger.Head().size));
  commands_.Set(static_cast<double>(sources_.ledger.counters().commands));
  groups_.Set(static_cast<double>(sources_.ledger.counters().groups));
  const crypto::Pkcs11Token::Health token = sources_.opener.TokenHealth();
  failing_keys_.Set(token.failing_keys);
  connections_.Set(static_cast<double>(token.connections));
  if (const auto head = sources_.heads.Newest(); head != nullptr) {
    head_at_.Set(static_cast<double>(absl::ToUnixSeconds(head->head.time)));
  }
}

}  // namespace chancery::signer
