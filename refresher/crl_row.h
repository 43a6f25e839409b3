#ifndef CHANCERY_REFRESHER_CRL_ROW_H_
#define CHANCERY_REFRESHER_CRL_ROW_H_

#include "refresher/signer_client.h"
#include "storage/rows.h"

namespace chancery::refresher {

// The CRL that the signer made for `request`, as the inventory has it.
inline storage::CrlRow CrlRowOf(const CrlRequest& request,
                                const SignedCrl& facts) {
  return {.issuer_id = facts.issuer_id,
          .shard = request.shard,
          .is_delta = request.is_delta,
          .number = facts.number,
          .base_number = facts.base_number,
          .this_update = facts.this_update,
          .next_update = facts.next_update,
          .refresh_at = facts.refresh_at,
          .ledger_size = facts.ledger_size,
          .size = facts.size};
}

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_CRL_ROW_H_
