#include "rpc/call_metrics.h"

#include <chrono>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "base/mutex.h"

namespace chancery::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;

// The metrics of one method; those of a code appear with its first call.
// Thread-safe.
class MethodMetrics {
 public:
  MethodMetrics(Metrics& metrics, std::string method)
      : metrics_(metrics),
        method_(std::move(method)),
        seconds_(metrics.AddHistogram("chancery_rpc_seconds",
                                      "How long calls took.", LatencyBuckets(),
                                      {{"method", method_}})) {}

  void Count(grpc::StatusCode code, double seconds) {
    seconds_.Observe(seconds);
    base::MutexLock lock(mu_);
    auto found = calls_.find(code);
    if (found == calls_.end()) {
      found = calls_.emplace(code, AddCalls(code)).first;
    }
    found->second.Increment();
  }

 private:
  Counter AddCalls(grpc::StatusCode code) {
    return metrics_.AddCounter(
        "chancery_rpc_calls_total", "Calls answered.",
        {{"method", method_},
         {"code", absl::StatusCodeToString(absl::StatusCode(code))}});
  }

  Metrics& metrics_;
  const std::string method_;
  const Histogram seconds_;
  base::Mutex mu_;
  std::map<grpc::StatusCode, Counter> calls_ ABSL_GUARDED_BY(mu_);
};

class CallTimer final : public grpc::experimental::Interceptor {
 public:
  explicit CallTimer(MethodMetrics& metrics) : metrics_(metrics) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_STATUS)) {
      const std::chrono::duration<double> seconds =
          std::chrono::steady_clock::now() - start_;
      metrics_.Count(batch->GetSendStatus().error_code(), seconds.count());
    }
    batch->Proceed();
  }

 private:
  MethodMetrics& metrics_;
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

class CallMetrics final
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallMetrics(Metrics& metrics) : metrics_(metrics) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* call) override {
    return new CallTimer(Find(call->method()));
  }

 private:
  MethodMetrics& Find(const std::string& method) {
    base::MutexLock lock(mu_);
    auto found = methods_.find(method);
    if (found == methods_.end()) {
      found = methods_
                  .emplace(method,
                           std::make_unique<MethodMetrics>(metrics_, method))
                  .first;
    }
    return *found->second;
  }

  Metrics& metrics_;
  base::Mutex mu_;
  // Only methods of registered services come here, so this is bounded.
  std::map<std::string, std::unique_ptr<MethodMetrics>> methods_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
MakeCallMetrics(Metrics& metrics) {
  return std::make_unique<CallMetrics>(metrics);
}

}  // namespace chancery::rpc
