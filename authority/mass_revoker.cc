#include "authority/mass_revoker.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::authority {
namespace {

// In one call to the refresher: far less than a message holds.
constexpr size_t kMaxPublishBytes = 4 << 20;
constexpr size_t kMaxPublishUpdates = 500;

}  // namespace

absl::Status MassRevoker::RevokeMany(const MassRevokeOrder& order,
                                     Report report) {
  if (order.issuer.empty()) {
    return absl::InvalidArgumentError("issuer: must be named");
  }
  if (order.serials.empty() || order.serials.size() > kMaxSerials) {
    return absl::InvalidArgumentError(
        absl::StrCat("serials: ", order.serials.size(),
                     " of them: must be 1 to ", kMaxSerials));
  }
  Acknowledged acknowledged;
  const absl::Status ended =
      parts_.signer.RevokeMany(order, [&](MassProgress progress) {
        Publish(progress.updates, acknowledged);
        return report(progress, acknowledged);
      });
  if (!absl::IsUnavailable(ended)) return ended;
  // Why names hosts and files: that is for our log.
  parts_.log.Warning("no_answer", {{"from", "signer"}, {"why", ended}});
  return absl::UnavailableError(
      "the signer does not answer: repeat the request, which does what is "
      "left");
}

void MassRevoker::Publish(const std::vector<block::Update>& updates,
                          Acknowledged& acknowledged) {
  if (parts_.publisher == nullptr) return;
  std::vector<block::Update> message;
  size_t bytes = 0;
  const auto send = [&] {
    const auto answer = parts_.publisher->Publish(message, parts_.publish_wait);
    if (answer.ok()) {
      acknowledged = *answer;
    } else {
      parts_.log.Warning("not_published", {{"why", answer.status()}});
      acknowledged.responders = 0;
    }
    message.clear();
    bytes = 0;
  };
  for (const block::Update& update : updates) {
    if (!message.empty() && (bytes + update.content.size() > kMaxPublishBytes ||
                             message.size() == kMaxPublishUpdates)) {
      send();
    }
    bytes += update.content.size();
    message.push_back(update);
  }
  if (!message.empty()) send();
}

}  // namespace chancery::authority
