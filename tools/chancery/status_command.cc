#include "tools/chancery/status_command.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/authority/v1/issuers.grpc.pb.h"
#include "chancery/config/cli.pb.h"
#include "chancery/signer/v1/ledger.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tools/chancery/certificate_view.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/ocsp_exchange.h"
#include "tools/chancery/text.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {
namespace {

// What one of them says. `status` is comparable: equal text, equal opinion.
struct Opinion {
  std::string who;
  absl::StatusOr<std::string> status = std::string();
  JsonObject json = {};  // Empty when `status` is an error.
  std::string more = {};
};

absl::StatusOr<authority::v1::Certificate> AskInventory(
    const Connections& connections, const std::string& issuer,
    const std::string& serial) {
  ASSIGN_OR_RETURN(auto channel, connections.Authority());
  authority::v1::GetCertificateRequest request;
  request.set_issuer(issuer);
  request.set_serial(serial);
  authority::v1::Certificate certificate;
  grpc::ClientContext context;
  SetCallTimeout(context);
  RETURN_IF_ERROR(CallStatus(
      "authority",
      authority::v1::CertificateService::NewStub(channel)->GetCertificate(
          &context, request, &certificate)));
  return certificate;
}

absl::StatusOr<signer::v1::GetStatusResponse> AskLedger(
    const Connections& connections, const std::string& issuer,
    const std::string& serial) {
  ASSIGN_OR_RETURN(auto channel, connections.Signer());
  signer::v1::GetStatusRequest request;
  request.set_issuer(issuer);
  request.set_serial(serial);
  signer::v1::GetStatusResponse response;
  grpc::ClientContext context;
  SetCallTimeout(context);
  RETURN_IF_ERROR(CallStatus(
      "signer", signer::v1::LedgerService::NewStub(channel)->GetStatus(
                    &context, request, &response)));
  return response;
}

// The issuer's certificate, from the authority or, when that is down, from the
// signer.
absl::StatusOr<x509::Certificate> FindIssuer(const Connections& connections,
                                             const std::string& name) {
  if (const auto channel = connections.Authority(); channel.ok()) {
    authority::v1::GetIssuerRequest request;
    request.set_name(name);
    authority::v1::Issuer issuer;
    grpc::ClientContext context;
    SetCallTimeout(context);
    if (authority::v1::IssuerService::NewStub(*channel)
            ->GetIssuer(&context, request, &issuer)
            .ok()) {
      return x509::Certificate::Parse(base::AsBytes(issuer.certificate()));
    }
  }
  ASSIGN_OR_RETURN(auto channel, connections.Signer());
  signer::v1::ListIssuersResponse list;
  grpc::ClientContext context;
  SetCallTimeout(context);
  RETURN_IF_ERROR(CallStatus(
      "signer", signer::v1::LedgerService::NewStub(channel)->ListIssuers(
                    &context, signer::v1::ListIssuersRequest(), &list)));
  for (const auto& issuer : list.issuers()) {
    if (issuer.name() == name) {
      return x509::Certificate::Parse(base::AsBytes(issuer.certificate()));
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "issuer: value `", name, "`: neither authority nor signer has it"));
}

Opinion InventoryOpinion(const Connections& connections,
                         const std::string& issuer, const std::string& serial) {
  const auto found = AskInventory(connections, issuer, serial);
  if (!found.ok()) return {.who = "inventory", .status = found.status()};
  // A hold reads as the others see it.
  const bool revoked = found->status() == authority::v1::STATUS_REVOKED ||
                       found->status() == authority::v1::STATUS_HELD;
  return {.who = "inventory",
          .status =
              StatusText(revoked, found->reason(), found->revoked_at_seconds()),
          .json = CertificateJson(*found),
          .more = absl::StrCat("subject ", found->subject(), ", profile ",
                               found->profile(), ", requester ",
                               found->requester())};
}

Opinion LedgerOpinion(const Connections& connections, const std::string& issuer,
                      const std::string& serial) {
  const auto found = AskLedger(connections, issuer, serial);
  if (!found.ok()) return {.who = "signer's ledger", .status = found.status()};
  const std::string block = FormatSerial(base::AsBytes(found->block_id()));
  Opinion opinion{
      .who = "signer's ledger",
      .status = StatusText(found->revoked(), found->reason(),
                           found->revoked_at_seconds()),
      .more = absl::StrCat("entry ", found->ledger_index(), ", block ", block,
                           ", place ", found->place())};
  opinion.json.SetText("status", found->revoked() ? "revoked" : "good");
  if (found->revoked()) {
    opinion.json.SetText("reason", ReasonName(found->reason()))
        .SetText("revoked_at",
                 TimeText(absl::FromUnixSeconds(found->revoked_at_seconds())));
  }
  opinion.json.SetNumber("ledger_index", found->ledger_index())
      .SetText("block", block)
      .SetNumber("place", found->place());
  return opinion;
}

Opinion ResponderOpinion(const Environment& environment,
                         const absl::StatusOr<x509::Certificate>& issuer,
                         const std::string& serial, const std::string& url) {
  Opinion opinion{.who = url};
  if (!issuer.ok()) {
    opinion.status = issuer.status();
    return opinion;
  }
  OcspQuestion question;
  question.url = url;
  question.serial = serial;
  const auto answer =
      AskOcsp(question, *issuer, environment.clock, environment.random);
  if (!answer.ok()) {
    opinion.status = answer.status();
    return opinion;
  }
  opinion.status = OcspStatusText(*answer);
  opinion.json = OcspAnswerJson(*answer);
  opinion.more = absl::StrCat(
      "signed ", TimeText(answer->this_update), ", until ",
      answer->next_update.has_value() ? TimeText(*answer->next_update)
                                      : "further notice");
  return opinion;
}

bool Agree(const std::vector<Opinion>& opinions) {
  return std::all_of(opinions.begin(), opinions.end(), [&](const Opinion& o) {
    return o.status.ok() && opinions[0].status.ok() &&
           *o.status == *opinions[0].status;
  });
}

JsonObject ErrorOrJson(const Opinion& opinion) {
  if (opinion.status.ok()) return opinion.json;
  return JsonObject().SetText("error", opinion.status.status().message());
}

std::string FormatJson(const std::string& issuer, const std::string& serial,
                       const std::vector<Opinion>& opinions) {
  std::vector<JsonObject> responders;
  for (size_t i = 2; i < opinions.size(); ++i) {
    JsonObject responder = ErrorOrJson(opinions[i]);
    responders.push_back(responder.SetText("url", opinions[i].who));
  }
  return JsonObject()
      .SetText("serial", FormatSerial(base::AsBytes(serial)))
      .SetText("issuer", issuer)
      .SetBool("agree", Agree(opinions))
      .SetObject("inventory", ErrorOrJson(opinions[0]))
      .SetObject("ledger", ErrorOrJson(opinions[1]))
      .SetObjects("responders", responders)
      .Print();
}

std::string FormatText(const std::string& issuer, const std::string& serial,
                       const std::vector<Opinion>& opinions) {
  std::vector<std::vector<std::string>> rows;
  for (const Opinion& opinion : opinions) {
    // Only an error's first line fits here.
    const std::string error(opinion.status.status().message());
    rows.push_back({opinion.who,
                    opinion.status.ok()
                        ? *opinion.status
                        : absl::StrCat("? ", error.substr(0, error.find('\n'))),
                    opinion.more});
  }
  return absl::StrCat(
      FormatFacts({{"Serial", FormatSerial(base::AsBytes(serial))},
                   {"Issuer", issuer}}),
      "\n", FormatTable({"WHO", "SAYS", "MORE"}, rows));
}

}  // namespace

void StatusCommand::Declare(OptionSet& options) {
  certificate_.Declare(options);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::StatusOr<bool> StatusCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const std::string serial, certificate_.Serial());
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  const std::string issuer = certificate_.FindIssuer(connections, serial);

  std::vector<Opinion> opinions = {
      InventoryOpinion(connections, issuer, serial),
      LedgerOpinion(connections, issuer, serial)};
  if (absl::IsNotFound(opinions[0].status.status()) &&
      absl::IsNotFound(opinions[1].status.status())) {
    return absl::NotFoundError(absl::StrCat(
        "serial: value `", FormatSerial(base::AsBytes(serial)), "`: issuer ",
        issuer, " never issued it; `chancery list` shows what there is"));
  }
  const auto issuer_certificate = FindIssuer(connections, issuer);
  for (const std::string& url : connections.config().responder_url()) {
    opinions.push_back(
        ResponderOpinion(environment, issuer_certificate, serial, url));
  }
  environment.out << (json_ ? FormatJson(issuer, serial, opinions)
                            : FormatText(issuer, serial, opinions));
  const bool agree = Agree(opinions);
  if (!agree && !json_) environment.err << "They do not agree.\n";
  return agree;
}

}  // namespace chancery::cli
