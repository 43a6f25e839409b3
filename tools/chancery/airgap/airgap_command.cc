#include "tools/chancery/airgap/airgap_command.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::cli {
namespace {

absl::Status Needs(const std::string& action, const std::string& value,
                   const char* what) {
  if (!value.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(action, ": ", what));
}

}  // namespace

std::string AirGapCommand::example() const {
  return "chancery --dir ca airgap export --channel spiffe://ca/signer/root "
         "--due --out request\n"
         "  chancery airgap show request\n"
         "  chancery airgap approve request --key operator-1.key\n"
         "  chancery airgap sign --config signer.textproto --request request "
         "--out result\n"
         "  chancery --dir ca airgap import result --channel "
         "spiffe://ca/signer/root\n"
         "docs/airgap.md goes through it step by step.";
}

void AirGapCommand::Declare(OptionSet& options) {
  AirGapOptions& o = options_;
  options.AddText({.name = "action",
                   .value = "export|approve|sign|import|show",
                   .help = "What to do",
                   .required = true},
                  o.action);
  options.AddText({.name = "file",
                   .value = "FILE",
                   .help = "approve, import, show: the file"},
                  o.file);
  options.AddText({.name = "--channel",
                   .value = "NAME",
                   .help = "export, import: which offline signer, as its "
                           "configuration's air_gap.channel"},
                  o.channel);
  options.AddText({.name = "--state",
                   .value = "DIR",
                   .help = "export, import: where requests and results are "
                           "kept. Without it, DIR/airgap of the cluster"},
                  o.state);
  options.AddText({.name = "--out",
                   .value = "FILE",
                   .help = "export: where the request goes; sign: the result"},
                  o.out);
  options.AddTexts(
      {.name = "--csr",
       .value = "FILE",
       .help = "export: have a certificate issued; again for more"},
      o.csrs);
  options.AddText({.name = "--issuer",
                   .value = "NAME",
                   .help = "export: the CA of --csr and --revoke"},
                  o.issuer);
  options.AddText({.name = "--profile",
                   .value = "NAME",
                   .help = "export: the profile of --csr"},
                  o.profile);
  options.AddTexts({.name = "--revoke",
                    .value = "SERIAL",
                    .help = "export: have it revoked; again for more"},
                   o.revoke);
  options.AddText({.name = "--reason",
                   .value = "NAME",
                   .help = "export: of --revoke, as for `revoke`"},
                  o.reason);
  options.AddText({.name = "--date",
                   .value = "TIME",
                   .help = "export: of --revoke. Without it, when each is "
                           "recorded"},
                  o.date);
  options.AddText({.name = "--request-id",
                   .value = "TEXT",
                   .help = "export: what the one --csr or --revoke is called "
                           "for ever. Without it, a random one"},
                  o.request_id);
  options.AddTexts({.name = "--crl",
                    .value = "ISSUER[/SHARD]",
                    .help = "export: have a CRL signed; again for more"},
                   o.crls);
  options.AddFlag({.name = "--delta", .help = "export: --crl means deltas"},
                  o.delta);
  options.AddTexts(
      {.name = "--block",
       .value = "ID",
       .help = "export: have an OCSP block signed; again for more"},
      o.blocks);
  options.AddFlag({.name = "--due",
                   .help = "export: have all blocks and CRLs signed that want "
                           "to be"},
                  o.due);
  options.AddNumber({.name = "--due-hours",
                     .value = "HOURS",
                     .help = "export: with --due, and those that will so soon"},
                    o.due_hours);
  options.AddFlag(
      {.name = "--again", .help = "export: write the newest request once more"},
      o.again);
  options.AddFlag({.name = "--replace",
                   .help = "export: in place of the request that has no result "
                           "yet"},
                  o.replace);
  options.AddFlag(
      {.name = "--no-head", .help = "export: there is no running signer yet"},
      o.no_head);
  options.AddText({.name = "--key",
                   .value = "FILE|pkcs11:URI",
                   .help = "approve: the operator's private key"},
                  o.key);
  options.AddText({.name = "--module",
                   .value = "FILE",
                   .help = "approve: the PKCS #11 module, unless the URI names "
                           "it"},
                  o.module);
  options.AddText({.name = "--pin-file",
                   .value = "FILE",
                   .help = "approve: with the key's password or PIN"},
                  o.pin_file);
  options.AddText(
      {.name = "--request", .value = "FILE", .help = "sign: the request"},
      o.request);
  options.AddFlag(
      {.name = "--yes", .help = "sign: shows every item, and asks nobody"},
      o.yes);
  options.AddFlag({.name = "--confirm-clock",
                   .help = "sign: somebody has looked at the clock"},
                  o.confirm_clock);
  options.AddText({.name = "--certificates",
                   .value = "DIR",
                   .help = "import: write new certificates there, with their "
                           "chain, as REQUEST-ID.pem"},
                  o.certificates);
  options.AddText({.name = "--head",
                   .value = "FILE",
                   .help = "import: write the offline signer's newest head "
                           "there, the running signer's offline_head_file"},
                  o.head);
  options.AddFlag({.name = "--json", .help = "show: print JSON"}, o.json);
}

absl::Status AirGapCommand::Check() const {
  const AirGapOptions& o = options_;
  if (o.action == "export") {
    RETURN_IF_ERROR(Needs(o.action, o.channel, "for whom? Say --channel NAME"));
    RETURN_IF_ERROR(Needs(o.action, o.out, "where to? Say --out FILE"));
    return CheckExportItems(o);
  }
  if (o.action == "sign") {
    RETURN_IF_ERROR(Needs(o.action, o.request, "what? Say --request FILE"));
    return Needs(o.action, o.out, "where to? Say --out FILE");
  }
  if (o.action != "approve" && o.action != "import" && o.action != "show") {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no action `", o.action,
                     "`: export, approve, sign, import or show"));
  }
  RETURN_IF_ERROR(Needs(o.action, o.file, "which file?"));
  if (o.action == "approve") {
    return Needs(o.action, o.key, "with which key? Say --key FILE");
  }
  if (o.action == "import") {
    return Needs(o.action, o.channel, "of whom? Say --channel NAME");
  }
  return absl::OkStatus();
}

bool AirGapCommand::NeedsCluster() const {
  return options_.action == "export" || options_.action == "import";
}

absl::StatusOr<bool> AirGapCommand::Run(const Environment& environment) {
  const std::string& action = options_.action;
  if (action == "export") return ExportAirGap(options_, environment);
  if (action == "approve") return ApproveAirGap(options_, environment);
  if (action == "sign") return SignAirGap(options_, environment);
  if (action == "import") return ImportAirGap(options_, environment);
  return ShowAirGap(options_, environment);
}

}  // namespace chancery::cli
