#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "chancery/config/signer.pb.h"
#include "ledger/airgap/exchange_folder.h"
#include "rpc/config.h"
#include "signer/airgap/offline_signer.h"
#include "tools/chancery/airgap/airgap_options.h"
#include "tools/chancery/airgap/item_text.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

absl::Status Ask(uint64_t items, std::ostream& out) {
  if (isatty(STDIN_FILENO) != 1) {
    return absl::FailedPreconditionError(
        "nobody can be asked: there is no terminal; --yes signs without");
  }
  out << "\nThese " << items
      << " items will be signed. Type `sign` to go on: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "sign") return absl::OkStatus();
  return absl::CancelledError("nothing was signed");
}

}  // namespace

absl::StatusOr<bool> SignAirGap(const AirGapOptions& options,
                                const Environment& environment) {
  if (environment.globals.config.empty()) {
    return absl::InvalidArgumentError(
        "sign: name the offline signer's configuration with --config FILE");
  }
  config::Signer config;
  RETURN_IF_ERROR(rpc::LoadTextproto(environment.globals.config, config));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<signer::OfflineSigner> offline,
      signer::OfflineSigner::Open(config, options.confirm_clock,
                                  environment.clock, environment.random));
  uint64_t items = 0;
  bool header = true;
  const auto show = [&](const airgap::v1::Record& record) {
    if (header) {
      environment.out << ItemText(record);
    } else {
      environment.out << "\n" << items++ << ". " << ItemText(record);
    }
    header = false;
  };
  const auto agree = [&]() -> absl::Status {
    environment.out.flush();
    return options.yes ? absl::OkStatus() : Ask(items, environment.out);
  };
  ASSIGN_OR_RETURN(const signer::SignedRequest made,
                   offline->requests().Sign(options.request,
                                            {.show = show, .agree = agree}));
  RETURN_IF_ERROR(airgap::CopyFile(made.result_file, options.out));
  if (made.repeated) {
    environment.out << "Request " << made.number
                    << " was signed before: this is the same result.\n";
    return true;
  }
  std::vector<std::string> ids;
  for (const crypto::Sha256Digest& id : made.approved_by) {
    ids.push_back(base::Hex(id));
  }
  environment.out << "\n"
                  << FormatFacts({{"Result", absl::StrCat(made.number)},
                                  {"Approved by", absl::StrJoin(ids, ", ")},
                                  {"Items", absl::StrCat(made.items)},
                                  {"Refused", absl::StrCat(made.refused)}});
  return made.refused == 0;
}

}  // namespace chancery::cli
