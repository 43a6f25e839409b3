#ifndef CHANCERY_AUTHORITY_TESTING_SIGNER_SERVER_H_
#define CHANCERY_AUTHORITY_TESTING_SIGNER_SERVER_H_

#include <memory>
#include <string>

#include "authority/signer_client.h"
#include "rpc/credentials.h"

namespace chancery::authority::testing {

// Serves what `signer` answers as a signer's gRPC services, with mutual TLS, to
// anybody. `signer` must outlive it.
class SignerServer {
 public:
  SignerServer(SignerClient& signer, const std::string& address,
               const rpc::Credentials& credentials);
  ~SignerServer();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::authority::testing

#endif  // CHANCERY_AUTHORITY_TESTING_SIGNER_SERVER_H_
