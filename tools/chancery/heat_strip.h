// How fresh a responder is, as a line of a terminal.
//
//   responder-1  0000111122223333d!<x
#ifndef CHANCERY_TOOLS_CHANCERY_HEAT_STRIP_H_
#define CHANCERY_TOOLS_CHANCERY_HEAT_STRIP_H_

#include <string>

#include "absl/strings/string_view.h"

namespace chancery::cli {

// `cells` as ResponderState.freshness has them. Each becomes a character: the
// tenth of their validity that has passed of the responses that are fresh, or a
// mark. `colour`: on a background of the 256-colour palette, from green to red.
std::string HeatStrip(absl::string_view cells, bool colour);

// What the characters mean, a line with its end.
std::string HeatLegend(bool colour);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_HEAT_STRIP_H_
