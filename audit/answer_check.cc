#include "audit/answer_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "x509/ocsp/response.h"
#include "x509/ocsp/verify.h"

namespace chancery::audit {
namespace {

using x509::OcspResponseStatus;
using x509::SingleResponse;

Finding About(Kind kind, std::string text, const AnswerToCheck& answer) {
  return Finding(kind, std::move(text))
      .With("serial", answer.serial)
      .With("where", answer.where);
}

std::string Text(const SingleResponse& single) {
  switch (single.status) {
    case SingleResponse::Status::kGood:
      return "good";
    case SingleResponse::Status::kRevoked:
      return absl::StrCat("revoked, reason ", single.reason.value_or(0),
                          ", at ", TimeText(single.revocation_time));
    case SingleResponse::Status::kUnknown:
      break;
  }
  return "unknown";
}

// What differs between two answers about one certificate.
Finding Difference(const SingleResponse& expected, const SingleResponse& found,
                   const AnswerToCheck& answer) {
  Kind kind = Kind::kAnswerDiffers;
  std::string text = "an answer is not the one that was signed last";
  if (found.status != expected.status) {
    kind = Kind::kAnswerStatusDiffers;
    text = "a responder answers another status than was signed last";
  } else if (Text(found) != Text(expected)) {
    kind = Kind::kAnswerRevocationDiffers;
    text = "a responder answers another reason or date than was signed last";
  } else if (found.this_update < expected.this_update) {
    kind = Kind::kAnswerStale;
    text = "a responder serves an answer that was replaced";
  }
  return About(kind, std::move(text), answer)
      .With("expected", absl::StrCat(Text(expected), ", of ",
                                     TimeText(expected.this_update)))
      .With("found",
            absl::StrCat(Text(found), ", of ", TimeText(found.this_update)));
}

std::optional<Finding> CheckTimes(const SingleResponse& single,
                                  const AnswerToCheck& answer) {
  if (single.this_update > answer.now + kMaxClockLag) {
    return About(Kind::kAnswerExpired, "an answer is from the future", answer)
        .With("this_update", single.this_update);
  }
  if (!single.next_update.has_value() || *single.next_update > answer.now) {
    return std::nullopt;
  }
  return About(Kind::kAnswerExpired, "an answer's nextUpdate has passed",
               answer)
      .With("next_update", *single.next_update);
}

}  // namespace

std::optional<Finding> CheckAnswer(const AnswerToCheck& answer) {
  const auto found = x509::ParseOcspResponse(answer.found);
  if (!found.ok()) {
    return About(Kind::kAnswerMalformed, std::string(found.status().message()),
                 answer);
  }
  if (found->status == OcspResponseStatus::kTryLater) {
    return About(Kind::kResponderNotReady, "a responder answers tryLater",
                 answer);
  }
  if (found->status != OcspResponseStatus::kSuccessful) {
    return About(Kind::kAnswerMissing,
                 absl::StrCat("a responder has no answer for a certificate "
                              "that was issued: ",
                              x509::Name(found->status)),
                 answer);
  }
  const auto single =
      x509::FindSingleResponse(*found, answer.serial, answer.issuer);
  if (!single.ok()) {
    return About(Kind::kAnswerMalformed, std::string(single.status().message()),
                 answer);
  }
  if (base::Equal(answer.found, answer.expected)) {
    // The inventory's records are verified by themselves.
    return CheckTimes(*single, answer);
  }
  if (const absl::Status verified =
          x509::VerifyOcspResponse(*found, answer.issuer, answer.now);
      !verified.ok()) {
    return About(Kind::kAnswerNotVerified, std::string(verified.message()),
                 answer);
  }
  const auto expected = x509::ParseOcspResponse(answer.expected);
  if (expected.ok()) {
    const auto meant =
        x509::FindSingleResponse(*expected, answer.serial, answer.issuer);
    if (meant.ok()) return Difference(*meant, *single, answer);
  }
  return About(Kind::kAnswerDiffers,
               "a responder answers for a certificate that has no record",
               answer)
      .With("found", Text(*single));
}

std::optional<Finding> CheckRefusal(const AnswerToCheck& answer) {
  const auto found = x509::ParseOcspResponse(answer.found);
  if (!found.ok()) {
    return About(Kind::kAnswerMalformed, std::string(found.status().message()),
                 answer);
  }
  if (found->status == OcspResponseStatus::kUnauthorized) return std::nullopt;
  if (found->status == OcspResponseStatus::kTryLater) {
    return About(Kind::kResponderNotReady, "a responder answers tryLater",
                 answer);
  }
  Finding finding =
      About(Kind::kUnissuedAnswered,
            "a responder answers for a serial that was never issued", answer);
  if (found->status == OcspResponseStatus::kSuccessful) {
    const auto single =
        x509::FindSingleResponse(*found, answer.serial, answer.issuer);
    return std::move(finding).With(
        "found",
        single.ok() ? Text(*single) : std::string(single.status().message()));
  }
  return std::move(finding).With("found",
                                 std::string(x509::Name(found->status)));
}

}  // namespace chancery::audit
