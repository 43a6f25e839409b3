// One client's connection as a state machine: bytes in, bytes out, no socket.
#ifndef CHANCERY_RESPONDER_HTTP_HTTP_CONNECTION_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "responder/http/http_counters.h"
#include "responder/http/http_date.h"
#include "responder/http/http_limits.h"
#include "responder/http/http_message.h"
#include "responder/http/http_parser.h"
#include "responder/http/plain_fields.h"

namespace chancery::responder {

// What the connections of one thread share. All must outlive them.
struct HttpContext {
  const HttpLimits& limits;
  const base::Clock& clock;
  HttpHandler& handler;
  HttpCounters& counters;
  HttpDateCache dates;
  HttpResponse response;  // Used again for each exchange.
  PlainFields plain_fields = {};
  // The memory of the output that was sent last: usually still in the
  // processor's cache, and connections without output need none.
  std::string spare = {};
};

// Time on a clock that only moves forward, from any origin. Deadlines do not
// jump when the wall clock does.
using Uptime = absl::Duration;

// What to send: bytes, which are a response or a batch of them, then
// `file_size` octets of a file from `file_offset`. Neither has to be there.
struct HttpOutput {
  absl::string_view bytes;
  int file = -1;
  uint64_t file_offset = 0;
  uint64_t file_size = 0;
};

// Answers requests in order, many in one batch when they are pipelined. The
// owner moves the bytes:
//
//   while it lives: read when wants_input(), write when Output() has any,
//   call Expire() at deadline(); half-close once lingering(); close at done().
//
// Thread-compatible.
class HttpConnection {
 public:
  // `context` must outlive the connection.
  HttpConnection(HttpContext& context, Uptime now);

  // `bytes` came. Only if wants_input().
  void Receive(absl::string_view bytes, Uptime now);
  // The same in two steps, for a server that has input of several connections:
  // if a request is complete, its handler has begun with it, in `work`, and the
  // next call must be Finish. If not begun(), all is done, as by Receive.
  void Begin(absl::string_view bytes, Uptime now, HttpWork& work);
  bool begun() const { return begun_; }
  void Finish(Uptime now);
  // The client will send no more. What it has sent is still answered.
  void ReceiveEnd(Uptime now);

  // Valid until the next call.
  HttpOutput Output() const;
  bool has_output() const;
  // The first `size` octets of Output() are sent. May make more.
  void Sent(size_t size, Uptime now);

  bool wants_input() const;
  // All is sent and no more will be; read and drop what still comes.
  bool lingering() const { return phase_ == Phase::kLingering; }
  bool done() const { return phase_ == Phase::kDone; }

  // The transport failed: done.
  void Abort() { phase_ = Phase::kDone; }

  // Between two requests, or before the first: nothing has come of the next one
  // and nothing is to be sent, so that another process may go on from here.
  bool idle() const;

  // The request in progress is the last one; without one, done.
  void Drain(Uptime now);

  Uptime deadline() const;
  // The deadline has passed: 408 if a request was coming in, else done.
  void Expire(Uptime now);

 private:
  enum class Phase {
    kOpen,
    // The last response is on its way.
    kClosing,
    kLingering,
    kDone,
  };

  void Take(absl::string_view bytes, Uptime now);
  // Answers what is complete in `in` and leaves the rest in it. With work_, no
  // more than begins the first.
  void Process(absl::string_view& in, Uptime now);
  void ProcessBacklog(Uptime now);
  void Answer(Uptime now);
  void Refuse(int status, bool head);
  void Write(absl::Time now, bool head, bool keep_alive, bool http_1_0);
  // Behind each event: moves on from kClosing, measures the write rate.
  void Settle(Uptime now);
  size_t OutputSize() const;

  HttpContext& context_;
  HttpParser parser_;
  Phase phase_ = Phase::kOpen;
  bool peer_ended_ = false;
  bool refused_ = false;
  bool draining_ = false;
  bool sent_continue_ = false;
  bool served_any_ = false;
  bool begun_ = false;        // parser_ has a request that is not answered.
  HttpWork* work_ = nullptr;  // During Begin, and then of that request.
  std::string input_;         // Not yet used.
  std::string output_;        // The first sent_ bytes are gone.
  size_t sent_ = 0;
  FilePart file_;  // What is left of it; goes out behind output_.
  size_t dropped_ = 0;
  Uptime request_since_;
  Uptime active_at_;
  Uptime linger_since_;
  Uptime draining_since_;
  // The write rate's measurement: see Settle.
  Uptime window_since_;
  size_t window_size_ = 0;
  size_t window_left_ = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_CONNECTION_H_
