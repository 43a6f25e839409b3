#include "signer/config.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/signer.pb.h"
#include "ledger/entry.h"
#include "policy/br_revocation.h"
#include "policy/profile.h"
#include "rpc/audit_log/open_configured.h"
#include "rpc/config.h"
#include "rpc/recall_issue_rates.h"
#include "rpc/roles.h"
#include "signer/airgap/operators.h"
#include "signer/crl_shard.h"
#include "signer/lint_settings.h"
#include "signer/ocsp_file_keys.h"
#include "signer/ocsp_token_keys.h"
#include "signer/profiles.h"
#include "x509/certificate/names.h"

namespace chancery::signer {
namespace {

namespace br = policy::br;

constexpr uint32_t kDefaultOcspHours = 96;
constexpr uint32_t kDefaultCrlHours = 168;
// A response that outlives this says nothing any more.
constexpr uint32_t kMaxOcspHours = 365 * 24;
constexpr uint32_t kMaxCrlShards = ledger::kMaxCrlShards;
// Half of what responders count as fresh unless they are told otherwise.
constexpr uint32_t kMaxHeadSeconds = 300;

bool IsSlug(const std::string& name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                  c == '-';
         });
}

absl::Status CheckUrl(const std::string& field, const std::string& url) {
  if (url.empty() || absl::StartsWith(url, "http://")) return absl::OkStatus();
  return rpc::ConfigError(
      field, url, "http:// only: clients check it before they trust TLS");
}

using ProfileMap = std::map<std::string, policy::Profile>;

br::Covers CoveredBy(const config::Issuer& issuer) {
  return issuer.profile().empty() ? br::Covers::kCaCertificates
                                  : br::Covers::kSubscribers;
}

absl::Status CheckBr(const config::Issuer& issuer, const std::string& field,
                     uint32_t ocsp_hours, uint32_t crl_hours,
                     const ProfileMap& profiles) {
  const auto checked = [&](const std::string& name, const absl::AlphaNum& value,
                           const absl::Status& rule) {
    return rule.ok() ? rule
                     : rpc::ConfigError(field + name, absl::StrCat(value),
                                        rule.message());
  };
  RETURN_IF_ERROR(checked("ocsp_validity_hours", ocsp_hours,
                          br::CheckOcspValidity(absl::Hours(ocsp_hours))));
  RETURN_IF_ERROR(
      checked("crl_validity_hours", crl_hours,
              br::CheckCrlValidity(absl::Hours(crl_hours), CoveredBy(issuer))));
  for (const std::string& name : issuer.profile()) {
    const auto found = profiles.find(name);
    if (found == profiles.end()) continue;  // Refused elsewhere.
    const policy::Profile& profile = found->second;
    RETURN_IF_ERROR(checked(
        absl::StrCat("profile \"", name, "\".validity_hours"),
        absl::FormatDuration(profile.validity),
        br::CheckCertificateLifetime(profile.validity - profile.backdate)));
  }
  return absl::OkStatus();
}

// TRUST 7.
absl::Status CheckCrls(const std::string& field, const config::Issuer& issuer,
                       uint32_t crl_hours) {
  const std::string& url = issuer.crl_url();
  RETURN_IF_ERROR(CheckUrl(field + "crl_url", url));
  if (issuer.crl_shards() > kMaxCrlShards) {
    return rpc::ConfigError(field + "crl_shards",
                            absl::StrCat(issuer.crl_shards()),
                            absl::StrCat("at most ", kMaxCrlShards));
  }
  const bool has_mark = absl::StrContains(url, kShardMark);
  if (issuer.crl_shards() > 1 && !has_mark) {
    return rpc::ConfigError(
        field + "crl_url", url,
        absl::StrCat("with ", issuer.crl_shards(),
                     " shards it must have {shard} where the number goes, such "
                     "as http://crl.example.com/crl/",
                     issuer.name(), "/{shard}.crl"));
  }
  if (issuer.crl_shards() <= 1 && has_mark) {
    return rpc::ConfigError(field + "crl_url", url,
                            "{shard} is for crl_shards above 1");
  }
  // Responders check that a CRL says where they serve it.
  const std::string path =
      absl::StrCat("/crl/", issuer.name(), "/", kShardMark, ".crl");
  if (has_mark && !absl::EndsWith(url, path)) {
    return rpc::ConfigError(
        field + "crl_url", url,
        absl::StrCat("it must end with ", path, ", where responders have it"));
  }
  if (issuer.delta_crl_minutes() == 0) return absl::OkStatus();
  if (issuer.policy() == config::Issuer::BR) {
    return rpc::ConfigError(field + "delta_crl_minutes",
                            absl::StrCat(issuer.delta_crl_minutes()),
                            "policy br has no delta CRLs (TRUST 7)");
  }
  if (issuer.delta_crl_minutes() > crl_hours * 60) {
    return rpc::ConfigError(
        field + "delta_crl_minutes", absl::StrCat(issuer.delta_crl_minutes()),
        absl::StrCat("at most crl_validity_hours, ", crl_hours * 60,
                     " minutes: a delta that outlives its base is of no use"));
  }
  if (!absl::EndsWith(url, ".crl")) {
    return rpc::ConfigError(
        field + "crl_url", url,
        "with delta CRLs it must end with .crl: full CRLs say where the "
        "deltas are, which is beside them");
  }
  return absl::OkStatus();
}

