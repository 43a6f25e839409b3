#include "tools/chancery/init/init_cluster.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "block/manifest.h"
#include "crypto/digest.h"
#include "crypto/secret_source.h"
#include "crypto/software_key.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/init/cluster_file.h"
#include "tools/chancery/init/configs.h"
#include "tools/chancery/init/key_maker.h"
#include "tools/chancery/init/layout.h"
#include "tools/chancery/init/new_certificate.h"
#include "tools/chancery/init/new_folder.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

constexpr absl::Duration Years(int years) {
  return absl::Hours(24 * 365 * years);
}
constexpr absl::Duration kRootLife = Years(20);
constexpr absl::Duration kIssuingLife = Years(10);
constexpr absl::Duration kServiceCaLife = Years(20);
constexpr absl::Duration kIdentityLife = Years(2);
// For clocks that are a little behind ours.
constexpr absl::Duration kBackdate = absl::Minutes(5);

absl::Status WritePrivate(const std::string& path, const std::string& text) {
  return base::CreateFile(path, base::AsBytes(text), 0600);
}

// A CA as the steps below pass it on.
struct MadeCa {
  std::string certificate;  // DER.
  std::string subject;      // DER Name.
  MadeKey key;
};

// The steps, in order. Each writes only into the new folder.
class Initializer {
 public:
  Initializer(const InitOptions& options, const Layout& layout,
              const base::Clock& clock, base::Random& random)
      : options_(options),
        layout_(layout),
        random_(random),
        organization_(options.organization.empty() ? options.cluster
                                                   : options.organization),
        now_(absl::FromUnixSeconds(absl::ToUnixSeconds(clock.Now()))) {}

  absl::StatusOr<Addresses> Run() {
    if (options_.token.empty()) {
      ASSIGN_OR_RETURN(key_maker_, MakeFileKeyMaker(options_, layout_));
    } else {
      ASSIGN_OR_RETURN(key_maker_, MakeTokenKeyMaker(options_, random_));
    }
    ASSIGN_OR_RETURN(const MadeCa issuing, MakeIssuer());
    SignerKeys keys;
    keys.issuing = issuing.key.source;
    ASSIGN_OR_RETURN(keys.ocsp, MakeOcspSigner(issuing));
    ASSIGN_OR_RETURN(keys.manifest, MakeKeySet(issuing));
    RETURN_IF_ERROR(MakeIdentities());
    ASSIGN_OR_RETURN(Addresses addresses,
                     ChooseAddresses(layout_, options_.responders));
    // Nobody holds a head of the ledger that is about to begin.
    RETURN_IF_ERROR(WritePrivate(layout_.In("ledger/first-start"), ""));
    for (const auto& [name, text] :
         FormatConfigs(options_, layout_, addresses, keys)) {
      RETURN_IF_ERROR(WritePrivate(layout_.Config(name), text));
    }
    return addresses;
  }

 private:
  absl::StatusOr<std::string> CaName(const std::string& what) const {
    return x509::EncodeName({{"C", options_.country},
                             {"O", organization_},
                             {"CN", absl::StrCat(organization_, " ", what)}});
  }

  // A CA below `parent`, or a root.
  absl::StatusOr<MadeCa> MakeCa(const std::string& key_name,
                                const std::string& what, int path_length,
                                absl::Duration validity, const MadeCa* parent) {
    MadeCa ca;
    ASSIGN_OR_RETURN(ca.key, key_maker_->Make(key_name));
    ASSIGN_OR_RETURN(ca.subject, CaName(what));
    const MadeCa& signer = parent == nullptr ? ca : *parent;
    ASSIGN_OR_RETURN(ca.certificate,
                     SignNew({.subject = ca.subject,
                              .not_before = now_ - kBackdate,
                              .validity = validity,
                              .extensions = {.is_ca = true,
                                             .path_length = path_length,
                                             .key_usage = x509::kKeyCertSign |
                                                          x509::kCrlSign}},
                             ca.key.key->public_key(),
                             {signer.subject, *signer.key.key}, random_));
    return ca;
  }

