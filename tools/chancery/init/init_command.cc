#include "tools/chancery/init/init_command.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tools/chancery/init/init_cluster.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

std::string Summary(const InitOptions& options, const Addresses& addresses) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const ServiceAddresses& service) {
    rows.push_back(
        {service.name, service.grpc, absl::StrCat("http://", service.admin),
         service.http.empty() ? "" : absl::StrCat("http://", service.http)});
  };
  add(addresses.signer);
  for (const ServiceAddresses& responder : addresses.responders) add(responder);
  add(addresses.refresher);
  add(addresses.authority);

  std::string out = FormatFacts(
      {{"Cluster", absl::StrCat(options.cluster, ", in ", options.dir)},
       {"CA keys", options.token.empty()
                       ? absl::StrCat("files in ", options.dir, "/ca")
                       : absl::StrCat("in the token ", options.token)},
       {"Clients trust", absl::StrCat(options.dir, "/ca/root.pem")},
       {"OCSP signer",
        absl::StrCat("lives ", 3 * options.ocsp_validity_hours, " hours")}});
  absl::StrAppend(
      &out, "\n",
      FormatTable({"PROCESS", "GRPC", "HEALTH AND METRICS", "OCSP AND CRL"},
                  rows));
  absl::StrAppend(
      &out, "\nStart each as chancery-<process> --config ", options.dir,
      "/config/<process>.textproto\n(a responder is chancery-responder).\n"
      "Keep ca/key-set-root.key, service-ca/ca.key",
      options.token.empty() ? " and ca/root.key" : "",
      " offline once this runs.\n");
  return out;
}

}  // namespace

std::string InitCommand::example() const {
  return "chancery --dir ca init\n"
         "  chancery --dir ca init --pkcs11-module "
         "/usr/lib/softhsm/libsofthsm2.so \\\n"
         "      --token chancery --pin-file pin";
}

void InitCommand::Declare(OptionSet& options) {
  options.AddText({.name = "--cluster",
                   .value = "NAME",
                   .help = "The cluster's name, part of every identity"},
                  options_.cluster);
  options.AddText({.name = "--organization",
                   .value = "NAME",
                   .help = "In the CA's names. Without it, the cluster's name"},
                  options_.organization);
  options.AddText({.name = "--country",
                   .value = "CC",
                   .help = "In the CA's names; XX stands for none"},
                  options_.country);
  options.AddText({.name = "--issuer",
                   .value = "NAME",
                   .help = "What the CA that signs certificates is called"},
                  options_.issuer);
  options.AddNumber({.name = "--responders",
                     .value = "N",
                     .help = "How many responders answer OCSP requests"},
                    options_.responders);
  options.AddText(
      {.name = "--key-type",
       .value = "TYPE",
       .help = "Of the CA's keys: ecdsa-p256, ecdsa-p384, rsa-2048, "
               "rsa-3072, rsa-4096, ed25519"},
      options_.key_type);
  options.AddText({.name = "--pkcs11-module",
                   .value = "FILE",
                   .help = "Make the CA's keys in an HSM: its library. Without "
                           "it, keys are files"},
                  options_.pkcs11_module);
  options.AddText(
      {.name = "--token", .value = "LABEL", .help = "The token of the HSM"},
      options_.token);
  options.AddText({.name = "--pin-file",
                   .value = "FILE",
                   .help = "The token's PIN; a file of mode 0600"},
                  options_.pin_file);
  options.AddText({.name = "--postgres-file",
                   .value = "FILE",
                   .help = "Keep the inventory in PostgreSQL: a libpq "
                           "connection string in a file of mode 0600. Without "
                           "it, SQLite in DIR"},
                  options_.postgres_file);
  options.AddNumber({.name = "--ocsp-validity-hours",
                     .value = "N",
                     .help = "How long an OCSP answer is valid"},
                    options_.ocsp_validity_hours);
  options.AddNumber({.name = "--crl-shards",
                     .value = "N",
                     .help = "CRLs that certificates are divided over; fixed "
                             "for as long as the CA's key signs"},
                    options_.crl_shards);
  options.AddNumber({.name = "--delta-crl-minutes",
                     .value = "N",
                     .help = "Make delta CRLs, valid for so long"},
                    options_.delta_crl_minutes);
  options.AddNumber({.name = "--block-capacity", .value = "N", .hidden = true},
                    options_.block_capacity);
}

absl::StatusOr<bool> InitCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(options_.dir, ClusterFolder(environment.globals));
  for (std::string* path :
       {&options_.pkcs11_module, &options_.pin_file, &options_.postgres_file}) {
    ASSIGN_OR_RETURN(*path, AbsolutePath(*path));
  }
  ASSIGN_OR_RETURN(
      const NewCluster made,
      InitCluster(options_, environment.clock, environment.random));
  if (made.cleared) {
    environment.err << "What an interrupted init had left was cleared away.\n";
  }
  environment.out << Summary(options_, made.addresses);
  return true;
}

}  // namespace chancery::cli
