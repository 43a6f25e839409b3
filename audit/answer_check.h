// What a responder answered about one certificate, compared with what it
// should have.
#ifndef CHANCERY_AUDIT_ANSWER_CHECK_H_
#define CHANCERY_AUDIT_ANSWER_CHECK_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "audit/finding.h"
#include "base/bytes.h"
#include "x509/certificate/certificate.h"

namespace chancery::audit {

struct AnswerToCheck {
  const x509::Certificate& issuer;
  base::Bytes serial;
  std::string where;     // The responder's URL.
  base::Bytes found;     // The OCSPResponse that came.
  base::Bytes expected;  // That of the inventory's block; empty: none.
  absl::Time now;
};

// How far a responder's clock may be behind (TRUST 5).
inline constexpr absl::Duration kMaxClockLag = absl::Minutes(5);

// Nullopt when the answer is `expected` and current; what is wrong otherwise,
// the worst first.
std::optional<Finding> CheckAnswer(const AnswerToCheck& answer);

// Nullopt unless a serial that was never issued got anything but
// "unauthorized".
std::optional<Finding> CheckRefusal(const AnswerToCheck& answer);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_ANSWER_CHECK_H_
