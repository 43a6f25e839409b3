#include "rpc/server.h"

#include <sys/stat.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "base/status_macros.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/impl/server_builder_plugin.h"
#include "grpcpp/impl/server_initializer.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "rpc/address.h"
#include "rpc/call_metrics.h"
#include "rpc/flow_control.h"

namespace chancery::rpc {
namespace {

// gRPC's switch is global and has no lock; it only goes from off to on.
void EnableHealth() {
  static std::once_flag once;
  std::call_once(once, [] { grpc::EnableDefaultHealthCheckService(true); });
}

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(int(options.max_message_bytes));
  builder.SetMaxSendMessageSize(int(options.max_message_bytes));
  builder.SetResourceQuota(
      grpc::ResourceQuota("chancery").Resize(options.memory_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             options.max_streams_per_connection);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
  // Compressed messages would be larger than they look.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);  // Nobody reads it.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
                             kStreamWindowBytes);
  builder.AddChannelArgument(
      GRPC_ARG_MAX_CONNECTION_AGE_MS,
      int(absl::ToInt64Milliseconds(options.max_connection_age)));
  // Two processes on one port would each get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Dead peers are found in 80 s; peers may ask every 10 s.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Only reflection is synchronous; our services run on their own pool.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
}

// Copies the names of all services into a vector that outlives the builder;
// only a plugin may see them.
class NameServices final : public grpc::ServerBuilderOption {
 public:
  explicit NameServices(std::vector<std::string>& names) : names_(names) {}

  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    plugins->push_back(std::make_unique<Plugin>(names_));
  }

 private:
  class Plugin final : public grpc::ServerBuilderPlugin {
   public:
    explicit Plugin(std::vector<std::string>& names) : names_(names) {}
    std::string name() override { return "chancery_service_names"; }
    void InitServer(grpc::ServerInitializer*) override {}
    void Finish(grpc::ServerInitializer* server) override {
      names_ = *server->GetServiceList();
    }
    void ChangeArguments(const std::string&, void*) override {}

   private:
    std::vector<std::string>& names_;
  };

  std::vector<std::string>& names_;
};

absl::StatusOr<std::vector<Address>> ParseAddresses(
    const std::vector<std::string>& texts) {
  if (texts.empty()) {
    return absl::InvalidArgumentError(
        "field `listen.address`: value ``: give at least one address");
  }
  std::vector<Address> addresses;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(Address address, ParseAddress(text));
    addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace

struct Server::State {
  std::vector<std::string> addresses;
  std::vector<std::string> services;     // Full names.
  std::unique_ptr<grpc::Server> server;  // Null once stopped.
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options, const Credentials& credentials,
    Metrics& metrics, const Log& log) {
  ASSIGN_OR_RETURN(std::vector<Address> addresses,
                   ParseAddresses(options.addresses));
  for (const Address& address : addresses) {
    RETURN_IF_ERROR(ClearUnixSocket(address));
  }
  EnableHealth();
  grpc::ServerBuilder builder;
  SetLimits(options, builder);
  std::vector<
      std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(MakeCallMetrics(metrics));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  for (grpc::Service* service : options.services) {
    builder.RegisterService(service);
  }
  if (options.otherwise != nullptr) {
    builder.RegisterCallbackGenericService(options.otherwise);
  }
  std::vector<int> ports(addresses.size(), 0);
  for (size_t i = 0; i < addresses.size(); ++i) {
    builder.AddListeningPort(FormatAddress(addresses[i]),
                             credentials.ForServer(), &ports[i]);
  }

  auto state = std::make_unique<State>();
  builder.SetOption(std::make_unique<NameServices>(state->services));
  state->server = builder.BuildAndStart();
  for (size_t i = 0; i < addresses.size(); ++i) {
    // gRPC stops at the first address that it cannot have.
    if (ports[i] == 0) return ExplainBindFailure(addresses[i]);
    if (addresses[i].is_unix()) {
      chmod(addresses[i].unix_path.c_str(), 0600);
    } else {
      addresses[i].port = uint16_t(ports[i]);
    }
    state->addresses.push_back(FormatAddress(addresses[i]));
  }
  if (state->server == nullptr) {
    return absl::InternalError("gRPC cannot start a server");
  }
  for (const std::string& address : state->addresses) {
    log.Info("listening",
             {{"address", address}, {"identity", credentials.identity().uri}});
  }
  std::unique_ptr<Server> server(new Server(std::move(state)));
  server->SetServing(false);
  return server;
}

Server::~Server() { Stop(absl::ZeroDuration()); }

const std::vector<std::string>& Server::addresses() const {
  return state_->addresses;
}

void Server::SetServing(bool serving) {
  SetServing("", serving);  // The server as a whole.
  for (const std::string& service : state_->services) {
    SetServing(service, serving);
  }
}

void Server::SetServing(const std::string& service, bool serving) {
  state_->server->GetHealthCheckService()->SetServingStatus(service, serving);
}

void Server::Stop(absl::Duration grace) {
  if (state_->server == nullptr) return;
  // Watchers of health learn of it, and their calls end.
  state_->server->GetHealthCheckService()->Shutdown();
  state_->server->Shutdown(std::chrono::system_clock::now() +
                           absl::ToChronoMilliseconds(grace));
  state_->server->Wait();
  state_->server.reset();
}

}  // namespace chancery::rpc
