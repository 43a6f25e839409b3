#include "tools/chancery/connections.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "chancery/config/cli.pb.h"
#include "grpcpp/grpcpp.h"
#include "rpc/client.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "rpc/status.h"

namespace chancery::cli {

struct Connections::State {
  std::string file;
  config::Cli config;
  rpc::Credentials credentials;
};

Connections::Connections(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
Connections::~Connections() = default;
Connections::Connections(Connections&&) noexcept = default;
Connections& Connections::operator=(Connections&&) noexcept = default;

absl::StatusOr<Connections> Connections::Open(const Globals& globals) {
  ASSIGN_OR_RETURN(const std::string file, ConfigFile(globals));
  config::Cli config;
  const absl::Status loaded = rpc::LoadTextproto(file, config);
  if (absl::IsNotFound(loaded)) {
    return absl::NotFoundError(absl::StrCat(
        file,
        " does not exist: is --dir right? `chancery --dir DIR init` makes "
        "a cluster"));
  }
  RETURN_IF_ERROR(loaded);
  auto credentials = rpc::Credentials::Load(config.identity());
  if (!credentials.ok()) {
    return absl::Status(
        credentials.status().code(),
        absl::StrCat(file, ": ", credentials.status().message()));
  }
  return Connections(std::make_unique<State>(
      State{file, std::move(config), *std::move(credentials)}));
}

const config::Cli& Connections::config() const { return state_->config; }

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connections::Authority() const {
  return Channel("authority", state_->config.authority());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connections::Refresher() const {
  return Channel("refresher", state_->config.refresher());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connections::Signer() const {
  return Channel("signer", state_->config.signer());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connections::SignerAt(
    const std::string& address) const {
  config::Target target = state_->config.signer();
  if (!address.empty()) target.set_address(address);
  return Channel("signer", target);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connections::Channel(
    absl::string_view service, const config::Target& target) const {
  if (target.address().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(state_->file, ": field `", service,
                     "` is missing: write where it listens and its identity"));
  }
  auto channel = rpc::MakeChannel(service, target, state_->credentials);
  if (!channel.ok()) {
    return absl::Status(
        channel.status().code(),
        absl::StrCat(state_->file, ": ", channel.status().message()));
  }
  return channel;
}

void SetCallTimeout(grpc::ClientContext& context) {
  rpc::SetTimeout(context, absl::Seconds(20));
}

absl::Status CallStatus(absl::string_view service, const grpc::Status& status) {
  const absl::Status plain = rpc::FromGrpc(status);
  absl::string_view what = ": ";
  absl::string_view advice;
  switch (plain.code()) {
    case absl::StatusCode::kOk:
      return plain;
    case absl::StatusCode::kUnavailable:
      what = ": unavailable: ";
      advice = "\nIs it running? Its log says more.";
      break;
    case absl::StatusCode::kDeadlineExceeded:
      advice =
          "\nIt did not answer in time; nobody knows whether it acted. Its "
          "log says more.";
      break;
    case absl::StatusCode::kPermissionDenied:
      advice = "\nIts configuration must grant this identity that role.";
      break;
    case absl::StatusCode::kInternal:
      advice = "\nIts log has the reason.";
      break;
    default:
      break;
  }
  return absl::Status(plain.code(),
                      absl::StrCat(service, what, plain.message(), advice));
}

}  // namespace chancery::cli
