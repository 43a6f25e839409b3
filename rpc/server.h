// A gRPC server: from its addresses and services to a graceful end.
//
//   ServerOptions options;
//   options.addresses = {"unix:/run/chancery/signer.sock", "0.0.0.0:7443"};
//   options.services = {&issuance, &ledger};
//   ASSIGN_OR_RETURN(std::unique_ptr<Server> server,
//                    Server::Start(options, credentials, metrics, log));
//   server->SetServing(true);
//   ...
//   server->Stop(absl::Seconds(10));
#ifndef CHANCERY_RPC_SERVER_H_
#define CHANCERY_RPC_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpc/credentials.h"
#include "rpc/log.h"
#include "rpc/metrics.h"

namespace grpc {
class CallbackGenericService;
class Service;
}  // namespace grpc

namespace chancery::rpc {

struct ServerOptions {
  // "unix:/path" or "host:port"; port 0 takes a free one.
  std::vector<std::string> addresses;
  // Callback services; they must outlive the server.
  std::vector<grpc::Service*> services;
  // Takes the calls of all other services; null: they are Unimplemented. It
  // must outlive the server.
  grpc::CallbackGenericService* otherwise = nullptr;
  // A larger message ends its call with ResourceExhausted.
  size_t max_message_bytes = 16 << 20;
  // Memory for all calls' buffers.
  size_t memory_bytes = 512 << 20;
  int max_streams_per_connection = 256;
  // Then a client has to connect, and prove who it is, again.
  absl::Duration max_connection_age = absl::Hours(1);
};

// Beside its services it has grpc.health.v1 and reflection, for everyone whose
// certificate the service CA signed, and counts calls by method and code and
// their seconds (chancery_rpc_calls_total, chancery_rpc_seconds).
//
// A Unix socket is open to its owner only; the socket that a dead process left
// is replaced. Ports are never shared. Thread-safe but for Stop.
class Server {
 public:
  // Serves when it returns; health says "not serving" until SetServing.
  // AlreadyExists: another process listens there; InvalidArgument: an address
  // that is none, or no addresses; FailedPrecondition: the socket's path is
  // something else; PermissionDenied.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, const Credentials& credentials,
      Metrics& metrics, const Log& log);
  // Stops without grace, unless it was stopped.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // As given, with the ports that were chosen.
  const std::vector<std::string>& addresses() const;

  // What grpc.health.v1 tells of the server as a whole and of all services, or
  // of one ("chancery.signer.v1.LedgerService").
  void SetServing(bool serving);
  void SetServing(const std::string& service, bool serving);

  // Reports "not serving", takes no new calls, lets running calls finish for
  // `grace`, then cancels them. When it returns no handler is running.
  void Stop(absl::Duration grace);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_SERVER_H_
