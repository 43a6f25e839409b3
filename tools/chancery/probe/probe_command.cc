#include "tools/chancery/probe/probe_command.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "chancery/config/cli.pb.h"
#include "rpc/admin_http.h"
#include "rpc/config.h"
#include "rpc/metrics.h"
#include "storage/open_configured.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/json.h"
#include "tools/chancery/probe/metrics.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

using SharedCertificate = std::shared_ptr<const x509::Certificate>;

std::vector<std::string> List(const std::string& text) {
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

// One of each status that lives, for each issuer.
absl::Status AddKnown(storage::Inventory& inventory,
                      const storage::IssuerRow& issuer,
                      const SharedCertificate& certificate, absl::Time now,
                      ProbePlan& plan) {
  for (const auto& [status, expected] :
       {std::pair{storage::CertificateStatus::kGood, Expected::kGood},
        std::pair{storage::CertificateStatus::kRevoked, Expected::kRevoked}}) {
    // With an hour to live.
    ASSIGN_OR_RETURN(
        const storage::CertificatePage page,
        inventory.ListCertificates({.issuer_id = issuer.issuer_id,
                                    .status = status,
                                    .expires_after = now + absl::Hours(1)},
                                   "", 1));
    for (const storage::CertificateRow& row : page.rows) {
      plan.certificates.push_back({row.serial, certificate, expected});
    }
  }
  return absl::OkStatus();
}

bool AllOk(const std::vector<ProbeResult>& results) {
  return std::all_of(results.begin(), results.end(), [](const auto& result) {
    return result.verdict == Verdict::kOk;
  });
}

std::string Left(const ProbeResult& result) {
  return result.next_update.has_value() ? TimeText(*result.next_update) : "";
}

// Full CRLs of an issuer, as responders call them below "/crl/".
std::vector<std::string> CrlFiles(const std::vector<storage::CrlRow>& crls,
                                  const storage::IssuerRow& issuer) {
  std::vector<uint32_t> shards;
  for (const storage::CrlRow& crl : crls) {
    if (crl.issuer_id == issuer.issuer_id && !crl.is_delta) {
      shards.push_back(crl.shard);
    }
  }
  std::vector<std::string> files;
  for (const uint32_t shard : shards) {
    files.push_back(shards.size() == 1
                        ? absl::StrCat(issuer.name, ".crl")
                        : absl::StrCat(issuer.name, "/", shard, ".crl"));
  }
  return files;
}

}  // namespace

void ProbeCommand::Declare(OptionSet& options) {
  options.AddText({.name = "--url",
                   .value = "URL[,URL]",
                   .help = "Responders; otherwise the cluster's"},
                  urls_);
  options.AddText({.name = "--issuer",
                   .value = "FILE",
                   .help = "The issuer's certificate. With it, the cluster is "
                           "not looked at"},
                  issuer_);
  options.AddText({.name = "--cert",
                   .value = "FILE[,FILE]",
                   .help = "Certificates of it that are good"},
                  certificates_);
  options.AddText({.name = "--good",
                   .value = "SERIAL[,SERIAL]",
                   .help = "Serials that are good"},
                  good_);
  options.AddText({.name = "--revoked",
                   .value = "SERIAL[,SERIAL]",
                   .help = "Serials that are revoked"},
                  revoked_);
  options.AddText({.name = "--crl",
                   .value = "FILE[,FILE]",
                   .help = "CRLs to fetch from /crl/ of each responder: "
                           "\"issuing.crl\""},
                  crls_);
  options.AddNumber({.name = "--margin",
                     .value = "MINUTES",
                     .help = "How far off nextUpdate has to be"},
                    margin_);
  options.AddNumber(
      {.name = "--timeout", .value = "SECONDS", .help = "For each answer"},
      timeout_);
  options.AddFlag(
      {.name = "--daemon", .help = "Go on until SIGTERM, and export metrics"},
      daemon_);
  options.AddNumber({.name = "--interval",
                     .value = "SECONDS",
                     .help = "With --daemon: from round to round"},
                    interval_);
  options.AddText({.name = "--admin",
                   .value = "HOST:PORT",
                   .help = "With --daemon: where /metrics is. Port 0 takes a "
                           "free one, which is printed"},
                  admin_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::Status ProbeCommand::Check() const {
  for (const std::string& url : List(urls_)) {
    RETURN_IF_ERROR(ParseHttpUrl(url).status());
  }
  if (issuer_.empty() && !(certificates_.empty() && good_.empty() &&
                           revoked_.empty() && crls_.empty())) {
    return absl::InvalidArgumentError(
        "whose certificates are they? Name the issuer with --issuer FILE");
  }
  if (!issuer_.empty() && urls_.empty()) {
    return absl::InvalidArgumentError("name the responders with --url URL");
  }
  if (daemon_ && interval_ == 0) {
    return absl::InvalidArgumentError("--interval: must be at least 1");
  }
  return absl::OkStatus();
}

absl::StatusOr<ProbePlan> ProbeCommand::PlanFromFiles() const {
  ASSIGN_OR_RETURN(x509::Certificate loaded, LoadCertificateFile(issuer_));
  const auto issuer =
      std::make_shared<const x509::Certificate>(std::move(loaded));
  ProbePlan plan{.targets = List(urls_), .issuers = {issuer}};
  for (const std::string& path : List(certificates_)) {
    ASSIGN_OR_RETURN(const x509::Certificate certificate,
                     LoadCertificateFile(path));
    if (certificate.facts().issuer != issuer->facts().subject) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--cert: value `", path, "`: not from the issuer in ", issuer_));
    }
    plan.certificates.push_back({certificate.facts().serial, issuer});
  }
  for (const auto& [list, expected] :
       {std::pair{good_, Expected::kGood},
        std::pair{revoked_, Expected::kRevoked}}) {
    for (const std::string& text : List(list)) {
      ASSIGN_OR_RETURN(std::string serial, ParseSerial(text));
      plan.certificates.push_back({std::move(serial), issuer, expected});
    }
  }
  for (const std::string& file : List(crls_)) {
    plan.crls.push_back({file, issuer});
  }
  return plan;
}

absl::StatusOr<ProbePlan> ProbeCommand::PlanFromCluster(
    const Environment& environment) const {
  ASSIGN_OR_RETURN(const std::string file, ConfigFile(environment.globals));
  config::Cli config;
  RETURN_IF_ERROR(rpc::LoadTextproto(file, config));
  ProbePlan plan{.targets = List(urls_)};
  if (plan.targets.empty()) {
    plan.targets.assign(config.responder_url().begin(),
                        config.responder_url().end());
  }
  if (plan.targets.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, ": field `responder_url` is missing"));
  }
  ASSIGN_OR_RETURN(const auto inventory,
                   storage::OpenConfigured(config.inventory()));
  ASSIGN_OR_RETURN(const auto issuers, inventory->ListIssuers());
  ASSIGN_OR_RETURN(const auto crls, inventory->ListCrls());
  for (const storage::IssuerRow& row : issuers) {
    ASSIGN_OR_RETURN(x509::Certificate parsed,
                     x509::Certificate::Parse(base::AsBytes(row.certificate)));
    const auto issuer =
        std::make_shared<const x509::Certificate>(std::move(parsed));
    plan.issuers.push_back(issuer);
    RETURN_IF_ERROR(
        AddKnown(*inventory, row, issuer, environment.clock.Now(), plan));
    for (const std::string& file : CrlFiles(crls, row)) {
      plan.crls.push_back({file, issuer});
    }
  }
  return plan;
}

