#ifndef CHANCERY_RESPONDER_CACHE_TESTING_MEMORY_CACHE_STORE_H_
#define CHANCERY_RESPONDER_CACHE_TESTING_MEMORY_CACHE_STORE_H_

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "base/mutex.h"
#include "responder/cache/cache_store.h"

namespace chancery::responder::testing {

// Rows that a test can look at and damage; writes fail when told to.
class MemoryCacheStore final : public CacheStore {
 public:
  absl::Status Put(absl::string_view key, absl::string_view value) override {
    base::MutexLock lock(mu_);
    if (!failure_.ok()) return failure_;
    rows_[std::string(key)] = std::string(value);
    return absl::OkStatus();
  }
  absl::Status Delete(absl::string_view key) override {
    base::MutexLock lock(mu_);
    if (!failure_.ok()) return failure_;
    rows_.erase(std::string(key));
    return absl::OkStatus();
  }
  absl::Status ForEach(absl::string_view prefix, Visitor visit) const override {
    for (const auto& [key, value] : Rows()) {
      if (absl::StartsWith(key, prefix)) visit(key, value);
    }
    return absl::OkStatus();
  }
  absl::Status Clear() override {
    base::MutexLock lock(mu_);
    rows_.clear();
    return absl::OkStatus();
  }

  void FailWith(absl::Status failure) {
    base::MutexLock lock(mu_);
    failure_ = std::move(failure);
  }
  std::map<std::string, std::string> Rows() const {
    base::MutexLock lock(mu_);
    return rows_;
  }

 private:
  mutable base::Mutex mu_;
  std::map<std::string, std::string> rows_ ABSL_GUARDED_BY(mu_);
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_CACHE_TESTING_MEMORY_CACHE_STORE_H_
