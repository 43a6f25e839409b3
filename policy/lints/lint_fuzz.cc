#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "policy/lints/linter.h"

using chancery::base::AsText;
using chancery::base::Bytes;
using chancery::policy::lints::Finding;
using chancery::policy::lints::LintFile;
using chancery::policy::lints::LintObject;
using chancery::policy::lints::ObjectKind;
using chancery::policy::lints::Selection;
using chancery::policy::lints::Severity;

// Whatever it is, as it says itself and as each kind: findings that say
// something, never a crash.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* all = new Selection(Selection::All(Severity::kNotice));
  const Bytes input(data, size);
  if (LintFile(AsText(input), *all).empty()) std::abort();
  for (const ObjectKind kind :
       {ObjectKind::kCertificate, ObjectKind::kCrl, ObjectKind::kOcsp}) {
    for (const Finding& finding : LintObject(input, kind, *all).findings) {
      if (finding.found.empty()) std::abort();
    }
  }
  return 0;
}