absl::Status CheckIssuer(const config::Issuer& issuer,
                         const ProfileMap& profiles) {
  if (!IsSlug(issuer.name())) {
    return rpc::ConfigError("issuer.name", issuer.name(),
                            "1 to 63 lower-case letters, digits and dashes");
  }
  const std::string field = absl::StrCat("issuer \"", issuer.name(), "\".");
  RETURN_IF_ERROR(
      rpc::RequireSet(field + "certificate_file", issuer.certificate_file()));
  if (issuer.rotate_ocsp_key() && issuer.has_ocsp_key()) {
    return rpc::ConfigError(field + "rotate_ocsp_key", "true",
                            "not with ocsp_key: this signer makes its own");
  }
  if (issuer.has_ocsp_key() == issuer.ocsp_certificate_file().empty()) {
    return rpc::ConfigError(
        field + "ocsp_certificate_file", issuer.ocsp_certificate_file(),
        "a delegated OCSP signer has both a certificate and a key");
  }
  const uint32_t hours = OcspValidityHours(issuer);
  const uint32_t crl_hours = CrlValidityHours(issuer);
  if (hours > kMaxOcspHours) {
    return rpc::ConfigError(
        field + "ocsp_validity_hours", absl::StrCat(hours),
        absl::StrCat("at most ", kMaxOcspHours, ", a year"));
  }
  if (issuer.policy() == config::Issuer::BR) {
    RETURN_IF_ERROR(CheckBr(issuer, field, hours, crl_hours, profiles));
  }
  if (issuer.block_capacity() != 0 &&
      (!std::has_single_bit(issuer.block_capacity()) ||
       issuer.block_capacity() > block::kMaxCapacity)) {
    return rpc::ConfigError(
        field + "block_capacity", absl::StrCat(issuer.block_capacity()),
        absl::StrCat("a power of two up to ", block::kMaxCapacity));
  }
  RETURN_IF_ERROR(CheckUrl(field + "ocsp_url", issuer.ocsp_url()));
  RETURN_IF_ERROR(CheckCrls(field, issuer, crl_hours));
  RETURN_IF_ERROR(CheckUrl(field + "ca_issuers_url", issuer.ca_issuers_url()));
  RETURN_IF_ERROR(IssuerLintsOf(issuer, field).status());
  for (const std::string& profile : issuer.profile()) {
    const auto found = profiles.find(profile);
    if (found == profiles.end()) {
      return rpc::ConfigError(field + "profile", profile,
                              "no profile has this name");
    }
    RETURN_IF_ERROR(CheckProfileOf(issuer, found->second, field));
  }
  return absl::OkStatus();
}

// An offline signer takes files and no calls.
absl::Status CheckListener(const config::Signer& config) {
  const auto& addresses = config.listen().address();
  if (config.has_air_gap()) {
    RETURN_IF_ERROR(CheckAirGap(config.air_gap()));
    if (addresses.empty()) return absl::OkStatus();
    return rpc::ConfigError("listen.address", addresses[0],
                            "with air_gap it listens nowhere");
  }
  if (!addresses.empty()) return absl::OkStatus();
  return rpc::ConfigError("listen.address", "",
                          "say where to listen, such as unix:/path");
}

absl::StatusOr<std::string> OcspSubject(const config::OcspKeyRotation& from) {
  return x509::EncodeName(
      {{"C", from.country()},
       {"O", from.organization()},
       {"CN", from.common_name().empty() ? "OCSP" : from.common_name()}});
}

