#include "tools/chancery/audit/audit_command.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "audit/signatures.h"
#include "audit/sources.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "chancery/config/cli.pb.h"
#include "storage/open_configured.h"
#include "tools/chancery/audit/http_responder.h"
#include "tools/chancery/audit/ledger_sources.h"
#include "tools/chancery/audit/report_text.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/key_set/pinned_key_set.h"
#include "tools/chancery/progress_line.h"

namespace chancery::cli {
namespace {

absl::StatusOr<audit::PinnedKeys> LoadKeys(const config::Cli& config) {
  ASSIGN_OR_RETURN(block::KeySet set, PinnedKeySet(config));
  return audit::PinnedKeys::Create(std::move(set));
}

// A progress line for each stage.
class Stages {
 public:
  Stages(std::ostream& out, const base::Clock& clock)
      : out_(out), clock_(clock) {}

  void Show(absl::string_view stage, uint64_t done, uint64_t total) {
    if (stage != stage_) {
      stage_ = std::string(stage);
      line_.emplace(out_, ErrorsGoToATerminal(), clock_, stage_);
    }
    line_->Show(done, total, done);
  }
  void End() { line_.reset(); }

 private:
  std::ostream& out_;
  const base::Clock& clock_;
  std::string stage_;
  std::optional<ProgressLine> line_;
};

}  // namespace

void AuditCommand::Declare(OptionSet& options) {
  options.AddText({.name = "--ledger-dir",
                   .value = "DIR",
                   .help = "Read the ledger from the signer's folder, with the "
                           "signer stopped, instead of asking the signer"},
                  ledger_dir_);
  options.AddNumber({.name = "--sample",
                     .value = "N",
                     .help = "Ask responders about N certificates, chosen at "
                             "random; 0: about all"},
                    sample_);
  options.AddNumber({.name = "--threads",
                     .value = "N",
                     .help = "Threads that verify signatures; 0: one for each "
                             "core"},
                    threads_);
  options.AddNumber({.name = "--patience",
                     .value = "SECONDS",
                     .help = "How long what is on its way may take before it "
                             "is a finding"},
                    patience_);
  options.AddNumber({.name = "--crl-delay",
                     .value = "MINUTES",
                     .help = "How soon after a revocation a CRL has to state "
                             "it"},
                    crl_delay_);
  options.AddFlag({.name = "--no-responders",
                   .help = "Do not look at what responders serve"},
                  no_responders_);
  options.AddFlag({.name = "--no-inventory",
                   .help = "Do not look at the inventory, nor at OCSP answers, "
                           "which are compared with it"},
                  no_inventory_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
  options.AddTexts({.name = "log",
                    .value = "log verify|anchor FILE...",
                    .help = "Instead: look at a service's audit log, all of "
                            "its files"},
                   log_.words);
  options.AddTexts({.name = "--anchor",
                    .value = "FILE",
                    .help = "log: what was kept of it elsewhere"},
                   log_.anchors);
  options.AddText({.name = "--trust",
                   .value = "FILE",
                   .help = "log: the service CA, which must have issued what "
                           "signed its checkpoints"},
                  log_.trust_file);
  options.AddText(
      {.name = "--out",
       .value = "FILE",
       .help = "log anchor: add the newest checkpoint here; without "
               "it, print it"},
      log_.out_file);
}

absl::Status AuditCommand::Check() const {
  if (!log_.words.empty()) return CheckAuditLog(log_);
  if (log_.anchors.empty() && log_.trust_file.empty() &&
      log_.out_file.empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "--anchor, --trust and --out are for `audit log`");
}

absl::StatusOr<bool> AuditCommand::Run(const Environment& environment) {
  if (!log_.words.empty()) {
    AuditLogOptions options = log_;
    options.json = json_;
    return RunAuditLog(options, environment.out);
  }
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  const config::Cli& config = connections.config();
  ASSIGN_OR_RETURN(const audit::PinnedKeys keys, LoadKeys(config));
  std::unique_ptr<audit::LedgerSource> ledger;
  if (ledger_dir_.empty()) {
    ASSIGN_OR_RETURN(auto channel, connections.Signer());
    ledger = MakeSignerLedger(std::move(channel));
  } else {
    ASSIGN_OR_RETURN(ledger, OpenLedgerFolder(ledger_dir_));
  }
  std::unique_ptr<storage::Inventory> inventory;
  if (!no_inventory_) {
    ASSIGN_OR_RETURN(inventory, storage::OpenConfigured(config.inventory()));
  }
  std::vector<std::unique_ptr<audit::ResponderSource>> responders;
  if (!no_responders_) {
    for (const std::string& url : config.responder_url()) {
      ASSIGN_OR_RETURN(responders.emplace_back(), MakeHttpResponder(url));
    }
  }
  Stages stages(environment.err, environment.clock);
  audit::AuditParts parts{
      .ledger = *ledger,
      .inventory = inventory.get(),
      .keys = keys,
      .clock = environment.clock,
      .random = environment.random,
      .wait = absl::SleepFor,
      .progress = [&](absl::string_view stage, uint64_t done, uint64_t total) {
        stages.Show(stage, done, total);
      }};
  for (const auto& responder : responders) {
    parts.responders.push_back(responder.get());
  }
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const audit::AuditReport report = audit::Audit(
      parts, {.signer = config.signer().expected_uri(),
              .threads = threads_ == 0 ? std::max(cores, 1)
                                       : static_cast<int>(threads_),
              .sample = sample_,
              .patience = absl::Seconds(patience_),
              .crl_delay = absl::Minutes(crl_delay_)});
  stages.End();
  environment.out << (json_ ? AuditJson(report) : AuditText(report));
  if (report.findings.empty() && !report.not_checked.empty()) {
    return absl::UnavailableError(
        absl::StrCat("not all could be checked: ", report.not_checked[0]));
  }
  return report.findings.empty();
}

}  // namespace chancery::cli
