#include "tools/chancery/audit/ledger_sources.h"

#include <utility>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "chancery/signer/v1/ledger.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "signer/ledger/ledger_folder.h"
#include "tools/chancery/connections.h"

namespace chancery::cli {
namespace {

namespace v1 = signer::v1;

constexpr size_t kPageBytes = 4 << 20;
constexpr size_t kPageEntries = 5000;

class SignerLedger final : public audit::LedgerSource {
 public:
  explicit SignerLedger(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::LedgerService::NewStub(channel)) {}

  absl::StatusOr<audit::LedgerPage> Read(uint64_t from) override {
    v1::ReadEntriesRequest request;
    request.set_from(from);
    v1::ReadEntriesResponse response;
    grpc::ClientContext context;
    SetCallTimeout(context);
    RETURN_IF_ERROR(
        CallStatus("signer", stub_->ReadEntries(&context, request, &response)));
    audit::LedgerPage page{.ledger_size = response.ledger_size(),
                           .ledger_root = response.ledger_root()};
    page.entries.reserve(response.entries_size());
    for (std::string& entry : *response.mutable_entries()) {
      page.entries.push_back(std::move(entry));
    }
    return page;
  }

 private:
  const std::unique_ptr<v1::LedgerService::Stub> stub_;
};

class FolderLedger final : public audit::LedgerSource {
 public:
  explicit FolderLedger(std::unique_ptr<signer::LedgerFolder> folder)
      : folder_(std::move(folder)) {}

  absl::StatusOr<audit::LedgerPage> Read(uint64_t from) override {
    ASSIGN_OR_RETURN(signer::EntryRange range,
                     folder_->ReadEntries(from, kPageBytes, kPageEntries));
    return audit::LedgerPage{.entries = std::move(range.entries),
                             .ledger_size = range.head.size,
                             .ledger_root = base::ToString(range.head.root)};
  }

 private:
  const std::unique_ptr<signer::LedgerFolder> folder_;
};

}  // namespace

std::unique_ptr<audit::LedgerSource> MakeSignerLedger(
    std::shared_ptr<grpc::Channel> channel) {
  return std::make_unique<SignerLedger>(channel);
}

absl::StatusOr<std::unique_ptr<audit::LedgerSource>> OpenLedgerFolder(
    const std::string& folder) {
  ASSIGN_OR_RETURN(auto opened, signer::LedgerFolder::Open(folder));
  return std::make_unique<FolderLedger>(std::move(opened));
}

}  // namespace chancery::cli
