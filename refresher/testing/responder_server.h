#ifndef CHANCERY_REFRESHER_TESTING_RESPONDER_SERVER_H_
#define CHANCERY_REFRESHER_TESTING_RESPONDER_SERVER_H_

#include <memory>
#include <string>

#include "refresher/responder_client.h"
#include "rpc/credentials.h"

namespace chancery::refresher::testing {

// Serves a responder to anybody with a certificate of the service CA. Versions
// go out one in a message.
class ResponderServer {
 public:
  // `responder` must outlive it.
  ResponderServer(ResponderClient& responder, const std::string& address,
                  const rpc::Credentials& credentials);
  ~ResponderServer();

  // From now on Apply has one result less than it should.
  void DropResults();
  // Of the CRL that was put last.
  std::string last_crl() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::refresher::testing

#endif  // CHANCERY_REFRESHER_TESTING_RESPONDER_SERVER_H_
