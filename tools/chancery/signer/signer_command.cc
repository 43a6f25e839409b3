#include "tools/chancery/signer/signer_command.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/cli.pb.h"
#include "refresher/grpc_catch_up_client.h"
#include "refresher/standby_feeder.h"
#include "rpc/log.h"
#include "storage/open_configured.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/json.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

using refresher::SignerStanding;

constexpr absl::Duration kTimeout = absl::Seconds(60);
constexpr size_t kMaxHeadBytes = 1 << 16;

std::string FormatText(const SignerStanding& standing) {
  return FormatFacts(
      {{"State", standing.state},
       {"Why", standing.why.empty() ? "it may sign" : standing.why},
       {"Epoch", absl::StrCat(standing.epoch)},
       {"Ledger", absl::StrCat(standing.ledger_size, " entries")},
       {"Others know of", absl::StrCat(standing.wanted_size, " entries")}});
}

std::string FormatJson(const SignerStanding& standing) {
  return JsonObject()
      .SetText("state", standing.state)
      .SetText("why", standing.why)
      .SetNumber("epoch", standing.epoch)
      .SetNumber("ledger_size", standing.ledger_size)
      .SetNumber("wanted_size", standing.wanted_size)
      .Print();
}

absl::Status AtSigner(const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat("signer: ", status.message()));
}

// Brings all that the inventory has and the signer lacks.
absl::StatusOr<SignerStanding> CatchUp(refresher::CatchUpClient& client,
                                       const config::Cli& config,
                                       const rpc::Log& log) {
  ASSIGN_OR_RETURN(const auto inventory,
                   storage::OpenConfigured(config.inventory()));
  refresher::StandbyFeeder feeder(client, *inventory, log,
                                  config.signer().expected_uri());
  bool more = true;
  while (more) {
    ASSIGN_OR_RETURN(more, feeder.Step());
  }
  return client.Show("", "");
}

// The newest head that the inventory has, for a signer that no refresher
// reaches.
absl::StatusOr<bool> SaveHead(const config::Cli& config,
                              const std::string& path) {
  ASSIGN_OR_RETURN(const auto inventory,
                   storage::OpenConfigured(config.inventory()));
  ASSIGN_OR_RETURN(const storage::HeadRow head,
                   inventory->GetHead(config.signer().expected_uri()));
  RETURN_IF_ERROR(base::WriteFileAtomically(path, base::AsBytes(head.head)));
  return true;
}

}  // namespace

std::string SignerCommand::example() const {
  return "chancery --dir ca signer status\n"
         "  chancery --dir ca signer catch-up --address unix:/run/standby\n"
         "  chancery --dir ca signer promote --address unix:/run/standby\n"
         "  chancery --dir ca signer save-head --head newest.head\n"
         "  chancery --dir ca signer show-head --head newest.head\n"
         "docs/backup-and-standby.md says when";
}

void SignerCommand::Declare(OptionSet& options) {
  options.AddText({.name = "action",
                   .value = "status|catch-up|promote|save-head|show-head",
                   .help = "What to do",
                   .required = true},
                  action_);
  options.AddText({.name = "--address",
                   .value = "ADDRESS",
                   .help = "Where the signer listens, if it is a standby; "
                           "without it, as the configuration says"},
                  address_);
  options.AddText({.name = "--head",
                   .value = "FILE",
                   .help = "save-head: where the newest head of the inventory "
                           "goes; show-head: what the signer is shown"},
                  head_file_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::Status SignerCommand::Check() const {
  const bool of_head = action_ == "save-head" || action_ == "show-head";
  if (!of_head && action_ != "status" && action_ != "catch-up" &&
      action_ != "promote") {
    return absl::InvalidArgumentError(
        absl::StrCat("action: \"", action_,
                     "\" is none of status, catch-up, promote, save-head, "
                     "show-head"));
  }
  if (of_head == head_file_.empty()) {
    return absl::InvalidArgumentError(
        of_head ? absl::StrCat(action_, " needs --head FILE")
                : absl::StrCat("--head is not for ", action_));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SignerCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  if (action_ == "save-head") {
    return SaveHead(connections.config(), head_file_);
  }
  ASSIGN_OR_RETURN(auto channel, connections.SignerAt(address_));
  const auto client = refresher::MakeGrpcCatchUpClient(channel, kTimeout);
  absl::StatusOr<SignerStanding> standing;
  if (action_ == "catch-up") {
    const rpc::Log log({}, environment.clock, environment.err);
    standing = CatchUp(*client, connections.config(), log);
  } else if (action_ == "promote") {
    standing = client->Promote();
  } else if (action_ == "show-head") {
    ASSIGN_OR_RETURN(const std::string head,
                     base::ReadFile(head_file_, kMaxHeadBytes));
    standing = client->Show(head, "");
  } else {
    standing = client->Show("", "");
  }
  RETURN_IF_ERROR(AtSigner(standing.status()));
  environment.out << (json_ ? FormatJson(*standing) : FormatText(*standing));
  // A standby that has all is as it should be after it was caught up.
  return standing->active() ||
         (action_ == "catch-up" && standing->state == "STANDBY" &&
          standing->ledger_size >= standing->wanted_size);
}

}  // namespace chancery::cli
