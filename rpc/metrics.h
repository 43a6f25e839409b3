// What a process counts and measures, for Prometheus.
//
//   Metrics metrics;
//   Counter served = metrics.AddCounter("chancery_ocsp_total",
//                                       "OCSP requests.", {{"result",
//                                       "good"}});
//   served.Increment();
#ifndef CHANCERY_RPC_METRICS_H_
#define CHANCERY_RPC_METRICS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace chancery::rpc {

// Handles: cheap to copy, thread-safe, valid as long as their Metrics.
class Counter {
 public:
  void Increment(double by = 1) const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter& impl) : impl_(&impl) {}
  prometheus::Counter* impl_;
};

class Gauge {
 public:
  void Set(double value) const;
  void Add(double by) const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge& impl) : impl_(&impl) {}
  prometheus::Gauge* impl_;
};

class Histogram {
 public:
  void Observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram& impl) : impl_(&impl) {}
  prometheus::Histogram* impl_;
};

// Seconds, from 100 us to 30 s: for the latency of anything.
std::vector<double> LatencyBuckets();

// Thread-safe. A name belongs to one kind of metric; adding a name with labels
// that it has already returns the same metric. `help` is one line. Labels have
// few values: never a serial, a URI or an address.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter AddCounter(const std::string& name, const std::string& help,
                     const Labels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help,
                 const Labels& labels = {});
  // Shows a gauge no more; its handles must not be used afterwards.
  void RemoveGauge(const std::string& name, const Gauge& gauge);
  // `bounds` are the buckets' upper bounds, ascending.
  Histogram AddHistogram(const std::string& name, const std::string& help,
                         const std::vector<double>& bounds,
                         const Labels& labels = {});

  // The text exposition format, version 0.0.4.
  std::string Text() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_METRICS_H_
