// chancery probe: whether responders answer clients as they should.
#ifndef CHANCERY_TOOLS_CHANCERY_PROBE_PROBE_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_PROBE_PROBE_COMMAND_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/chancery/command.h"
#include "tools/chancery/probe/prober.h"

namespace chancery::cli {

class ProbeCommand final : public Command {
 public:
  std::string name() const override { return "probe"; }
  std::string summary() const override {
    return "Ask responders as clients do; exit code 1 if an answer is wrong";
  }
  std::string example() const override {
    return "chancery --dir ca probe\n"
           "  chancery probe --url http://ocsp.example.com --issuer ca.pem "
           "--cert www.pem\n"
           "  chancery --dir ca probe --daemon --interval 30 --admin "
           "127.0.0.1:9101";
  }
  void Declare(OptionSet& options) override;
  // Without one --url and --issuer are named.
  bool NeedsCluster() const override { return false; }
  absl::Status Check() const override;
  absl::StatusOr<bool> Run(const Environment& environment) override;
  int ErrorExitCode() const override { return 2; }

 private:
  absl::StatusOr<ProbePlan> PlanFromFiles() const;
  absl::StatusOr<ProbePlan> PlanFromCluster(
      const Environment& environment) const;
  absl::StatusOr<ProbePlan> Plan(const Environment& environment) const;
  absl::StatusOr<bool> RunDaemon(const Environment& environment,
                                 const ProberParts& parts) const;
  std::string Format(const std::vector<ProbeResult>& results) const;

  std::string urls_, issuer_, certificates_, good_, revoked_, crls_;
  std::string admin_ = "127.0.0.1:0";
  uint32_t margin_ = 60, timeout_ = 5, interval_ = 30;
  bool json_ = false, daemon_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_PROBE_PROBE_COMMAND_H_
