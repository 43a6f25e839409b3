#include "responder/http/http_connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

namespace chancery::responder {
namespace {

// A refused client may send this much more before it is cut off.
constexpr size_t kMaxDropped = 1 << 20;
// A connection without a request when draining begins may have one on its way.
constexpr absl::Duration kDrainGrace = absl::Milliseconds(500);
// Memory that an idle connection keeps for its next request.
constexpr size_t kKeptBuffer = 4096;

absl::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void AppendNumber(size_t value, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

void AppendText(absl::string_view text, std::string& out) {
  out.append(text.data(), text.size());
}

HttpCount CountOf(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return HttpCount::kGet;
    case HttpMethod::kHead:
      return HttpCount::kHead;
    case HttpMethod::kPost:
      return HttpCount::kPost;
    case HttpMethod::kOther:
      break;
  }
  return HttpCount::kOtherMethod;
}

HttpCount CountOfStatus(int status) {
  if (status == 304) return HttpCount::kStatus304;
  if (status < 400) return HttpCount::kStatus2xx;
  return status < 500 ? HttpCount::kStatus4xx : HttpCount::kStatus5xx;
}

void ClearBuffer(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBuffer) buffer.shrink_to_fit();
}

}  // namespace

HttpConnection::HttpConnection(HttpContext& context, Uptime now)
    : context_(context),
      parser_(context.limits, context.plain_fields),
      request_since_(now),
      active_at_(now),
      linger_since_(now),
      window_since_(now) {
  Settle(now);
}

void HttpConnection::Receive(absl::string_view bytes, Uptime now) {
  Take(bytes, now);
  Settle(now);
}

void HttpConnection::Begin(absl::string_view bytes, Uptime now,
                           HttpWork& work) {
  work_ = &work;
  Take(bytes, now);
  if (begun_) return;
  work_ = nullptr;
  Settle(now);
}

void HttpConnection::Finish(Uptime now) {
  begun_ = false;
  Answer(now);
  work_ = nullptr;
  if (!input_.empty()) ProcessBacklog(now);
  Settle(now);
}

void HttpConnection::Take(absl::string_view bytes, Uptime now) {
  context_.counters.Add(HttpCount::kBytesReceived, bytes.size());
  if (phase_ == Phase::kLingering) {
    dropped_ += bytes.size();
    if (dropped_ > kMaxDropped) phase_ = Phase::kDone;
    return;
  }
  if (input_.empty()) {
    // Usually whole requests: no copy.
    Process(bytes, now);
    input_.assign(bytes.data(), bytes.size());
  } else {
    input_.append(bytes.data(), bytes.size());
    ProcessBacklog(now);
  }
}

void HttpConnection::ReceiveEnd(Uptime now) {
  peer_ended_ = true;
  if (phase_ == Phase::kLingering) phase_ = Phase::kDone;
  Settle(now);
}

void HttpConnection::ProcessBacklog(Uptime now) {
  absl::string_view rest = input_;
  Process(rest, now);
  if (rest.empty()) {
    ClearBuffer(input_);
  } else {
    input_.erase(0, input_.size() - rest.size());
  }
}

void HttpConnection::Process(absl::string_view& in, Uptime now) {
  while (phase_ == Phase::kOpen && !begun_ && !in.empty() && file_.size == 0 &&
         OutputSize() < context_.limits.output_bytes) {
    // The first request's time counts from connecting.
    if (!parser_.begun() && served_any_) request_since_ = now;
    switch (parser_.Feed(in)) {
      case HttpParser::Step::kNeedMore:
        if (!sent_continue_ && parser_.awaits_continue() && in.empty()) {
          sent_continue_ = true;
          output_ += "HTTP/1.1 100 Continue\r\n\r\n";
        }
        return;
      case HttpParser::Step::kBad:
        return Refuse(parser_.error_status(), parser_.is_head());
      case HttpParser::Step::kDone:
        begun_ = work_ != nullptr &&
                 context_.handler.Begin(parser_.request(), *work_);
        if (!begun_) {
          work_ = nullptr;
          Answer(now);
        }
    }
  }
}

void HttpConnection::Answer(Uptime now) {
  HttpRequest request = parser_.request();
  request.work = work_;
  request.now = context_.clock.Now();
  context_.counters.Add(CountOf(request.method));
  context_.response.Clear();
  context_.handler.Handle(request, context_.response);
  const bool keep_alive = parser_.keep_alive() && !draining_;
  Write(request.now, request.method == HttpMethod::kHead, keep_alive,
        parser_.http_1_0());
  if (!keep_alive) phase_ = Phase::kClosing;
  served_any_ = true;
  sent_continue_ = false;
  active_at_ = now;
  parser_.Reset();
}

void HttpConnection::Refuse(int status, bool head) {
  HttpResponse& response = context_.response;
  response.Clear();
  response.status = status;
  response.headers =
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Cache-Control: no-store\r\n";
  response.body = absl::StrCat(status, " ", Reason(status), "\n");
  refused_ = true;
  phase_ = Phase::kClosing;
  Write(context_.clock.Now(), head, /*keep_alive=*/false, /*http_1_0=*/false);
}

