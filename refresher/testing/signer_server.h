#ifndef CHANCERY_REFRESHER_TESTING_SIGNER_SERVER_H_
#define CHANCERY_REFRESHER_TESTING_SIGNER_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "refresher/signer_client.h"
#include "rpc/credentials.h"

namespace chancery::refresher::testing {

// Serves a signer to anybody with a certificate of the service CA. CRLs go out
// in pieces of a few bytes.
class SignerServer {
 public:
  // `signer` must outlive it.
  SignerServer(SignerClient& signer, const std::string& address,
               const rpc::Credentials& credentials);
  ~SignerServer();

  // From now on CRLs end before their last piece.
  void CutCrlsShort();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::refresher::testing

#endif  // CHANCERY_REFRESHER_TESTING_SIGNER_SERVER_H_
