#ifndef CHANCERY_AUTHORITY_TESTING_REFRESHER_SERVER_H_
#define CHANCERY_AUTHORITY_TESTING_REFRESHER_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "chancery/refresher/v1/publish.pb.h"
#include "rpc/credentials.h"

namespace chancery::authority::testing {

// A refresher that keeps what it is asked to publish, and says that two of
// three responders have it. Serves anybody, with mutual TLS.
class RefresherServer {
 public:
  RefresherServer(const std::string& address,
                  const rpc::Credentials& credentials);
  ~RefresherServer();

  std::vector<refresher::v1::PublishRequest> requests() const;
  // From now on calls do not end before their callers give up.
  void Hang();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::authority::testing

#endif  // CHANCERY_AUTHORITY_TESTING_REFRESHER_SERVER_H_
