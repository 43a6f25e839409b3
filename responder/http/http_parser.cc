#include "responder/http/http_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace chancery::responder {
namespace {

namespace http = boost::beast::http;
using BeastView = boost::beast::string_view;
using boost::beast::error_code;

absl::string_view View(BeastView text) { return {text.data(), text.size()}; }

// What a request says, in memory that the next request uses again.
struct Message {
  HttpMethod method = HttpMethod::kOther;
  int version = 11;
  bool has_request_line = false;
  bool expects_continue = false;
  bool body_begun = false;
  bool has_transfer_encoding = false;
  bool plain = true;  // As PlainFields has it, as far as fields say.
  int hosts = 0;
  // Set by a refusal of ours, as opposed to one of Beast's.
  int error_status = 0;
  std::string target;
  std::string body;
  std::string content_type;
  std::string if_none_match;
  std::string if_modified_since;
  std::string range;
  std::string if_range;
  std::string accept_encoding;

  void Clear() {
    method = HttpMethod::kOther;
    version = 11;
    has_request_line = expects_continue = body_begun = false;
    has_transfer_encoding = false;
    plain = true;
    hosts = 0;
    error_status = 0;
    target.clear();
    body.clear();
    content_type.clear();
    if_none_match.clear();
    if_modified_since.clear();
    range.clear();
    if_range.clear();
    accept_encoding.clear();
  }
};

// RFC 9110 section 5.3: several lines of a field are one, joined by commas.
void AppendLine(BeastView value, std::string& field) {
  if (!field.empty()) field += ", ";
  field.append(value.data(), value.size());
}

// RFC 9112 section 3.2.2: "a server MUST accept the absolute-form in requests".
absl::string_view OriginForm(absl::string_view target) {
  for (const absl::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(target, scheme)) continue;
    const size_t path = target.find('/', scheme.size());
    return path == absl::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

// Fields that a section of PlainFields may have: those that neither Beast nor
// we heed, and those that it keeps.
bool IsPlain(http::field name) {
  switch (name) {
    case http::field::accept:
    case http::field::accept_encoding:
    case http::field::accept_language:
    case http::field::cache_control:
    case http::field::connection:
    case http::field::from:
    case http::field::host:
    case http::field::pragma:
    case http::field::unknown:
    case http::field::user_agent:
    case http::field::via:
      return true;
    default:
      return false;
  }
}

class RequestParser final : public http::basic_parser<true> {
 public:
  RequestParser(const HttpLimits& limits, Message& message)
      : limits_(limits), message_(message) {
    // Beast's bound is on what it sees at once; see Feed for ours.
    header_limit(limits.header_bytes + 1);
    body_limit(limits.body_bytes);
  }

 private:
  void Refuse(int status, error_code& ec) {
    message_.error_status = status;
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb verb, BeastView, BeastView target,
                       int version, error_code& ec) override {
    message_.has_request_line = true;
    switch (verb) {
      case http::verb::get:
        message_.method = HttpMethod::kGet;
        break;
      case http::verb::head:
        message_.method = HttpMethod::kHead;
        break;
      case http::verb::post:
        message_.method = HttpMethod::kPost;
        break;
      default:
        message_.method = HttpMethod::kOther;
    }
    message_.version = version;
    if (target.size() > limits_.target_bytes) return Refuse(414, ec);
    const absl::string_view origin = OriginForm(View(target));
    message_.target.assign(origin.data(), origin.size());
  }

  void on_field_impl(http::field name, BeastView, BeastView value,
                     error_code& ec) override {
    if (message_.body_begun) return;  // A trailer. We heed none.
    message_.plain = message_.plain && IsPlain(name);
    switch (name) {
      case http::field::host:
        ++message_.hosts;
        break;
      case http::field::content_type:
        message_.content_type.assign(value.data(), value.size());
        break;
      case http::field::if_none_match:
        AppendLine(value, message_.if_none_match);
        break;
      case http::field::if_modified_since:
        message_.if_modified_since.assign(value.data(), value.size());
        break;
      case http::field::range:
        AppendLine(value, message_.range);
        break;
      case http::field::if_range:
        AppendLine(value, message_.if_range);
        break;
      case http::field::accept_encoding:
        AppendLine(value, message_.accept_encoding);
        break;
      case http::field::transfer_encoding:
        // RFC 9112 section 6.1: "A server that receives a request message with
        // a transfer coding it does not understand SHOULD respond with 501".
        // Beast would take the message to have no body, and the body to be the
        // next request.
        message_.has_transfer_encoding = true;
        if (!absl::EqualsIgnoreCase(View(value), "chunked")) Refuse(501, ec);
        break;
      case http::field::expect:
        if (!absl::EqualsIgnoreCase(View(value), "100-continue")) {
          return Refuse(417, ec);
        }
        message_.expects_continue = true;
        break;
      default:
        break;
    }
  }

  void on_header_impl(error_code& ec) override {
    // RFC 9112 section 3.2: 400 "to any HTTP/1.1 request message that lacks a
    // Host header field and to any request message that contains more than one
    // Host header field line".
    if (message_.hosts > 1 || (message_.version == 11 && message_.hosts == 0)) {
      return Refuse(400, ec);
    }
    // RFC 9112 section 6.1: "A server or client that receives an HTTP/1.0
    // message containing a Transfer-Encoding header field MUST treat the
    // message as if the framing is faulty".
    if (message_.has_transfer_encoding && message_.version == 10) {
      return Refuse(400, ec);
    }
    // RFC 9110 section 10.1.1: "A server that receives a 100-continue
    // expectation in an HTTP/1.0 request MUST ignore that expectation".
    if (message_.version == 10) message_.expects_continue = false;
  }

  void on_body_init_impl(const boost::optional<uint64_t>&,
                         error_code&) override {
    message_.body_begun = true;
  }
  size_t on_body_impl(BeastView part, error_code&) override {
    message_.body.append(part.data(), part.size());
    return part.size();
  }
  void on_chunk_header_impl(uint64_t, BeastView, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, BeastView part, error_code&) override {
    message_.body.append(part.data(), part.size());
    return part.size();
  }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, BeastView, int, error_code&) override {}

  const HttpLimits& limits_;
  Message& message_;
};

// A path that is a valid target, with a query or without one: "/" and what is
// visible. Beast takes some targets that this is false for.
bool IsPath(absl::string_view target) {
  if (target.empty() || target.front() != '/') return false;
  // Eight at a time, the last ones with others that are visible: an octet's
  // upper bit is set in the sum if it is above the bound, and in itself if it
  // is no ASCII.
  constexpr uint64_t kEach = 0x0101010101010101;
  uint64_t above_space = ~uint64_t{0};
  uint64_t above_visible = 0;
  const auto look = [&](const char* at, size_t size) {
    uint64_t octets = kEach * 'v';
    std::memcpy(&octets, at, size);
    above_space &= octets + kEach * (0x7f - ' ');
    above_visible |= octets | (octets + kEach * (0x7f - '~'));
  };
  size_t at = 0;
  for (; at + 8 <= target.size(); at += 8) look(target.data() + at, 8);
  look(target.data() + at, target.size() - at);
  return (above_space & kEach << 7) == kEach << 7 &&
         (above_visible & kEach << 7) == 0;
}

// Whether the request line that `in` begins with names another major version of
// HTTP, as opposed to being no request line.
bool IsOtherVersion(absl::string_view in) {
  const absl::string_view line = in.substr(0, in.find("\r\n"));
  const size_t at = line.rfind(" HTTP/");
  return at != absl::string_view::npos && line.size() > at + 6 &&
         absl::ascii_isdigit(static_cast<unsigned char>(line[at + 6])) &&
         line[at + 6] != '1';
}

// `in` is what Beast could not take.
int StatusOf(const error_code& ec, bool has_request_line,
             absl::string_view in) {
  if (ec == http::error::header_limit) {
    // Beast may look for the end of the header before it reads the line.
    return has_request_line || absl::StrContains(in, "\r\n") ? 431 : 414;
  }
  if (ec == http::error::body_limit) return 413;
  if (ec == http::error::bad_version && IsOtherVersion(in)) return 505;
  return 400;
}

}  // namespace

