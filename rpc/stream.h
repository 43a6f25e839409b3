// Streaming methods of a callback service whose handlers are plain functions
// that may block.
//
//   return rpc::ServerStream<SignCrlResponse>(
//       dispatcher_, context, rpc::Role::kCrl,
//       [=, this](const rpc::Identity&, rpc::Writer<SignCrlResponse>& out) {
//         ...
//         RETURN_IF_ERROR(out.Write(part));
//         return absl::OkStatus();
//       });
//
//   return rpc::ClientStream<PutCrlRequest>(
//       dispatcher_, context, rpc::Role::kPush,
//       [=, this](const rpc::Identity&, rpc::Reader<PutCrlRequest>& in) {
//         PutCrlRequest part;
//         while (true) {
//           ASSIGN_OR_RETURN(const bool more, in.Read(part));
//           if (!more) break;
//           ...
//         }
//         return absl::OkStatus();
//       });
//
//   return rpc::BothStream<IssueManyRequest, IssueManyResponse>(
//       dispatcher_, context, rpc::Role::kIssue,
//       [=, this](const rpc::Identity&, rpc::Reader<IssueManyRequest>& in,
//                 rpc::Writer<IssueManyResponse>& out) { ... });
//
// A handler holds a thread of the pool for as long as its call lives. So a peer
// that neither takes nor sends a message for kStreamStall is cut off.
#ifndef CHANCERY_RPC_STREAM_H_
#define CHANCERY_RPC_STREAM_H_

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "rpc/demand.h"
#include "rpc/dispatcher.h"
#include "rpc/status.h"
#include "rpc/stream_step.h"

namespace chancery::rpc {

inline constexpr absl::Duration kStreamStall = absl::Seconds(60);

template <typename Response>
class Writer {
 public:
  virtual ~Writer() = default;
  // Waits until gRPC has taken the message. Cancelled once the caller is gone
  // or stalls: return it.
  virtual absl::Status Write(const Response& message) = 0;
};

template <typename Request>
class Reader {
 public:
  virtual ~Reader() = default;
  // Waits for the next message; false at the stream's end. Cancelled once the
  // caller is gone or stalls: return it.
  virtual absl::StatusOr<bool> Read(Request& message) = 0;
};

namespace internal_stream {

// What Write and Read return when gRPC has done its step, or could not.
inline absl::Status Written(bool done) {
  if (done) return absl::OkStatus();
  return absl::CancelledError("the caller is gone");
}
inline absl::StatusOr<bool> MessageRead(bool done,
                                        grpc::CallbackServerContext& context) {
  if (!done && context.IsCancelled()) return Written(false);
  return done;
}

template <typename Response>
class WriteReactor final : public grpc::ServerWriteReactor<Response>,
                           public Writer<Response> {
 public:
  explicit WriteReactor(grpc::CallbackServerContext* context)
      : context_(context) {}

  absl::Status Write(const Response& message) override {
    this->StartWrite(&message);
    return Written(step_.Await(*context_, kStreamStall));
  }

 private:
  void OnWriteDone(bool ok) override { step_.Done(ok); }
  void OnDone() override { delete this; }

  grpc::CallbackServerContext* const context_;
  StreamStep step_;
};

template <typename Request>
class ReadReactor final : public grpc::ServerReadReactor<Request>,
                          public Reader<Request> {
 public:
  explicit ReadReactor(grpc::CallbackServerContext* context)
      : context_(context) {}

  absl::StatusOr<bool> Read(Request& message) override {
    this->StartRead(&message);
    return MessageRead(step_.Await(*context_, kStreamStall), *context_);
  }

 private:
  void OnReadDone(bool ok) override { step_.Done(ok); }
  void OnDone() override { delete this; }

  grpc::CallbackServerContext* const context_;
  StreamStep step_;
};

// One thread may read while another writes.
template <typename Request, typename Response>
class BothReactor final : public grpc::ServerBidiReactor<Request, Response>,
                          public Reader<Request>,
                          public Writer<Response> {
 public:
  explicit BothReactor(grpc::CallbackServerContext* context)
      : context_(context) {}

  absl::StatusOr<bool> Read(Request& message) override {
    this->StartRead(&message);
    return MessageRead(read_.Await(*context_, kStreamStall), *context_);
  }
  absl::Status Write(const Response& message) override {
    this->StartWrite(&message);
    return Written(written_.Await(*context_, kStreamStall));
  }

 private:
  void OnReadDone(bool ok) override { read_.Done(ok); }
  void OnWriteDone(bool ok) override { written_.Done(ok); }
  void OnDone() override { delete this; }

  grpc::CallbackServerContext* const context_;
  StreamStep read_;
  StreamStep written_;
};

// Lets the call in and runs `handler` with `reactor` on the pool. The reactor
// deletes itself after its Finish.
template <typename Reactor, typename Handler>
Reactor* Start(const Dispatcher& dispatcher, Reactor* reactor,
               grpc::CallbackServerContext* context, Demand demand,
               Handler handler, const char* method) {
  absl::StatusOr<Identity> caller = dispatcher.Admit(*context, demand, method);
  absl::Status started = caller.status();
  if (started.ok()) {
    started = dispatcher.Run([&dispatcher, reactor, caller = *caller,
                              demand = std::move(demand), method,
                              handler = std::move(handler)] {
      reactor->Finish(dispatcher.Handle(
          caller, demand, method, Dispatcher::Recorded::kBeforeHandler,
          [&] { return handler(caller, *reactor); }));
    });
  }
  if (!started.ok()) reactor->Finish(ToGrpc(started));
  return reactor;
}

}  // namespace internal_stream

// As Unary (unary.h), with many responses.
template <typename Response>
grpc::ServerWriteReactor<Response>* ServerStream(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Demand demand,
    std::function<absl::Status(const Identity&, Writer<Response>&)> handler,
    const char* method = __builtin_FUNCTION()) {
  return internal_stream::Start(
      dispatcher, new internal_stream::WriteReactor<Response>(context), context,
      std::move(demand), std::move(handler), method);
}

// As Unary, with many requests. The handler need not read to the end.
template <typename Request>
grpc::ServerReadReactor<Request>* ClientStream(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Demand demand,
    std::function<absl::Status(const Identity&, Reader<Request>&)> handler,
    const char* method = __builtin_FUNCTION()) {
  return internal_stream::Start(
      dispatcher, new internal_stream::ReadReactor<Request>(context), context,
      std::move(demand), std::move(handler), method);
}

// As Unary, with many requests and many responses, each in its own time.
template <typename Request, typename Response>
grpc::ServerBidiReactor<Request, Response>* BothStream(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Demand demand,
    std::function<absl::Status(const Identity&, Reader<Request>&,
                               Writer<Response>&)>
        handler,
    const char* method = __builtin_FUNCTION()) {
  using Reactor = internal_stream::BothReactor<Request, Response>;
  return internal_stream::Start(
      dispatcher, new Reactor(context), context, std::move(demand),
      [handler = std::move(handler)](const Identity& caller, Reactor& reactor) {
        return handler(caller, reactor, reactor);
      },
      method);
}

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_STREAM_H_
