// A server that is up, for tests of what is between it and its clients.
#ifndef CHANCERY_RPC_TESTING_ECHO_SERVER_H_
#define CHANCERY_RPC_TESTING_ECHO_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "chancery/config/common.pb.h"
#include "rpc/credentials.h"
#include "rpc/metrics.h"
#include "rpc/server.h"

namespace chancery::rpc::testing {

inline constexpr char kServerUri[] = "spiffe://test/signer/one";
inline constexpr char kClientUri[] = "spiffe://test/authority/one";
inline constexpr char kStrangerUri[] = "spiffe://test/authority/two";

// Serves EchoService. kClientUri has the roles read, crl and push; others have
// none.
class EchoServer {
 public:
  explicit EchoServer(const Credentials& credentials);
  ~EchoServer();

  // OK, or why it could not listen.
  absl::Status Start(const std::vector<std::string>& addresses,
                     size_t max_message_bytes = 1 << 20);
  Server& server();
  Metrics& metrics();
  // The first address, and kServerUri.
  config::Target target() const;

  // Calls with the text "wait" return after Release; Waiting blocks until one
  // is inside.
  void AwaitWaiting();
  void Release();

  // What was logged so far.
  std::string log() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::rpc::testing

#endif  // CHANCERY_RPC_TESTING_ECHO_SERVER_H_
