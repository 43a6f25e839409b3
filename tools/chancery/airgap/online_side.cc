#include "tools/chancery/airgap/online_side.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/cli.pb.h"
#include "crypto/public_key.h"
#include "rpc/config.h"
#include "storage/open_configured.h"
#include "tools/chancery/certificate_file.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

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
  if (config_->key_set_file().empty() || config_->key_set_root_file().empty()) {
    return absl::FailedPreconditionError(
        "the configuration's key_set_file and key_set_root_file are missing: "
        "write the paths of what responders pin");
  }
  ASSIGN_OR_RETURN(const std::string pem,
                   base::ReadFile(config_->key_set_root_file()));
  ASSIGN_OR_RETURN(const std::string spki, x509::DerOrPem("PUBLIC KEY", pem));
  ASSIGN_OR_RETURN(const crypto::PublicKey root,
                   crypto::PublicKey::FromSpki(base::AsBytes(spki)));
  ASSIGN_OR_RETURN(const std::string file,
                   base::ReadFile(config_->key_set_file()));
  return block::OpenKeySet(base::AsBytes(file), root);
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
