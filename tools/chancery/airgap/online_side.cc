#include "tools/chancery/airgap/online_side.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/cli.pb.h"
#include "rpc/config.h"
#include "storage/open_configured.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/key_set/pinned_key_set.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {

OnlineSide::OnlineSide(std::unique_ptr<config::Cli> config,
                       std::unique_ptr<storage::Inventory> inventory,
                       airgap::ExchangeFolder folder)
    : config_(std::move(config)),
      inventory_(std::move(inventory)),
      folder_(std::move(folder)) {}
OnlineSide::OnlineSide(OnlineSide&&) noexcept = default;
OnlineSide& OnlineSide::operator=(OnlineSide&&) noexcept = default;
OnlineSide::~OnlineSide() = default;

absl::StatusOr<OnlineSide> OnlineSide::Open(const AirGapOptions& options,
                                            const Globals& globals) {
  ASSIGN_OR_RETURN(const std::string file, ConfigFile(globals));
  auto config = std::make_unique<config::Cli>();
  RETURN_IF_ERROR(rpc::LoadTextproto(file, *config));
  std::string state = options.state;
  if (state.empty()) {
    ASSIGN_OR_RETURN(const std::string folder, ClusterFolder(globals));
    state = folder + "/airgap";
  }
  ASSIGN_OR_RETURN(airgap::ExchangeFolder folder,
                   airgap::ExchangeFolder::Open(state, options.channel));
  ASSIGN_OR_RETURN(auto inventory,
                   storage::OpenConfigured(config->inventory()));
  return OnlineSide(std::move(config), std::move(inventory), std::move(folder));
}

absl::StatusOr<block::KeySet> OnlineSide::Keys() const {
  return PinnedKeySet(*config_);
}

absl::StatusOr<std::string> OnlineSide::Requester() const {
  const std::string& path = config_->identity().certificate_file();
  ASSIGN_OR_RETURN(const x509::Certificate certificate,
                   LoadCertificateFile(path));
  for (const auto& name : certificate.facts().extensions.alt_names) {
    if (name.kind == x509::AltNameKind::kUri) return name.value;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": has no URI that says who this is"));
}

}  // namespace chancery::cli