  // ca/root.pem, ca/<issuer>.pem, ca/bundle.pem.
  absl::StatusOr<MadeCa> MakeIssuer() {
    ASSIGN_OR_RETURN(const MadeCa root,
                     MakeCa("root", "Root CA", 1, kRootLife, nullptr));
    ASSIGN_OR_RETURN(
        MadeCa issuing,
        MakeCa(options_.issuer, absl::StrCat("CA ", options_.issuer), 0,
               kIssuingLife, &root));
    const std::string root_pem =
        CertificatePem(base::AsBytes(root.certificate));
    const std::string issuing_pem =
        CertificatePem(base::AsBytes(issuing.certificate));
    RETURN_IF_ERROR(WritePrivate(layout_.CaCertificate("root"), root_pem));
    RETURN_IF_ERROR(
        WritePrivate(layout_.CaCertificate(options_.issuer), issuing_pem));
    RETURN_IF_ERROR(
        WritePrivate(layout_.CaCertificate("bundle"), root_pem + issuing_pem));
    return issuing;
  }

  // TRUST 6; Baseline Requirements 7.1.2.8: country, organization and common
  // name; digitalSignature, OCSPSigning alone, ocsp-nocheck.
  absl::StatusOr<crypto::KeySource> MakeOcspSigner(const MadeCa& issuing) {
    ASSIGN_OR_RETURN(const MadeKey made, key_maker_->Make("ocsp"));
    // Three times the validity of a response.
    const absl::Duration life = 3 * absl::Hours(options_.ocsp_validity_hours);
    ASSIGN_OR_RETURN(const std::string subject, CaName("OCSP"));
    ASSIGN_OR_RETURN(
        const std::string certificate,
        SignNew({.subject = subject,
                 .not_before = now_ - kBackdate,
                 .validity = life + kBackdate,
                 .extensions = {.key_usage = x509::kDigitalSignature,
                                .extended_key_usage = {x509::kOcspSigning},
                                .ocsp_no_check = true}},
                made.key->public_key(), {issuing.subject, *issuing.key.key},
                random_));
    RETURN_IF_ERROR(WritePrivate(layout_.CaCertificate("ocsp"),
                                 CertificatePem(base::AsBytes(certificate))));
    return made.source;
  }

  // The manifest key, and the key set that names it, under a root of its own
  // that is meant to be kept offline.
  absl::StatusOr<crypto::KeySource> MakeKeySet(const MadeCa& issuing) {
    ASSIGN_OR_RETURN(const MadeKey manifest, key_maker_->Make("manifest"));
    ASSIGN_OR_RETURN(const std::unique_ptr<crypto::SoftwareKey> root,
                     MakeKeyFile(layout_.CaKey("key-set-root")));
    const crypto::PublicKey& issuer_key = issuing.key.key->public_key();
    block::KeySet set;
    set.keys.push_back(
        {.spki = base::ToString(manifest.key->public_key().spki()),
         .not_before = now_ - kBackdate,
         .not_after = now_ + kIssuingLife,
         .issuers = {crypto::Sha256Stream()
                         .Update(base::AsBytes(issuing.subject))
                         .Update(issuer_key.spki())
                         .Finish()}});
    set.issuers.push_back(
        {.name = options_.issuer, .certificate = issuing.certificate});
    ASSIGN_OR_RETURN(const block::Signed file,
                     block::Sign(block::kKeySetType, set.Encode(), *root));
    RETURN_IF_ERROR(WritePrivate(layout_.KeySet(), file.Encode()));
    RETURN_IF_ERROR(
        WritePrivate(layout_.KeySetRoot(),
                     x509::EncodePem("PUBLIC KEY", root->public_key().spki())));
    return manifest.source;
  }

