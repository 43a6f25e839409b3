// A TCP client that sends what it is told to and shows what came, byte by byte.
#ifndef CHANCERY_RESPONDER_TESTING_HTTP_CLIENT_H_
#define CHANCERY_RESPONDER_TESTING_HTTP_CLIENT_H_

#include <cstddef>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace chancery::responder::testing {

// A response taken apart. Names of fields are in lower case.
struct ClientResponse {
  int status = 0;
  std::map<std::string, std::string> fields;
  std::string body;
};

// Takes the first response off `stream`; `head`: it has no body whatever its
// fields say. Status 0 if there is no complete one.
ClientResponse TakeResponse(std::string& stream, bool head = false);

// Every wait ends after 10 seconds, as if the server had gone.
// Thread-compatible.
class HttpClient {
 public:
  // Connects to 127.0.0.1.
  explicit HttpClient(int port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool Send(absl::string_view bytes);
  // No more will be sent.
  void EndSending();
  // The next response; status 0 if the connection ended first.
  ClientResponse Receive(bool head = false);
  // Everything until the server closes, what Receive has not used first.
  std::string ReceiveAll();
  // Whether the server closed, cleanly or not, having sent nothing more.
  bool ReceivesEnd();

 private:
  // False at the end of the stream.
  bool ReceiveMore();

  int fd_ = -1;
  std::string received_;
};

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_TESTING_HTTP_CLIENT_H_
