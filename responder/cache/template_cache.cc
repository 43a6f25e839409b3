#include "responder/cache/template_cache.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "responder/cache/block_rows.h"

namespace chancery::responder {
namespace {

absl::StatusOr<std::shared_ptr<const block::OcspTemplate>> Parse(
    absl::string_view encoded) {
  ASSIGN_OR_RETURN(block::OcspTemplate one,
                   block::OcspTemplate::Parse(base::AsBytes(encoded)));
  return std::make_shared<const block::OcspTemplate>(std::move(one));
}

}  // namespace

absl::Status TemplateCache::Load(absl::string_view encoded) {
  ASSIGN_OR_RETURN(auto one, Parse(encoded));
  base::MutexLock lock(mu_);
  held_.emplace(one->id(), one);
  return absl::OkStatus();
}

absl::StatusOr<block::TemplateMap> TemplateCache::Find(
    const std::vector<block::TemplateId>& ids,
    const std::vector<std::string>& encoded) const {
  block::TemplateMap found;
  {
    base::MutexLock lock(mu_);
    for (const block::TemplateId& id : ids) {
      if (const auto one = held_.find(id); one != held_.end()) {
        found.insert(*one);
      }
    }
  }
  for (const std::string& bytes : encoded) {
    const block::TemplateId id = crypto::Sha256(base::AsBytes(bytes));
    if (found.contains(id) ||
        std::find(ids.begin(), ids.end(), id) == ids.end()) {
      continue;
    }
    ASSIGN_OR_RETURN(auto one, Parse(bytes));
    found.emplace(id, std::move(one));
  }
  return found;
}

void TemplateCache::Keep(
    const std::vector<std::shared_ptr<const block::OcspTemplate>>& used,
    Wrote wrote) {
  base::MutexLock lock(mu_);
  for (const auto& one : used) {
    if (!held_.emplace(one->id(), one).second) continue;
    wrote(store_.Put(TemplateRow(one->id()), one->encoded()));
  }
}

void TemplateCache::KeepOnly(const std::set<block::TemplateId>& used,
                             Wrote wrote) {
  base::MutexLock lock(mu_);
  for (auto at = held_.begin(); at != held_.end();) {
    const auto here = at++;
    if (used.contains(here->first)) continue;
    wrote(store_.Delete(TemplateRow(here->first)));
    held_.erase(here);
  }
}

}  // namespace chancery::responder