  // The service CA, with which no role of the authority has anything to do
  // (TRUST 9), and everybody's certificate under it.
  absl::Status MakeIdentities() {
    ASSIGN_OR_RETURN(const std::unique_ptr<crypto::SoftwareKey> key,
                     MakeKeyFile(layout_.ServiceCaKey()));
    ASSIGN_OR_RETURN(
        const std::string subject,
        x509::EncodeName(
            {{"O", organization_},
             {"CN", absl::StrCat(options_.cluster, " service identities")}}));
    const CertificateSigner ca{subject, *key};
    ASSIGN_OR_RETURN(const std::string certificate,
                     SignNew({.subject = subject,
                              .not_before = now_ - kBackdate,
                              .validity = kServiceCaLife,
                              .extensions = {.is_ca = true,
                                             .path_length = 0,
                                             .key_usage = x509::kKeyCertSign}},
                             key->public_key(), ca, random_));
    RETURN_IF_ERROR(WritePrivate(layout_.ServiceCa(),
                                 CertificatePem(base::AsBytes(certificate))));
    for (const Principal& principal : Principals(options_.responders)) {
      RETURN_IF_ERROR(MakeIdentity(principal, ca));
    }
    return absl::OkStatus();
  }

  absl::Status MakeIdentity(const Principal& principal,
                            const CertificateSigner& ca) {
    ASSIGN_OR_RETURN(const std::unique_ptr<crypto::SoftwareKey> key,
                     MakeKeyFile(layout_.IdentityKey(principal.name)));
    ASSIGN_OR_RETURN(
        const std::string subject,
        x509::EncodeName({{"O", organization_}, {"CN", principal.name}}));
    ASSIGN_OR_RETURN(
        const std::string certificate,
        SignNew({.subject = subject,
                 .not_before = now_ - kBackdate,
                 .validity = kIdentityLife,
                 .extensions = {.key_usage = x509::kDigitalSignature,
                                .extended_key_usage = {x509::kServerAuth,
                                                       x509::kClientAuth},
                                .alt_names = {{x509::AltNameKind::kUri,
                                               layout_.Uri(principal.role,
                                                           principal.name)}}}},
                key->public_key(), ca, random_));
    return WritePrivate(layout_.IdentityCertificate(principal.name),
                        CertificatePem(base::AsBytes(certificate)));
  }

  // Keys of identities and of the key set's root are in files in any case.
  static absl::StatusOr<std::unique_ptr<crypto::SoftwareKey>> MakeKeyFile(
      const std::string& path) {
    ASSIGN_OR_RETURN(auto key,
                     crypto::GenerateKey({crypto::KeyType::kEcP256, 0}));
    ASSIGN_OR_RETURN(const base::Secret pem,
                     crypto::EncodePkcs8Pem(*key, nullptr));
    RETURN_IF_ERROR(base::CreateFile(path, base::AsBytes(pem.Reveal()), 0600));
    return key;
  }

  const InitOptions& options_;
  const Layout& layout_;
  base::Random& random_;
  const std::string organization_;
  const absl::Time now_;
  std::unique_ptr<KeyMaker> key_maker_;
};

// What services would refuse at their start is better refused now.
absl::Status CheckFiles(const InitOptions& options) {
  for (const auto& [option, path] :
       {std::pair{"--pin-file", options.pin_file},
        std::pair{"--postgres-file", options.postgres_file}}) {
    if (path.empty()) continue;
    const auto read = crypto::ReadSecretFile(path);
    if (!read.ok()) {
      return absl::Status(read.status().code(),
                          absl::StrCat(option, ": ", read.status().message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NewCluster> InitCluster(const InitOptions& options,
                                       const base::Clock& clock,
                                       base::Random& random) {
  RETURN_IF_ERROR(CheckFiles(options));
  const Layout layout(options.dir, options.cluster);
  ASSIGN_OR_RETURN(NewFolder folder, NewFolder::Begin(layout));
  NewCluster made;
  made.cleared = folder.cleared();
  ASSIGN_OR_RETURN(made.addresses,
                   Initializer(options, layout, clock, random).Run());
  const std::string file = FormatClusterFile(options.cluster, made.addresses);
  // The commit point: a crash before it leaves no cluster, one after it a whole
  // one.
  RETURN_IF_ERROR(folder.Commit(base::AsBytes(file)));
  return made;
}

}  // namespace chancery::cli
