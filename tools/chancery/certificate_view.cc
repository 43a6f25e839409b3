#include "tools/chancery/certificate_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "chancery/authority/v1/authority.pb.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

using authority::v1::Certificate;

std::string Time(int64_t unix_seconds) {
  return TimeText(absl::FromUnixSeconds(unix_seconds));
}

std::string Serial(const Certificate& certificate) {
  return FormatSerial(base::AsBytes(certificate.serial()));
}

absl::string_view StatusName(const Certificate& certificate) {
  switch (certificate.status()) {
    case authority::v1::STATUS_GOOD:
      return "good";
    case authority::v1::STATUS_REVOKED:
      return "revoked";
    case authority::v1::STATUS_HELD:
      return "held";
    default:
      return "unknown";
  }
}

bool IsRevoked(const Certificate& certificate) {
  return certificate.status() == authority::v1::STATUS_REVOKED ||
         certificate.status() == authority::v1::STATUS_HELD;
}

}  // namespace

std::string StatusText(bool revoked, int reason, int64_t revoked_at_seconds) {
  if (!revoked) return "good";
  return absl::StrCat("revoked (", ReasonName(reason), ") since ",
                      Time(revoked_at_seconds));
}

std::string StatusText(const Certificate& certificate) {
  if (!IsRevoked(certificate)) return std::string(StatusName(certificate));
  return StatusText(true, certificate.reason(),
                    certificate.revoked_at_seconds());
}

std::vector<std::pair<std::string, std::string>> CertificateFacts(
    const Certificate& certificate) {
  return {
      {"Serial", Serial(certificate)},
      {"Issuer", certificate.issuer()},
      {"Subject", certificate.subject()},
      {"Names", absl::StrJoin(certificate.names(), ", ")},
      {"Profile", certificate.profile()},
      {"Valid from", Time(certificate.not_before_seconds())},
      {"Valid until", Time(certificate.not_after_seconds())},
      {"Status", StatusText(certificate)},
      {"Requester", certificate.requester()},
      {"Request id", certificate.request_id()},
  };
}

JsonObject CertificateJson(const Certificate& certificate) {
  JsonObject json;
  json.SetText("serial", Serial(certificate))
      .SetText("issuer", certificate.issuer())
      .SetText("subject", certificate.subject())
      .SetTexts("names",
                {certificate.names().begin(), certificate.names().end()})
      .SetText("profile", certificate.profile())
      .SetText("not_before", Time(certificate.not_before_seconds()))
      .SetText("not_after", Time(certificate.not_after_seconds()))
      .SetText("status", StatusName(certificate));
  if (IsRevoked(certificate)) {
    json.SetText("reason", ReasonName(certificate.reason()))
        .SetText("revoked_at", Time(certificate.revoked_at_seconds()));
  }
  return json.SetText("requester", certificate.requester())
      .SetText("request_id", certificate.request_id());
}

const std::vector<std::string>& CertificateColumns() {
  static const auto& columns = *new std::vector<std::string>{
      "SERIAL", "STATUS", "EXPIRES", "ISSUER", "PROFILE", "SUBJECT"};
  return columns;
}

std::vector<std::string> CertificateRow(const Certificate& certificate) {
  return {Serial(certificate),
          std::string(StatusName(certificate)),
          Time(certificate.not_after_seconds()),
          certificate.issuer(),
          certificate.profile(),
          certificate.subject().empty()
              ? absl::StrJoin(certificate.names(), ", ")
              : certificate.subject()};
}

}  // namespace chancery::cli
