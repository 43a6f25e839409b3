// What rules are written with.
#ifndef CHANCERY_POLICY_LINTS_CHECK_H_
#define CHANCERY_POLICY_LINTS_CHECK_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace chancery::policy::lints {

// Empty if `right`; otherwise `wrong` one after the other.
template <typename... Wrong>
std::string Unless(bool right, const Wrong&... wrong) {
  return right ? std::string() : absl::StrCat(wrong...);
}

// Of an extension of `view` that may not be there.
template <typename View>
std::string MustBeCritical(const View& view, absl::string_view oid) {
  const auto* extension = view.Find(oid);
  return Unless(extension == nullptr || extension->critical,
                "it is not critical");
}
template <typename View>
std::string MustNotBeCritical(const View& view, absl::string_view oid) {
  const auto* extension = view.Find(oid);
  return Unless(extension == nullptr || !extension->critical, "it is critical");
}

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_CHECK_H_
