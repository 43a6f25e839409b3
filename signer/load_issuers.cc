#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/signer.pb.h"
#include "crypto/software_key.h"
#include "policy/profile.h"
#include "signer/config.h"
#include "signer/first_error.h"
#include "signer/issuer_chain.h"
#include "signer/lint_settings.h"
#include "signer/ocsp_signer.h"
#include "signer/profiles.h"
#include "signer/signing_threads.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/name_constraints.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

// An issuer that is being loaded, with what it does not keep.
struct Draft {
  const config::Issuer* config = nullptr;
  Issuer issuer = {};
  std::vector<x509::Certificate> chain = {};  // The first is its own.
  std::optional<x509::Certificate> delegate = {};
  std::shared_ptr<const crypto::SigningKey> delegate_key = {};

  const x509::Certificate& ca() const { return chain.front(); }
};

// A throw-away key for each type of CA key, the same for all issuers.
using RehearsalKeys =
    std::map<crypto::KeyType, std::shared_ptr<const crypto::SigningKey>>;

absl::Status InIssuer(const config::Issuer& issuer,
                      const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("issuer \"", issuer.name(),
                                                  "\": ", status.message()));
}

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<std::vector<std::string>> ReadCertificates(
    const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  auto certificates = x509::DecodePem("CERTIFICATE", text);
  if (!certificates.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", certificates.status().message()));
  }
  if (certificates->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": no CERTIFICATE in it"));
  }
  return certificates;
}

// The delegate's certificate, checked against its issuer (Baseline Requirements
// section 7.1.2.8).
absl::StatusOr<x509::Certificate> ReadDelegate(const std::string& path,
                                               const x509::Certificate& ca) {
  ASSIGN_OR_RETURN(const std::vector<std::string> certificates,
                   ReadCertificates(path));
  ASSIGN_OR_RETURN(
      x509::Certificate delegate,
      x509::Certificate::Parse(base::AsBytes(certificates.front())));
  const absl::Status checked = CheckDelegate(delegate, ca);
  if (!checked.ok()) return InFile(path, checked);
  return delegate;
}

std::vector<block::CertIdForm> FormsOf(config::Issuer::CertIdForm form) {
  switch (form) {
    case config::Issuer::SHA1:
      return {block::CertIdForm::kSha1};
    case config::Issuer::SHA256:
      return {block::CertIdForm::kSha256};
    case config::Issuer::DUAL:
      return {block::CertIdForm::kDual};
    default:
      return {block::CertIdForm::kSha1, block::CertIdForm::kSha256};
  }
}

// Of all CAs in the chain.
std::vector<x509::NameConstraints> ConstraintsOf(
    const std::vector<x509::Certificate>& chain) {
  std::vector<x509::NameConstraints> out;
  for (const x509::Certificate& ca : chain) {
    const auto& constraints = ca.facts().extensions.name_constraints;
    if (constraints.has_value()) out.push_back(*constraints);
  }
  return out;
}

absl::Status CheckRoomBelow(const Issuer& issuer,
                            const policy::Profile& profile) {
  if (!profile.ca.has_value() || issuer.path_length != 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("profile: \"", profile.name,
                   "\": it makes CAs, and the path length of the issuer's "
                   "certificate allows none below it"));
}

// What its certificates say.
absl::Status ReadChain(Draft& draft) {
  const std::string& path = draft.config->certificate_file();
  Issuer& issuer = draft.issuer;
  ASSIGN_OR_RETURN(issuer.chain, ReadCertificates(path));
  auto chain = ParseIssuerChain(issuer.chain);
  if (!chain.ok()) return InFile(path, chain.status());
  draft.chain = *std::move(chain);
  issuer.certificate = issuer.chain.front();
  // Relying parties have it, and would believe no other.
  if (IsRoot(draft.chain.back())) issuer.chain.pop_back();
  const x509::CertificateFacts& facts = draft.ca().facts();
  if (!facts.extensions.is_ca.value_or(false) ||
      facts.extensions.subject_key_identifier.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a CA with a subject key identifier"));
  }
  issuer.issuer_id = base::ToString(draft.ca().IssuerId());
  issuer.subject = facts.subject;
  issuer.subject_key_identifier = facts.extensions.subject_key_identifier;
  issuer.not_after = facts.not_after;
  issuer.path_length = facts.extensions.path_length;
  issuer.name_constraints = ConstraintsOf(draft.chain);
  if (!draft.config->has_ocsp_key()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      draft.delegate,
      ReadDelegate(draft.config->ocsp_certificate_file(), draft.ca()));
  return absl::OkStatus();
}

// What its configuration says.
absl::Status TakeSettings(const Profiles& profiles, Draft& draft) {
  const config::Issuer& config = *draft.config;
  Issuer& issuer = draft.issuer;
  issuer.name = config.name();
  issuer.ocsp_validity = absl::Hours(OcspValidityHours(config));
  issuer.crl_validity = absl::Hours(CrlValidityHours(config));
  issuer.ocsp_url = config.ocsp_url();
  issuer.crl_url = config.crl_url();
  issuer.crl_shards = std::max(1u, config.crl_shards());
  issuer.delta_crl_interval = absl::Minutes(config.delta_crl_minutes());
  issuer.ca_issuers_url = config.ca_issuers_url();
  if (config.policy() == config::Issuer::BR)
    issuer.policy = RevocationPolicy::kBr;
  ASSIGN_OR_RETURN(issuer.lints, IssuerLintsOf(config, "issuer."));
  issuer.ocsp_forms = FormsOf(config.cert_id_form());
  issuer.rotates_ocsp_key = config.rotate_ocsp_key();
  for (const std::string& name : config.profile()) {
    issuer.profiles[name] = profiles.by_name.at(name);
    RETURN_IF_ERROR(CheckRoomBelow(issuer, issuer.profiles[name]));
  }
  if (config.block_capacity() != 0)
    issuer.block_capacity = config.block_capacity();
  return absl::OkStatus();
}

