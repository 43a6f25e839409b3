#include "tools/chancery/revoke_command.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tools/chancery/certificate_view.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/mass_revoke.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

constexpr char kDirectHelp[] =
    "Ask the signer itself, when the authority is down or refuses; the "
    "responders learn of it from the refresher, seconds later";

std::string NewRequestId(const Environment& environment) {
  const std::string bytes = environment.random.Bytes(16);
  return base::Hex(base::AsBytes(bytes));
}

bool Report(const Environment& environment, bool json,
            const authority::v1::RevokeResponse& response) {
  if (json) {
    environment.out << CertificateJson(response.certificate())
                           .SetNumber("responders_acknowledged",
                                      response.responders_acknowledged())
                           .SetNumber("responders_total",
                                      response.responders_total())
                           .Print();
    return true;
  }
  const auto& certificate = response.certificate();
  environment.out << FormatFacts(
      {{"Serial", FormatSerial(base::AsBytes(certificate.serial()))},
       {"Subject", certificate.subject()},
       {"Status", StatusText(certificate)},
       {"Responders",
        absl::StrCat(response.responders_acknowledged(), " of ",
                     response.responders_total(), " already answer so")}});
  return true;
}

bool Report(const Environment& environment, bool json,
            const signer::v1::RevokeResponse& response) {
  const std::string serial = FormatSerial(base::AsBytes(response.serial()));
  const std::string status = StatusText(response.revoked(), response.reason(),
                                        response.revoked_at_seconds());
  if (json) {
    JsonObject object;
    object.SetText("serial", serial)
        .SetText("status", response.revoked() ? "revoked" : "good");
    if (response.revoked()) {
      object.SetText("reason", ReasonName(response.reason()))
          .SetText(
              "revoked_at",
              TimeText(absl::FromUnixSeconds(response.revoked_at_seconds())));
    }
    object.SetNumber("ledger_index", response.ledger_index());
    environment.out << object.Print();
    return true;
  }
  environment.out << FormatFacts(
      {{"Serial", serial},
       {"Status", status},
       {"Recorded", absl::StrCat("by the signer, as ledger entry ",
                                 response.ledger_index())}});
  return true;
}

// Revoke and Release are alike in all but their request, at either service.
template <typename Request, typename Response, typename Stub>
absl::StatusOr<bool> Call(const Environment& environment, bool json,
                          absl::string_view service, Stub& stub,
                          grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                       const Request&,
                                                       Response*),
                          const Request& request) {
  grpc::ClientContext context;
  SetCallTimeout(context);
  Response response;
  RETURN_IF_ERROR(
      CallStatus(service, (stub.*method)(&context, request, &response)));
  return Report(environment, json, response);
}

// Fills what all requests have in common.
template <typename Request>
absl::Status Fill(const Environment& environment,
                  const Connections& connections,
                  const CertificateChoice& certificate, Request& request) {
  ASSIGN_OR_RETURN(*request.mutable_serial(), certificate.Serial());
  request.set_issuer(certificate.FindIssuer(connections, request.serial()));
  request.set_request_id(NewRequestId(environment));
  return absl::OkStatus();
}

}  // namespace

void RevokeCommand::Declare(OptionSet& options) {
  certificate_.Declare(options);
  options.AddText({.name = "--reason",
                   .value = "NAME",
                   .help = "Why (RFC 5280): unspecified, keyCompromise, "
                           "affiliationChanged, superseded, "
                           "cessationOfOperation, certificateHold, "
                           "privilegeWithdrawn, ... or its number"},
                  reason_);
  options.AddText(
      {.name = "--date",
       .value = "TIME",
       .help = "Since when, as 2026-11-23T19:15:48Z. Without it, now"},
      date_);
  options.AddText({.name = "--file",
                   .value = "FILE",
                   .help = "Many: a serial a line, perhaps after its issuer's "
                           "name; # begins a comment. Type the same command "
                           "again to go on after a failure"},
                  file_);
  options.AddText({.name = "--order",
                   .value = "FILE",
                   .help = "With --file: an order signed by a second person, "
                           "for more than the signer's limit (see `order`)"},
                  order_file_);
  options.AddText({.name = "--request-id",
                   .value = "ID",
                   .help = "With --file: what this revocation is called. "
                           "Without it, an id that follows from what is asked "
                           "for"},
                  request_id_);
  options.AddFlag({.name = "--direct", .help = kDirectHelp}, direct_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::Status RevokeCommand::Check() const {
  if (file_.empty()) {
    RETURN_IF_ERROR(certificate_.Check());
    if (!order_file_.empty() || !request_id_.empty()) {
      return absl::InvalidArgumentError(
          "--order and --request-id go with --file");
    }
  } else if (certificate_.given()) {
    return absl::InvalidArgumentError(
        "which certificates? Either SERIAL, or --cert FILE, or --file FILE");
  }
  RETURN_IF_ERROR(ParseReasonOption(reason_).status());
  return date_.empty() ? absl::OkStatus()
                       : ParseTimeOption("--date", date_).status();
}

absl::StatusOr<bool> RevokeCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const int reason, ParseReasonOption(reason_));
  int64_t revoked_at = 0;
  if (!date_.empty()) {
    ASSIGN_OR_RETURN(const absl::Time date, ParseTimeOption("--date", date_));
    revoked_at = absl::ToUnixSeconds(date);
  }
  if (!file_.empty()) {
    return MassRevoke(environment, {.file = file_,
                                    .issuer = certificate_.issuer(),
                                    .order_file = order_file_,
                                    .request_id = request_id_,
                                    .reason = reason,
                                    .revoked_at_seconds = revoked_at,
                                    .direct = direct_,
                                    .json = json_});
  }
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  const auto fill = [&](auto& request) {
    request.set_reason(reason);
    request.set_revoked_at_seconds(revoked_at);
    return Fill(environment, connections, certificate_, request);
  };

  if (direct_) {
    signer::v1::RevokeRequest request;
    RETURN_IF_ERROR(fill(request));
    ASSIGN_OR_RETURN(auto channel, connections.Signer());
    signer::v1::RevocationService::Stub stub(channel);
    return Call(environment, json_, "signer", stub,
                &signer::v1::RevocationService::Stub::Revoke, request);
  }
  authority::v1::RevokeRequest request;
  RETURN_IF_ERROR(fill(request));
  ASSIGN_OR_RETURN(auto channel, connections.Authority());
  authority::v1::CertificateService::Stub stub(channel);
  return Call(environment, json_, "authority", stub,
              &authority::v1::CertificateService::Stub::Revoke, request);
}

void ReleaseCommand::Declare(OptionSet& options) {
  certificate_.Declare(options);
  options.AddFlag({.name = "--direct", .help = kDirectHelp}, direct_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::StatusOr<bool> ReleaseCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  if (direct_) {
    signer::v1::ReleaseRequest request;
    RETURN_IF_ERROR(Fill(environment, connections, certificate_, request));
    ASSIGN_OR_RETURN(auto channel, connections.Signer());
    signer::v1::RevocationService::Stub stub(channel);
    return Call(environment, json_, "signer", stub,
                &signer::v1::RevocationService::Stub::Release, request);
  }
  authority::v1::ReleaseRequest request;
  RETURN_IF_ERROR(Fill(environment, connections, certificate_, request));
  ASSIGN_OR_RETURN(auto channel, connections.Authority());
  authority::v1::CertificateService::Stub stub(channel);
  return Call(environment, json_, "authority", stub,
              &authority::v1::CertificateService::Stub::Release, request);
}

}  // namespace chancery::cli
