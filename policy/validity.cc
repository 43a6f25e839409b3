#include "policy/validity.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::policy {
namespace {

absl::Time WholeSeconds(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

std::string Text(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::Status Refuse(absl::string_view field, absl::Time value,
                    absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", Text(value), ": ", rule));
}

}  // namespace

absl::StatusOr<Validity> ChooseValidity(const Profile& profile,
                                        absl::Time issuer_not_after,
                                        const AskedValidity& asked,
                                        absl::Time now) {
  Validity most;
  // What it lives counts from now, unless its beginning is fixed.
  const absl::Time from =
      WholeSeconds(profile.not_before.value_or(now - profile.backdate));
  const absl::Time until =
      from + profile.validity - absl::Seconds(1) +
      (profile.not_before.has_value() ? absl::ZeroDuration()
                                      : profile.backdate);
  most.not_before = from;
  most.not_after =
      std::min(profile.not_after.value_or(until), issuer_not_after);
  if (issuer_not_after <= now) {
    return absl::FailedPreconditionError("issuer: its certificate has expired");
  }
  if (most.not_after <= now || most.not_after <= most.not_before) {
    return absl::FailedPreconditionError(
        absl::StrCat("profile \"", profile.name,
                     "\": its certificates would be "
                     "valid from ",
                     Text(most.not_before), " to ", Text(most.not_after),
                     ", and it is ", Text(now)));
  }
  const std::string whose = absl::StrCat("profile \"", profile.name, "\"");
  Validity chosen = most;
  if (asked.not_before.has_value()) {
    chosen.not_before = WholeSeconds(*asked.not_before);
    if (chosen.not_before < most.not_before) {
      return Refuse("not_before", chosen.not_before,
                    absl::StrCat(whose, " begins at ", Text(most.not_before)));
    }
  }
  if (asked.not_after.has_value()) {
    chosen.not_after = WholeSeconds(*asked.not_after);
    if (chosen.not_after > most.not_after) {
      return Refuse(
          "not_after", chosen.not_after,
          most.not_after == issuer_not_after
              ? absl::StrCat("the issuer ends at ", Text(most.not_after))
              : absl::StrCat(whose, " ends at ", Text(most.not_after)));
    }
    if (chosen.not_after <= now) {
      return Refuse("not_after", chosen.not_after,
                    absl::StrCat("it is ", Text(now)));
    }
  }
  if (chosen.not_before >= chosen.not_after) {
    return Refuse(
        "not_before", chosen.not_before,
        absl::StrCat("it is not before not_after, ", Text(chosen.not_after)));
  }
  return chosen;
}

}  // namespace chancery::policy
