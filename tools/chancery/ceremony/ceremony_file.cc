#include "tools/chancery/ceremony/ceremony_file.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/ceremony.pb.h"
#include "rpc/config.h"

namespace chancery::cli::ceremony {

absl::StatusOr<Plan> ReadPlan(const std::string& text,
                              const std::string& path) {
  config::Ceremony ceremony;
  RETURN_IF_ERROR(rpc::ParseTextproto(text, path, ceremony));
  auto plan =
      MakePlan(ceremony, std::filesystem::path(path).parent_path().string());
  if (plan.ok()) return plan;
  return absl::Status(plan.status().code(),
                      absl::StrCat(path, ": ", plan.status().message()));
}

}  // namespace chancery::cli::ceremony
