// The two ways to read a ledger: of the running signer, and from its folder.
#ifndef CHANCERY_TOOLS_CHANCERY_AUDIT_LEDGER_SOURCES_H_
#define CHANCERY_TOOLS_CHANCERY_AUDIT_LEDGER_SOURCES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "audit/sources.h"

namespace grpc {
class Channel;
}

namespace chancery::cli {

// Calls ReadEntries, which needs the role `read`.
std::unique_ptr<audit::LedgerSource> MakeSignerLedger(
    std::shared_ptr<grpc::Channel> channel);

// Opens it to read only. Of a signer that runs it has what was there when it
// was opened. NotFound, DataLoss.
absl::StatusOr<std::unique_ptr<audit::LedgerSource>> OpenLedgerFolder(
    const std::string& folder);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AUDIT_LEDGER_SOURCES_H_
