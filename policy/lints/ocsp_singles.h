// Rules of each SingleResponse are written with these.
#ifndef CHANCERY_POLICY_LINTS_OCSP_SINGLES_H_
#define CHANCERY_POLICY_LINTS_OCSP_SINGLES_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "policy/lints/ocsp_view.h"

namespace chancery::policy::lints {

// What `wrong` says of the first of which it says something, with its serial
// number if there are others; empty: of none.
inline std::string EachSingle(
    const OcspView& view,
    absl::FunctionRef<std::string(const OcspSingle&)> wrong) {
  for (const OcspSingle& single : view.responses) {
    const std::string found = wrong(single);
    if (found.empty()) continue;
    return view.responses.size() == 1
               ? found
               : absl::StrCat(found, ", of serial ", ShortHex(single.serial));
  }
  return "";
}

// revocationReason; -1 if it is absent or not of one octet.
inline int Reason(const OcspSingle& single) {
  return single.reason.has_value() && single.reason->size() == 1
             ? (*single.reason)[0]
             : -1;
}

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_OCSP_SINGLES_H_
