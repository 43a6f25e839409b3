#include "tools/chancery/run.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "base/random.h"
#include "tools/chancery/airgap/airgap_command.h"
#include "tools/chancery/audit/audit_command.h"
#include "tools/chancery/ceremony/ceremony_command.h"
#include "tools/chancery/cluster_command.h"
#include "tools/chancery/convert/convert_command.h"
#include "tools/chancery/init/init_command.h"
#include "tools/chancery/issue_command.h"
#include "tools/chancery/key_set/key_set_command.h"
#include "tools/chancery/lint/lint_command.h"
#include "tools/chancery/list_command.h"
#include "tools/chancery/ocsp_command.h"
#include "tools/chancery/order_command.h"
#include "tools/chancery/parser.h"
#include "tools/chancery/probe/probe_command.h"
#include "tools/chancery/revoke_command.h"
#include "tools/chancery/show_command.h"
#include "tools/chancery/signer/signer_command.h"
#include "tools/chancery/status_command.h"

namespace chancery::cli {

CommandList AllCommands() {
  CommandList all;
  all.push_back(std::make_unique<InitCommand>());
  all.push_back(std::make_unique<IssueCommand>());
  all.push_back(std::make_unique<ShowCommand>());
  all.push_back(std::make_unique<RevokeCommand>());
  all.push_back(std::make_unique<ReleaseCommand>());
  all.push_back(std::make_unique<OrderCommand>());
  all.push_back(std::make_unique<StatusCommand>());
  all.push_back(std::make_unique<ListCommand>());
  all.push_back(std::make_unique<ClusterCommand>());
  all.push_back(std::make_unique<OcspCommand>());
  all.push_back(std::make_unique<SignerCommand>());
  all.push_back(std::make_unique<KeySetCommand>());
  all.push_back(std::make_unique<AuditCommand>());
  all.push_back(std::make_unique<ProbeCommand>());
  all.push_back(std::make_unique<LintCommand>());
  all.push_back(std::make_unique<ConvertCommand>());
  all.push_back(std::make_unique<CeremonyCommand>());
  all.push_back(std::make_unique<AirGapCommand>());
  return all;
}

namespace {

// https://no-color.org.
bool ShowsColours(const std::ostream& out) {
  const char* const refused = std::getenv("NO_COLOR");
  return &out == &std::cout && isatty(STDOUT_FILENO) == 1 &&
         (refused == nullptr || *refused == '\0');
}

}  // namespace

int Run(const std::vector<std::string>& arguments, std::ostream& out,
        std::ostream& err) {
  const CommandList commands = AllCommands();
  const Parsed parsed = ParseCommandLine(arguments, commands);
  if (parsed.command == nullptr) {
    (parsed.exit_code == kExitOk ? out : err) << parsed.text;
    return parsed.exit_code;
  }
  const Environment environment{.globals = parsed.globals,
                                .clock = base::SystemClock(),
                                .random = base::SystemRandom(),
                                .out = out,
                                .err = err,
                                .colour = ShowsColours(out)};
  const absl::StatusOr<bool> done = parsed.command->Run(environment);
  out.flush();
  if (!done.ok()) {
    err << "chancery " << parsed.command->name() << ": "
        << done.status().message() << "\n";
    return parsed.command->ErrorExitCode();
  }
  return *done ? kExitOk : kExitFailed;
}

}  // namespace chancery::cli
