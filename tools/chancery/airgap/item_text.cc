#include "tools/chancery/airgap/item_text.h"

#include "absl/strings/str_cat.h"
#include "ledger/airgap/view.h"
#include "tools/chancery/text.h"

namespace chancery::cli {

std::string ItemText(const airgap::v1::Record& record) {
  airgap::Facts facts = airgap::FactsOf(record);
  for (auto& [name, value] : facts) name = absl::StrCat("   ", name);
  return absl::StrCat(airgap::KindOf(record), "\n", FormatFacts(facts));
}

JsonObject ItemJson(const airgap::v1::Record& record) {
  JsonObject out;
  out.SetText("kind", airgap::KindOf(record));
  for (const auto& [name, value] : airgap::FactsOf(record)) {
    out.SetText(name, value);
  }
  return out;
}

}  // namespace chancery::cli
