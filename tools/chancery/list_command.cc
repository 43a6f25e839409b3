#include "tools/chancery/list_command.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tools/chancery/certificate_view.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

namespace v1 = authority::v1;

constexpr uint32_t kMaxPage = 1000;

absl::StatusOr<v1::Status> ParseStatus(const std::string& text) {
  if (text.empty()) return v1::STATUS_UNSPECIFIED;
  if (text == "good") return v1::STATUS_GOOD;
  if (text == "revoked") return v1::STATUS_REVOKED;
  if (text == "held") return v1::STATUS_HELD;
  return absl::InvalidArgumentError(absl::StrCat(
      "--status: value `", text, "`: must be good, revoked or held"));
}

}  // namespace

void ListCommand::Declare(OptionSet& options) {
  options.AddText(
      {.name = "--issuer", .value = "NAME", .help = "Only those of this CA"},
      issuer_);
  options.AddText({.name = "--status",
                   .value = "STATUS",
                   .help = "Only those that are good, revoked or held"},
                  status_);
  options.AddText({.name = "--text",
                   .value = "TEXT",
                   .help = "Only those with this in their subject or a name"},
                  text_);
  options.AddText({.name = "--profile",
                   .value = "NAME",
                   .help = "Only those of this profile"},
                  profile_);
  options.AddText({.name = "--requester",
                   .value = "URI",
                   .help = "Only those that this identity asked for"},
                  requester_);
  options.AddText({.name = "--expires-before",
                   .value = "TIME",
                   .help = "Only those that expire before a day or time"},
                  expires_before_);
  options.AddNumber(
      {.name = "--limit", .value = "N", .help = "At most so many; 0: all"},
      limit_);
  options.AddText({.name = "--page",
                   .value = "TOKEN",
                   .help = "Go on where a list ended, which printed TOKEN"},
                  page_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::Status ListCommand::Check() const {
  RETURN_IF_ERROR(ParseStatus(status_).status());
  return expires_before_.empty()
             ? absl::OkStatus()
             : ParseTimeOption("--expires-before", expires_before_).status();
}

absl::StatusOr<bool> ListCommand::Run(const Environment& environment) {
  v1::ListCertificatesRequest request;
  ASSIGN_OR_RETURN(const v1::Status status, ParseStatus(status_));
  request.set_status(status);
  request.set_issuer(issuer_);
  request.set_text(text_);
  request.set_profile(profile_);
  request.set_requester(requester_);
  request.set_page_token(page_);
  if (!expires_before_.empty()) {
    ASSIGN_OR_RETURN(const absl::Time before,
                     ParseTimeOption("--expires-before", expires_before_));
    request.set_expires_before_seconds(absl::ToUnixSeconds(before));
  }

  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  ASSIGN_OR_RETURN(auto channel, connections.Authority());
  const auto stub = v1::CertificateService::NewStub(channel);
  std::vector<std::vector<std::string>> rows;
  std::vector<JsonObject> objects;
  uint32_t listed = 0;
  do {
    request.set_page_size(limit_ == 0 ? kMaxPage
                                      : std::min(kMaxPage, limit_ - listed));
    grpc::ClientContext context;
    SetCallTimeout(context);
    v1::ListCertificatesResponse response;
    RETURN_IF_ERROR(CallStatus(
        "authority", stub->ListCertificates(&context, request, &response)));
    for (const v1::Certificate& certificate : response.certificates()) {
      ++listed;
      if (json_) {
        objects.push_back(CertificateJson(certificate));
      } else {
        rows.push_back(CertificateRow(certificate));
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && (limit_ == 0 || listed < limit_));

  if (json_) {
    environment.out << JsonObject()
                           .SetObjects("certificates", objects)
                           .SetText("next_page", request.page_token())
                           .Print();
    return true;
  }
  environment.out << FormatTable(CertificateColumns(), rows);
  if (!request.page_token().empty()) {
    environment.err << "There are more: --page " << request.page_token()
                    << ", or a higher --limit\n";
  }
  return true;
}

}  // namespace chancery::cli
