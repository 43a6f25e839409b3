// Air-gap records in words, for the people who approve and sign them.
#ifndef CHANCERY_LEDGER_AIRGAP_VIEW_H_
#define CHANCERY_LEDGER_AIRGAP_VIEW_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace chancery::airgap {

namespace v1 {
class Record;
}

// "issue", "revoke", "header", ...
std::string KindOf(const v1::Record& record);

// What the record says: names (lower case, as in JSON) and values, in order.
// A CSR and a certificate are told by their subject, names and key; of bytes
// that only programs read, size and SHA-256. Values may hold any text.
using Facts = std::vector<std::pair<std::string, std::string>>;
Facts FactsOf(const v1::Record& record);

// "2026-11-28T09:00:00Z".
std::string TimeText(absl::Time time);

}  // namespace chancery::airgap

#endif  // CHANCERY_LEDGER_AIRGAP_VIEW_H_