struct HttpParser::State {
  State(const HttpLimits& l, PlainFields& f) : limits(l), fields(f) {
    parser.emplace(limits, message);
  }

  // The whole request, if it is a GET whose fields are known to say nothing.
  bool TakePlain(absl::string_view& in);

  const HttpLimits& limits;
  PlainFields& fields;
  Message message;
  // Beast's parser serves once; making it anew allocates nothing.
  std::optional<RequestParser> parser;
  HttpRequest request;
  bool plain = false;  // `parser` has not seen it.
  // As they came: the header so far, the body with its framing.
  size_t header_size = 0;
  size_t framed_body_size = 0;
};

bool HttpParser::State::TakePlain(absl::string_view& in) {
  constexpr absl::string_view kMethod = "GET ";
  constexpr absl::string_view kVersion = " HTTP/1.1\r\n";
  if (!absl::StartsWith(in, kMethod)) return false;
  const absl::string_view after = in.substr(kMethod.size());
  const absl::string_view target = after.substr(0, after.find(' '));
  if (target.size() > limits.target_bytes || !IsPath(target)) return false;
  const size_t line = kMethod.size() + target.size() + kVersion.size();
  if (!absl::StartsWith(after.substr(target.size()), kVersion)) return false;
  const PlainFields::Section* const section = fields.Match(in.substr(line));
  if (section == nullptr) return false;
  const size_t size = line + section->text.size();
  if (size > limits.header_bytes) return false;
  plain = true;
  message.method = HttpMethod::kGet;
  message.target.assign(target.data(), target.size());
  message.accept_encoding = section->accept_encoding;
  // Not from all of the message, whose other strings are empty and would have
  // to be fetched.
  request = {.method = HttpMethod::kGet,
             .target = message.target,
             .body = {},
             .content_type = {},
             .if_none_match = {},
             .if_modified_since = {},
             .accept_encoding = message.accept_encoding,
             .now = absl::Time()};
  in.remove_prefix(size);
  return true;
}

