// What `chancery airgap` was given, and its actions.
#ifndef CHANCERY_TOOLS_CHANCERY_AIRGAP_AIRGAP_OPTIONS_H_
#define CHANCERY_TOOLS_CHANCERY_AIRGAP_AIRGAP_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/chancery/environment.h"

namespace chancery::cli {

struct AirGapOptions {
  std::string action = {};
  std::string file = {};  // Of approve, show and import.
  bool json = false;

  // export, import
  std::string channel = {};
  std::string state = {};
  // export
  std::string out = {};  // Of sign, too.
  std::vector<std::string> csrs = {};
  std::string issuer = {};
  std::string profile = {};
  std::vector<std::string> revoke = {};
  std::string reason = {};
  std::string date = {};
  std::string request_id = {};
  std::vector<std::string> crls = {};
  bool delta = false;
  std::vector<std::string> blocks = {};
  bool due = false;
  uint32_t due_hours = 0;
  bool again = false;
  bool replace = false;
  bool no_head = false;
  // approve
  std::string key = {};
  std::string module = {};
  std::string pin_file = {};
  // sign
  std::string request = {};
  bool yes = false;
  bool confirm_clock = false;
  // import
  std::string certificates = {};
  std::string head = {};
};

// Each does one action; false: something in it was refused.
absl::StatusOr<bool> ExportAirGap(const AirGapOptions& options,
                                  const Environment& environment);
absl::StatusOr<bool> ApproveAirGap(const AirGapOptions& options,
                                   const Environment& environment);
absl::StatusOr<bool> SignAirGap(const AirGapOptions& options,
                                const Environment& environment);
absl::StatusOr<bool> ImportAirGap(const AirGapOptions& options,
                                  const Environment& environment);
absl::StatusOr<bool> ShowAirGap(const AirGapOptions& options,
                                const Environment& environment);

// What may be said of export's items without opening a file.
absl::Status CheckExportItems(const AirGapOptions& options);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AIRGAP_AIRGAP_OPTIONS_H_
