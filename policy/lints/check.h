// What rules are written with.
#ifndef CHANCERY_POLICY_LINTS_CHECK_H_
#define CHANCERY_POLICY_LINTS_CHECK_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace chancery::policy::lints {

// Empty if `right`; otherwise `wrong` one after the other.
template <typename... Wrong>
std::string Unless(bool right, const Wrong&... wrong) {
  return right ? std::string() : absl::StrCat(wrong...);
}

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_CHECK_H_
