// HTTP/1.0 and 1.1 requests out of bytes, without I/O.
//
//   HttpParser parser(limits);
//   switch (parser.Feed(bytes)) {
//     case HttpParser::Step::kDone: Answer(parser.request()); parser.Reset();
#ifndef CHANCERY_RESPONDER_HTTP_HTTP_PARSER_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_PARSER_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "responder/http/http_limits.h"
#include "responder/http/http_message.h"
#include "responder/http/plain_fields.h"

namespace chancery::responder {

// One request at a time (RFC 9112). The grammar is Boost.Beast's; here are the
// bounds and the refusals that it leaves to its user: Host fields, transfer
// codings other than chunked, expectations. Memory is bounded by `limits`,
// whatever arrives and however it is cut. Thread-compatible.
class HttpParser {
 public:
  enum class Step {
    // All that could be used is; what is left of the input must be fed again
    // with more behind it.
    kNeedMore,
    // request() is complete; the input now starts behind it.
    kDone,
    // Refused with error_status(); nothing behind it can be understood.
    kBad,
  };

  // Both must outlive the parser; `fields` is what the parsers of one thread
  // share.
  HttpParser(const HttpLimits& limits, PlainFields& fields);
  ~HttpParser();
  HttpParser(HttpParser&&) noexcept;
  HttpParser& operator=(HttpParser&&) noexcept;

  // Takes from the front of `in`. Not after kDone or kBad without a Reset.
  Step Feed(absl::string_view& in);

  // Ready for the next request.
  void Reset();

  // Whether any of the request has been taken.
  bool begun() const;
  // Whether the client waits for "100 Continue" before it sends the body: the
  // header is complete, and nothing of the body has come. RFC 9110 10.1.1.
  bool awaits_continue() const;

  // After kDone. Everything but `now`; valid until Reset.
  const HttpRequest& request() const;
  // After kDone: whether the client wants to send more (RFC 9112 section 9.3).
  bool keep_alive() const;
  bool http_1_0() const;

  // After kBad: 400, 413, 414, 417, 431, 501 or 505.
  int error_status() const;
  // HEAD, if the request line was read: a refusal then has no body.
  bool is_head() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_PARSER_H_
