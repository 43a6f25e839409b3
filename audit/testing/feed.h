#ifndef CHANCERY_AUDIT_TESTING_FEED_H_
#define CHANCERY_AUDIT_TESTING_FEED_H_

#include <functional>
#include <string>
#include <vector>

#include "audit/finding.h"
#include "audit/replay.h"
#include "audit/signatures.h"
#include "block/manifest.h"
#include "ledger/entry.h"
#include "signer/testing/signer_world.h"

namespace chancery::audit::testing {

// What a real signer wrote, to be damaged.
class Feed {
 public:
  explicit Feed(signer::testing::SignerWorld& world);

  std::vector<ledger::Entry> entries;

  // After all others, with their index and time.
  void Append(ledger::EntryBody body);
  // The newest manifest again, changed and signed with the real key.
  void AppendManifest(const std::function<void(block::Manifest&)>& change);
  // The newest entry of a kind.
  template <typename Body>
  Body Newest() const {
    for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
      if (const auto* body = std::get_if<Body>(&at->body)) return *body;
    }
    return {};
  }

  // Everything that replaying them finds; `replay` is new.
  Findings ReplayInto(Replay& replay) const;
  Findings Audit() const;

 private:
  signer::testing::SignerWorld& world_;
};

PinnedKeys KeysOf(const signer::testing::SignerWorld& world);

// "unrevoked x1; status-root-differs x2": each kind with its number.
std::string Summary(const Findings& findings);

}  // namespace chancery::audit::testing

#endif  // CHANCERY_AUDIT_TESTING_FEED_H_
