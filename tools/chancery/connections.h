// How commands reach the services of a cluster.
#ifndef CHANCERY_TOOLS_CHANCERY_CONNECTIONS_H_
#define CHANCERY_TOOLS_CHANCERY_CONNECTIONS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/chancery/environment.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc
namespace chancery::config {
class Cli;
class Target;
}  // namespace chancery::config

namespace chancery::cli {

// The operator's identity and the services' addresses. Nothing is connected
// until the first call.
class Connections {
 public:
  // InvalidArgument, NotFound or FailedPrecondition say what to do.
  static absl::StatusOr<Connections> Open(const Globals& globals);
  ~Connections();
  Connections(Connections&&) noexcept;
  Connections& operator=(Connections&&) noexcept;

  const config::Cli& config() const;

  // FailedPrecondition if the configuration does not name the service.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Authority() const;
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Refresher() const;
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Signer() const;
  // Another process with the signer's identity; "": as Signer.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> SignerAt(
      const std::string& address) const;

 private:
  struct State;
  explicit Connections(std::unique_ptr<State> state);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Channel(
      absl::string_view service, const config::Target& target) const;
  std::unique_ptr<State> state_;
};

// Every call of this program ends after this long.
void SetCallTimeout(grpc::ClientContext& context);

// What a call to `service` ("authority") returned, with what to do when it
// could not be reached or refused us. OK stays OK.
absl::Status CallStatus(absl::string_view service, const grpc::Status& status);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CONNECTIONS_H_