HttpParser::HttpParser(const HttpLimits& limits, PlainFields& fields)
    : state_(std::make_unique<State>(limits, fields)) {}
HttpParser::~HttpParser() = default;
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;

HttpParser::Step HttpParser::Feed(absl::string_view& in) {
  State& s = *state_;
  RequestParser& parser = *s.parser;
  Message& message = s.message;
  const auto refuse = [&](int status) {
    if (message.error_status == 0) message.error_status = status;
    return Step::kBad;
  };
  // RFC 9112 section 2.2: "a server [...] SHOULD ignore at least one empty line
  // (CRLF) received prior to the request-line".
  if (!parser.got_some()) {
    while (absl::StartsWith(in, "\r\n")) in.remove_prefix(2);
    if (in == "\r") return Step::kNeedMore;
    if (s.TakePlain(in)) return Step::kDone;
  }
  const absl::string_view whole = in;
  while (!parser.is_done()) {
    const bool in_body = parser.got_some() && parser.is_header_done();
    // The shortest end of a chunked body is "0\r\n\r\n"; Beast asserts that it
    // is never called for fewer octets than that.
    const size_t least = in_body && parser.chunked() ? 5 : 1;
    if (in.size() < least) return Step::kNeedMore;
    error_code ec;
    const size_t body_before = message.body.size();
    // Takes one element: the header as far as it goes, a chunk's size, a part
    // of a body. Bounds count octets as they came, so that a request is the
    // same however the stream is cut.
    const size_t taken =
        parser.put(boost::asio::const_buffer(in.data(), in.size()), ec);
    in.remove_prefix(taken);
    const bool need_more = ec == http::error::need_more;
    if (ec && !need_more) {
      return refuse(StatusOf(ec, message.has_request_line, in));
    }
    // What is not used yet waits in the caller's buffer and grows there.
    const size_t waiting = need_more ? in.size() : 0;
    if (!in_body) {
      s.header_size += taken;
      if (s.header_size + waiting > s.limits.header_bytes) {
        return refuse(
            StatusOf(http::error::header_limit, message.has_request_line, in));
      }
    } else {
      s.framed_body_size += taken;
      // A chunk's size with its extensions, or the trailers. And of all chunks:
      // one octet as a chunk takes six, beyond that it is padding.
      const size_t framing = taken - (message.body.size() - body_before);
      if (framing + waiting > s.limits.header_bytes ||
          s.framed_body_size >
              size_t{8} * s.limits.body_bytes + s.limits.header_bytes) {
        return refuse(400);
      }
    }
    if (need_more) return Step::kNeedMore;
  }
  s.request = {.method = message.method,
               .target = message.target,
               .body = message.body,
               .content_type = message.content_type,
               .if_none_match = message.if_none_match,
               .if_modified_since = message.if_modified_since,
               .range = message.range,
               .if_range = message.if_range,
               .accept_encoding = message.accept_encoding,
               .now = absl::Time()};
  // One that came in several pieces is not remembered, which is no loss.
  const absl::string_view header = whole.substr(0, s.header_size);
  if (message.method == HttpMethod::kGet && message.version == 11 &&
      message.plain && !message.body_begun && parser.keep_alive() &&
      header.size() == whole.size() - in.size()) {
    s.fields.Saw(header.substr(header.find("\r\n") + 2),
                 message.accept_encoding);
  }
  return Step::kDone;
}

void HttpParser::Reset() {
  if (state_->plain) {
    // All that has changed.
    state_->plain = false;
    state_->message.method = HttpMethod::kOther;
    state_->message.target.clear();
    state_->message.accept_encoding.clear();
    return;
  }
  state_->message.Clear();
  state_->parser.emplace(state_->limits, state_->message);
  state_->header_size = 0;
  state_->framed_body_size = 0;
}

bool HttpParser::begun() const {
  return state_->plain || state_->parser->got_some();
}

bool HttpParser::awaits_continue() const {
  return state_->message.expects_continue && begun() &&
         state_->parser->is_header_done() && !state_->parser->is_done() &&
         !state_->message.body_begun;
}

const HttpRequest& HttpParser::request() const { return state_->request; }

bool HttpParser::keep_alive() const {
  return state_->plain || state_->parser->keep_alive();
}

bool HttpParser::http_1_0() const { return state_->message.version == 10; }

int HttpParser::error_status() const { return state_->message.error_status; }

bool HttpParser::is_head() const {
  return state_->message.method == HttpMethod::kHead;
}

}  // namespace chancery::responder
