#ifndef CHANCERY_TOOLS_CHANCERY_AIRGAP_ITEM_TEXT_H_
#define CHANCERY_TOOLS_CHANCERY_AIRGAP_ITEM_TEXT_H_

#include <string>

#include "tools/chancery/json.h"

namespace chancery::airgap::v1 {
class Record;
}

namespace chancery::cli {

// Its kind, then a line for each fact.
std::string ItemText(const airgap::v1::Record& record);
// {"kind": ..., and each fact as text}.
JsonObject ItemJson(const airgap::v1::Record& record);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AIRGAP_ITEM_TEXT_H_
