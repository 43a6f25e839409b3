#ifndef CHANCERY_RESPONDER_CACHE_TEMPLATE_CACHE_H_
#define CHANCERY_RESPONDER_CACHE_TEMPLATE_CACHE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "block/template.h"
#include "responder/cache/cache_store.h"

namespace chancery::responder {

// The templates that a responder's blocks name, in memory and in the store.
// Thread-safe.
class TemplateCache {
 public:
  // Told of each write to the store, whether it succeeded or not.
  using Wrote = absl::FunctionRef<void(const absl::Status&)>;

  // `store` must outlive the object.
  explicit TemplateCache(CacheStore& store) : store_(store) {}

  // A row of the store. InvalidArgument: not a template.
  absl::Status Load(absl::string_view encoded);

  // Those of `ids` that are held or among `encoded`, which may hold more.
  absl::StatusOr<block::TemplateMap> Find(
      const std::vector<block::TemplateId>& ids,
      const std::vector<std::string>& encoded) const;

  // Takes those that are new.
  void Keep(const std::vector<std::shared_ptr<const block::OcspTemplate>>& used,
            Wrote wrote);
  // Drops all others.
  void KeepOnly(const std::set<block::TemplateId>& used, Wrote wrote);

 private:
  CacheStore& store_;
  mutable base::Mutex mu_;
  block::TemplateMap held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_TEMPLATE_CACHE_H_