// TRUST 6: "subject with C, O, CN".
absl::Status CheckOcspRotation(const config::OcspKeyRotation& rotation) {
  RETURN_IF_ERROR(
      rpc::RequireSet("ocsp_key_rotation.folder", rotation.folder()));
  RETURN_IF_ERROR(
      rpc::RequireSet("ocsp_key_rotation.country", rotation.country()));
  RETURN_IF_ERROR(rpc::RequireSet("ocsp_key_rotation.organization",
                                  rotation.organization()));
  const absl::Status subject = OcspSubject(rotation).status();
  if (!subject.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("ocsp_key_rotation: ", subject.message()));
  }
  if (rotation.has_key()) {
    const absl::Status token =
        OcspTokenKeys::CheckToken(ToKeySource(rotation.key()));
    if (!token.ok()) {
      return rpc::ConfigError("ocsp_key_rotation.key",
                              rotation.key().pkcs11_uri(), token.message());
    }
  }
  if (rotation.key_type().empty()) return absl::OkStatus();
  const auto known = policy::KeyTypesFromNames({rotation.key_type()});
  if (known.ok()) return absl::OkStatus();
  return rpc::ConfigError("ocsp_key_rotation.key_type", rotation.key_type(),
                          known.status().message());
}

}  // namespace

crypto::KeySource ToKeySource(const config::KeySource& source) {
  return {.file = source.file(),
          .pkcs11_uri = source.pkcs11_uri(),
          .pkcs11_module = source.pkcs11_module(),
          .secret = {.file = source.pin_file(), .env = source.pin_env()}};
}

absl::Status CheckConfig(const config::Signer& config) {
  RETURN_IF_ERROR(rpc::RequireSet("ledger_dir", config.ledger_dir()));
  RETURN_IF_ERROR(CheckListener(config));
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  RETURN_IF_ERROR(rpc::CheckAuditLog(config.audit_log()));
  RETURN_IF_ERROR(rpc::CheckIssueRates(config.audit_log(), roles));
  if (!config.has_manifest_key()) {
    return rpc::ConfigError("manifest_key", "",
                            "name the key that signs manifests");
  }
  if (config.head_in_token()) {
    if (config.manifest_key().pkcs11_uri().empty()) {
      return rpc::ConfigError("head_in_token", "true",
                              "manifest_key is in a file, in no token");
    }
    if (config.has_air_gap()) {
      return rpc::ConfigError("head_in_token", "true",
                              "not with air_gap: its heads travel in files");
    }
  }
  if (config.head_interval_seconds() > kMaxHeadSeconds) {
    return rpc::ConfigError("head_interval_seconds",
                            absl::StrCat(config.head_interval_seconds()),
                            absl::StrCat("at most ", kMaxHeadSeconds));
  }
  if (config.issuer().empty())
    return rpc::ConfigError("issuer", "", "name at least one");
  ASSIGN_OR_RETURN(const Profiles profiles, LoadProfiles(config));
  RETURN_IF_ERROR(LoadBlockedKeys(config).status());
  std::set<std::string> issuers;
  for (const config::Issuer& issuer : config.issuer()) {
    RETURN_IF_ERROR(CheckIssuer(issuer, profiles.by_name));
    if (!issuers.insert(issuer.name()).second) {
      return rpc::ConfigError("issuer.name", issuer.name(), "each name once");
    }
    if (issuer.rotate_ocsp_key()) {
      if (config.has_air_gap()) {
        return rpc::ConfigError(
            absl::StrCat("issuer \"", issuer.name(), "\".rotate_ocsp_key"),
            "true", "not with air_gap: it signs its responses itself");
      }
      RETURN_IF_ERROR(CheckOcspRotation(config.ocsp_key_rotation()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<OcspKeyRotation::Options> ToOcspRotation(
    const config::Signer& config, crypto::KeyOpener& opener) {
  const config::OcspKeyRotation& from = config.ocsp_key_rotation();
  OcspKeyRotation::Options options{.folder = from.folder()};
  if (from.has_key()) {
    ASSIGN_OR_RETURN(options.private_keys,
                     OcspTokenKeys::Open(ToKeySource(from.key()), opener));
  } else {
    options.private_keys = std::make_shared<OcspFileKeys>(from.folder());
  }
  ASSIGN_OR_RETURN(options.subject, OcspSubject(from));
  if (!from.key_type().empty()) {
    ASSIGN_OR_RETURN(const std::set<crypto::KeyType> types,
                     policy::KeyTypesFromNames({from.key_type()}));
    options.key.type = *types.begin();
    options.key.bits = options.key.type == crypto::KeyType::kRsa ? 2048 : 0;
  }
  return options;
}

uint32_t OcspValidityHours(const config::Issuer& issuer) {
  return issuer.ocsp_validity_hours() == 0 ? kDefaultOcspHours
                                           : issuer.ocsp_validity_hours();
}

uint32_t CrlValidityHours(const config::Issuer& issuer) {
  return issuer.crl_validity_hours() == 0 ? kDefaultCrlHours
                                          : issuer.crl_validity_hours();
}

int CountSigningThreads(const config::Signer& config) {
  if (config.signing_threads() != 0)
    return static_cast<int>(config.signing_threads());
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace chancery::signer