void HttpConnection::Write(absl::Time now, bool head, bool keep_alive,
                           bool http_1_0) {
  HttpResponse& response = context_.response;
  context_.counters.Add(CountOfStatus(response.status));
  if (output_.empty()) output_.swap(context_.spare);
  const bool has_file = response.file.size != 0;
  const absl::string_view body = response.BodyBytes();
  const size_t body_size = has_file ? response.file.size : body.size();
  if (response.status == 200) {
    output_ += "HTTP/1.1 200 OK\r\nDate: ";
  } else {
    absl::StrAppend(&output_, "HTTP/1.1 ", response.status, " ",
                    Reason(response.status), "\r\nDate: ");
  }
  AppendText(context_.dates.Format(now), output_);
  output_ += "\r\n";
  output_ += response.headers;
  const bool no_content = response.status == 304;
  if (!no_content) {
    output_ += "Content-Length: ";
    AppendNumber(body_size, output_);
    output_ += "\r\n";
  }
  if (!keep_alive) {
    output_ += "Connection: close\r\n";
  } else if (http_1_0) {
    output_ += "Connection: keep-alive\r\n";
  }
  output_ += "\r\n";
  if (head || no_content) return;
  if (has_file) {
    file_ = std::move(response.file);
  } else {
    AppendText(body, output_);
  }
}

HttpOutput HttpConnection::Output() const {
  HttpOutput output;
  output.bytes = absl::string_view(output_).substr(sent_);
  if (file_.size != 0) {
    output.file = file_.file->get();
    output.file_offset = file_.offset;
    output.file_size = file_.size;
  }
  return output;
}

size_t HttpConnection::OutputSize() const {
  return output_.size() - sent_ + file_.size;
}

bool HttpConnection::has_output() const { return OutputSize() != 0; }

void HttpConnection::Sent(size_t size, Uptime now) {
  context_.counters.Add(HttpCount::kBytesSent, size);
  active_at_ = now;
  const size_t small = std::min(size, output_.size() - sent_);
  sent_ += small;
  if (size != small) {
    file_.offset += size - small;
    file_.size -= size - small;
  }
  window_left_ -= std::min(window_left_, size);
  if (!has_output()) {
    output_.clear();
    // All that there is of it goes back; a large one is not kept by anybody.
    if (output_.capacity() <= kKeptBuffer) output_.swap(context_.spare);
    if (output_.capacity() > kKeptBuffer) output_.shrink_to_fit();
    sent_ = 0;
    file_.file.reset();
    window_left_ = 0;
    if (phase_ == Phase::kOpen && !input_.empty()) ProcessBacklog(now);
  }
  Settle(now);
}

bool HttpConnection::wants_input() const {
  if (peer_ended_) return false;
  if (phase_ == Phase::kLingering) return true;
  // Not while responses wait: the client has to take them first.
  return phase_ == Phase::kOpen && file_.size == 0 &&
         OutputSize() < context_.limits.output_bytes;
}

bool HttpConnection::idle() const {
  return phase_ == Phase::kOpen && !peer_ended_ && !parser_.begun() &&
         input_.empty() && !has_output();
}

void HttpConnection::Drain(Uptime now) {
  draining_ = true;
  draining_since_ = now;
  if (phase_ == Phase::kOpen && served_any_ && !parser_.begun() &&
      input_.empty()) {
    phase_ = Phase::kClosing;
  }
  Settle(now);
}

void HttpConnection::Expire(Uptime now) {
  context_.counters.Add(HttpCount::kTimeouts);
  const bool half_a_request =
      phase_ == Phase::kOpen && !has_output() && parser_.begun();
  if (half_a_request) {
    Refuse(408, parser_.is_head());
    Settle(now);
  } else {
    phase_ = Phase::kDone;
  }
}

void HttpConnection::Settle(Uptime now) {
  const bool output = has_output();
  // A client that has ended its half gets what it asked for.
  if (peer_ended_ && !output && phase_ == Phase::kOpen) phase_ = Phase::kDone;
  if (phase_ == Phase::kClosing && !output) {
    // Closing with unread input resets the connection, which may overtake the
    // response. A well-behaved client that asked for the end has sent nothing.
    const bool unread = refused_ || !input_.empty();
    phase_ = unread && !peer_ended_ ? Phase::kLingering : Phase::kDone;
    linger_since_ = now;
    ClearBuffer(input_);
  }
  // The rate is measured over what waited when the measuring began: a client
  // that keeps pipelining has always something to take.
  if (output && window_left_ == 0 && phase_ != Phase::kLingering) {
    window_since_ = active_at_ = now;
    window_size_ = window_left_ = OutputSize();
  }
}

Uptime HttpConnection::deadline() const {
  const HttpLimits& limits = context_.limits;
  if (phase_ == Phase::kLingering) return linger_since_ + limits.linger_timeout;
  if (has_output()) {
    const Uptime slowest =
        absl::Seconds(window_size_ / limits.min_write_bytes_per_second);
    return std::min(active_at_, window_since_ + slowest) + limits.idle_timeout;
  }
  if (parser_.begun()) return request_since_ + limits.request_timeout;
  const Uptime waits = served_any_ ? active_at_ + limits.idle_timeout
                                   : request_since_ + limits.request_timeout;
  return draining_ && phase_ == Phase::kOpen
             ? std::min(waits, draining_since_ + kDrainGrace)
             : waits;
}

}  // namespace chancery::responder