absl::StatusOr<ProbePlan> ProbeCommand::Plan(
    const Environment& environment) const {
  return issuer_.empty() ? PlanFromCluster(environment) : PlanFromFiles();
}

std::string ProbeCommand::Format(
    const std::vector<ProbeResult>& results) const {
  if (json_) {
    std::vector<JsonObject> rows;
    for (const ProbeResult& result : results) {
      JsonObject row;
      row.SetText("target", result.target)
          .SetText("question", result.question)
          .SetText("verdict", Name(result.verdict))
          .SetText("detail", result.detail)
          .SetNumber("latency_us", absl::ToInt64Microseconds(result.latency));
      if (result.this_update.has_value()) {
        row.SetText("this_update", TimeText(*result.this_update));
      }
      if (result.next_update.has_value()) {
        row.SetText("next_update", TimeText(*result.next_update));
      }
      rows.push_back(std::move(row));
    }
    return JsonObject()
        .SetBool("ok", AllOk(results))
        .SetObjects("results", rows)
        .Print();
  }
  std::vector<std::vector<std::string>> rows;
  for (const ProbeResult& result : results) {
    rows.push_back(
        {result.target, result.question, Name(result.verdict),
         absl::StrCat(absl::ToInt64Microseconds(result.latency) / 1000, ".",
                      absl::ToInt64Microseconds(result.latency) / 100 % 10,
                      " ms"),
         Left(result), Printable(result.detail)});
  }
  return FormatTable(
      {"RESPONDER", "QUESTION", "VERDICT", "LATENCY", "NEXT UPDATE", "DETAIL"},
      rows);
}

absl::StatusOr<bool> ProbeCommand::RunDaemon(const Environment& environment,
                                             const ProberParts& parts) const {
  // Before there are threads, so that only this one takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  rpc::Metrics metrics;
  ProbeMetrics exported(metrics);
  ASSIGN_OR_RETURN(const auto admin, rpc::AdminHttp::Start(admin_, metrics, [] {
                     return absl::OkStatus();
                   }));
  environment.err << "metrics: http://" << admin->address() << "/metrics\n"
                  << std::flush;
  while (true) {
    // What is known changes: a certificate expires, another is revoked.
    const absl::StatusOr<ProbePlan> plan = Plan(environment);
    if (plan.ok()) {
      const std::vector<ProbeResult> results = ProbeAll(*plan, parts);
      exported.Take(results, environment.clock.Now());
      for (const ProbeResult& result : results) {
        if (result.verdict == Verdict::kOk) continue;
        environment.out << TimeText(environment.clock.Now()) << " "
                        << Name(result.verdict) << " " << result.target << " "
                        << result.question << ": " << Printable(result.detail)
                        << "\n";
      }
    } else {
      environment.out << TimeText(environment.clock.Now())
                      << " no plan: " << Printable(plan.status().message())
                      << "\n";
      metrics
          .AddCounter("chancery_probe_plan_failures_total",
                      "Rounds that could not begin: the inventory did not "
                      "answer.")
          .Increment();
    }
    environment.out.flush();
    const timespec interval{.tv_sec = interval_, .tv_nsec = 0};
    if (sigtimedwait(&ends, nullptr, &interval) > 0) return true;
  }
}

absl::StatusOr<bool> ProbeCommand::Run(const Environment& environment) {
  const ProberParts parts{.clock = environment.clock,
                          .random = environment.random,
                          .fetch = FetchHttp,
                          .margin = absl::Minutes(margin_),
                          .timeout = absl::Seconds(timeout_)};
  if (daemon_) return RunDaemon(environment, parts);
  ASSIGN_OR_RETURN(const ProbePlan plan, Plan(environment));
  const std::vector<ProbeResult> results = ProbeAll(plan, parts);
  environment.out << Format(results);
  return AllOk(results);
}

}  // namespace chancery::cli