bool HasKeyInToken(const config::Issuer& config) {
  return !config.key().pkcs11_uri().empty() ||
         !config.ocsp_key().pkcs11_uri().empty();
}

absl::Status OpenKeys(crypto::KeyOpener& opener, Draft& draft) {
  const config::Issuer& config = *draft.config;
  ASSIGN_OR_RETURN(draft.issuer.key, opener.Open(ToKeySource(config.key()),
                                                 draft.ca().public_key()));
  if (!draft.delegate.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(draft.delegate_key,
                   opener.Open(ToKeySource(config.ocsp_key()),
                               draft.delegate->public_key()));
  return absl::OkStatus();
}

absl::Status FindRehearsalKey(RehearsalKeys& known, Draft& draft) {
  const crypto::KeyType type = draft.ca().public_key().type();
  auto& key = known[type];
  if (key == nullptr) {
    ASSIGN_OR_RETURN(
        key,
        crypto::GenerateKey(
            {.type = type, .bits = type == crypto::KeyType::kRsa ? 2048 : 0}));
  }
  draft.issuer.rehearsal_key = key;
  return absl::OkStatus();
}

absl::Status MakeTemplates(Draft& draft) {
  Issuer& issuer = draft.issuer;
  if (issuer.rotates_ocsp_key) return absl::OkStatus();
  const x509::Certificate* const delegate =
      draft.delegate.has_value() ? &*draft.delegate : nullptr;
  const auto key = delegate != nullptr ? draft.delegate_key : issuer.key;
  ASSIGN_OR_RETURN(
      issuer, WithOcspSigner(std::move(issuer), key, draft.ca(), delegate));
  return absl::OkStatus();
}

// Each of its own, and one of the configuration's order.
absl::StatusOr<std::vector<Issuer>> Collect(std::vector<Draft> drafts) {
  std::vector<Issuer> issuers;
  issuers.reserve(drafts.size());
  std::map<std::string, std::string> names;
  for (Draft& draft : drafts) {
    Issuer& issuer = draft.issuer;
    const auto [at, added] = names.emplace(issuer.issuer_id, issuer.name);
    if (!added) {
      return InIssuer(*draft.config, absl::InvalidArgumentError(absl::StrCat(
                                         "has subject and key of issuer \"",
                                         at->second, "\"")));
    }
    issuers.push_back(std::move(issuer));
  }
  return issuers;
}

std::vector<Draft> DraftsOf(const config::Signer& config) {
  std::vector<Draft> drafts(static_cast<size_t>(config.issuer_size()));
  for (size_t i = 0; i < drafts.size(); ++i) {
    drafts[i].config = &config.issuer(static_cast<int>(i));
  }
  return drafts;
}

// All that lies in files.
void ReadFiles(const Profiles& profiles, crypto::KeyOpener& opener,
               std::vector<Draft>& drafts, FirstError& first) {
  first.Run([&](size_t i) -> absl::Status {
    Draft& draft = drafts[i];
    absl::Status read = ReadChain(draft);
    if (read.ok() && !HasKeyInToken(*draft.config)) {
      read = OpenKeys(opener, draft);
    }
    if (read.ok()) read = TakeSettings(profiles, draft);
    return InIssuer(*draft.config, read);
  });
}

}  // namespace

absl::StatusOr<std::vector<Issuer>> ReadIssuers(const config::Signer& config,
                                                crypto::KeyOpener& opener) {
  ASSIGN_OR_RETURN(const Profiles profiles, LoadProfiles(config));
  std::vector<Draft> drafts = DraftsOf(config);
  SigningThreads threads(CountSigningThreads(config));
  FirstError first(threads, drafts.size());
  ReadFiles(profiles, opener, drafts, first);
  RETURN_IF_ERROR(first.status());
  for (Draft& draft : drafts) draft.issuer.ocsp_key = draft.delegate_key;
  return Collect(std::move(drafts));
}

absl::StatusOr<std::vector<Issuer>> LoadIssuers(const config::Signer& config,
                                                crypto::KeyOpener& opener) {
  ASSIGN_OR_RETURN(const Profiles profiles, LoadProfiles(config));
  ASSIGN_OR_RETURN(const auto blocked_keys, LoadBlockedKeys(config));
  std::vector<Draft> drafts = DraftsOf(config);
  for (Draft& draft : drafts) draft.issuer.blocked_keys = blocked_keys;
  SigningThreads threads(CountSigningThreads(config));
  FirstError first(threads, drafts.size());
  ReadFiles(profiles, opener, drafts, first);
  // A token is not asked from several threads at once before it is logged in,
  // and a wrong PIN of one that nobody came to is not tried.
  RehearsalKeys rehearsal_keys;
  first.RunInOrder([&](size_t i) -> absl::Status {
    Draft& draft = drafts[i];
    absl::Status opened = FindRehearsalKey(rehearsal_keys, draft);
    if (opened.ok() && HasKeyInToken(*draft.config)) {
      opened = OpenKeys(opener, draft);
    }
    return InIssuer(*draft.config, opened);
  });
  first.Run([&](size_t i) {
    return InIssuer(*drafts[i].config, MakeTemplates(drafts[i]));
  });
  drafts.erase(drafts.begin() + static_cast<ptrdiff_t>(first.end()),
               drafts.end());
  ASSIGN_OR_RETURN(std::vector<Issuer> issuers, Collect(std::move(drafts)));
  RETURN_IF_ERROR(first.status());
  return issuers;
}

}  // namespace chancery::signer
