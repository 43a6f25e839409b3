#ifndef CHANCERY_RESPONDER_HTTP_HTTP_WORKER_H_
#define CHANCERY_RESPONDER_HTTP_HTTP_WORKER_H_

#include <atomic>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "responder/http/connection_quota.h"
#include "responder/http/http_connection.h"
#include "responder/http/http_counters.h"
#include "responder/http/http_limits.h"
#include "responder/http/http_message.h"
#include "responder/http/listener.h"

struct epoll_event;

namespace chancery::responder {

// One level-triggered epoll loop with the connections of its own listening
// socket. Requests that have come together are begun together (HttpHandler).
// Run() belongs to one thread, all else but Start() to any.
class HttpWorker {
 public:
  struct Options {
    Fd listener;
    HttpLimits limits;
    // How long Run goes on after Stop for the sake of slow clients.
    absl::Duration drain_timeout;
  };

  // The references must outlive the worker.
  HttpWorker(Options options, const base::Clock& clock, HttpHandler& handler,
             ConnectionQuota& quota);
  ~HttpWorker();
  HttpWorker(const HttpWorker&) = delete;
  HttpWorker& operator=(const HttpWorker&) = delete;

  // Internal if the kernel refuses an epoll instance.
  absl::Status Start();
  // Serves until Stop and the end of the last connection.
  void Run();
  void Stop();
  // As Stop, when another process accepts from the listening socket and goes on
  // with connections that are between two requests: gives up those, and
  // returns once no more is accepted here. Run must be running.
  std::vector<Fd> HandOver();
  // Goes on with a client's connection that another process gave up.
  void Adopt(Fd connection);
  // The listening socket once more; not valid() once Run has begun to stop.
  Fd ShareListener();

  const HttpCounters& counters() const { return counters_; }

 private:
  struct Peer;

  // Of a few events: all input is read and begun with, then all is answered.
  void HandleTogether(std::span<const epoll_event> events);
  // The peer that has an event and must be finished with; null if there is
  // none.
  Peer* Begin(const epoll_event& event);
  // False if the kernel's queue is not empty yet.
  bool AcceptAll();
  void Admit(Fd fd, const ClientKey& client);
  void AdmitAdopted();
  void Refuse(const Fd& fd, HttpCount why);
  void MeasureLag(bool more_wait);
  void Wake();
  // With `work`, what is complete is only begun with.
  void Read(Peer& peer, HttpWork* work);
  void Write(Peer& peer);
  // What the state machine asks for after an event.
  void Follow(Peer& peer);
  void Close(Peer& peer);
  void BeginDrain();
  void GiveUpIdle();
  void Sweep();
  void Watch(bool listener);

  Options options_;
  // Guards that options_.listener is closed while another thread looks.
  base::Mutex listener_mu_;
  ConnectionQuota& quota_;
  HttpCounters counters_;
  HttpContext context_;
  Fd epoll_;
  Fd wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> handing_over_{false};
  std::promise<std::vector<Fd>> given_up_;
  base::Mutex adopted_mu_;
  std::vector<Fd> adopted_ ABSL_GUARDED_BY(adopted_mu_);
  bool draining_ = false;
  bool listener_watched_ = false;
  // Lag is how long the kernel's queue of events is: the worker's own event is
  // put at its end and comes when all before it were handled.
  bool measuring_lag_ = false;
  bool overloaded_ = false;
  Uptime lag_since_;
  Uptime now_;
  Uptime next_sweep_;
  Uptime drain_until_;
  absl::Duration sweep_interval_;
  std::vector<std::unique_ptr<Peer>> peers_;  // By slot; null if free.
  std::vector<size_t> free_slots_;
  size_t open_ = 0;
  std::string buffer_;  // What was received last.
  // For requests that were begun together; empty if the handler has no use for
  // that.
  std::vector<std::unique_ptr<HttpWork>> works_;
  size_t works_used_ = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_HTTP_HTTP_WORKER_H_
