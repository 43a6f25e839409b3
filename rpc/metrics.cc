#include "rpc/metrics.h"

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace chancery::rpc {

void Counter::Increment(double by) const { impl_->Increment(by); }
void Gauge::Set(double value) const { impl_->Set(value); }
void Gauge::Add(double by) const { impl_->Increment(by); }
void Histogram::Observe(double value) const { impl_->Observe(value); }

std::vector<double> LatencyBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
          0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30};
}

struct Metrics::State {
  prometheus::Registry registry;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter Metrics::AddCounter(const std::string& name, const std::string& help,
                            const Labels& labels) {
  return Counter(prometheus::BuildCounter()
                     .Name(name)
                     .Help(help)
                     .Register(state_->registry)
                     .Add(labels));
}

Gauge Metrics::AddGauge(const std::string& name, const std::string& help,
                        const Labels& labels) {
  return Gauge(prometheus::BuildGauge()
                   .Name(name)
                   .Help(help)
                   .Register(state_->registry)
                   .Add(labels));
}

void Metrics::RemoveGauge(const std::string& name, const Gauge& gauge) {
  // Finds the family by its name.
  prometheus::BuildGauge()
      .Name(name)
      .Register(state_->registry)
      .Remove(gauge.impl_);
}

Histogram Metrics::AddHistogram(const std::string& name,
                                const std::string& help,
                                const std::vector<double>& bounds,
                                const Labels& labels) {
  return Histogram(prometheus::BuildHistogram()
                       .Name(name)
                       .Help(help)
                       .Register(state_->registry)
                       .Add(labels, bounds));
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace chancery::rpc
