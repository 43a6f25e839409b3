#include "rpc/credentials.h"

#include <grpc/grpc.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "crypto/public_key.h"
#include "crypto/software_key.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "rpc/certificate_file.h"
#include "rpc/config.h"

namespace chancery::rpc {
namespace {

namespace tls = grpc::experimental;

constexpr size_t kMaxPemBytes = 1 << 20;

// Accepts the one server that was meant. Runs after the TLS library verified
// the chain.
class ExactPeer final : public tls::ExternalCertificateVerifier {
 public:
  explicit ExactPeer(std::string expected_uri)
      : expected_uri_(std::move(expected_uri)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>,
              grpc::Status* result) override {
    const std::vector<grpc::string_ref> uris = request->uri_names();
    if (uris.size() != 1 || uris[0] != expected_uri_) {
      const std::string shown =
          uris.empty() ? "no identity"
                       : std::string(uris[0].data(), uris[0].size());
      *result = grpc::Status(
          grpc::StatusCode::UNAUTHENTICATED,
          absl::StrCat("the server is ", shown, ", not ", expected_uri_));
    }
    return true;  // Decided here and now.
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string expected_uri_;
};

// Else gRPC ends with its last object and starts anew with the next, which now
// and then takes ten seconds. If one of gRPC's own threads frees that object,
// which is chance, gRPC ends in the background: a process that exits meanwhile
// takes OpenSSL away from threads that are still ending, and what OpenSSL keeps
// for each of them leaks. Threads that merely wait at exit do no harm.
void KeepGrpc() {
  static std::once_flag once;
  std::call_once(once, grpc_init);
}

absl::Status CheckKeyFile(const std::string& path) {
  struct stat facts = {};
  if (stat(path.c_str(), &facts) != 0) {
    return ConfigError("identity.key_file", path, std::strerror(errno));
  }
  if ((facts.st_mode & 077) != 0) {
    return ConfigError(
        "identity.key_file", path,
        absl::StrFormat("its mode %04o lets others at the key: chmod 600 it, "
                        "and replace the key if others could read it",
                        facts.st_mode & 07777));
  }
  return absl::OkStatus();
}

// The certificates of a PEM file, of which there is at least one.
absl::StatusOr<std::vector<std::string>> LoadCertificates(
    const std::string& field, const std::string& path) {
  RETURN_IF_ERROR(RequireSet(field, path));
  const auto pem = base::ReadFile(path, kMaxPemBytes);
  if (!pem.ok()) return ConfigError(field, path, pem.status().message());
  auto certificates = ParsePemCertificates(*pem);
  if (!certificates.ok()) {
    return ConfigError(field, path, certificates.status().message());
  }
  if (certificates->empty()) {
    return ConfigError(field, path, "holds no PEM certificate");
  }
  return certificates;
}

absl::Status CheckKeyFits(const std::string& key_file,
                          const std::string& spki) {
  const auto key = crypto::LoadSoftwareKey(key_file, nullptr);
  if (!key.ok()) {
    return ConfigError("identity.key_file", key_file, key.status().message());
  }
  const auto certified = crypto::PublicKey::FromSpki(base::AsBytes(spki));
  if (!certified.ok() || !(*certified == (*key)->public_key())) {
    return ConfigError("identity.key_file", key_file,
                       "is not the key of identity.certificate_file");
  }
  return absl::OkStatus();
}

absl::StatusOr<Identity> CheckFiles(const config::TlsIdentity& identity) {
  const std::string& file = identity.certificate_file();
  ASSIGN_OR_RETURN(const std::vector<std::string> chain,
                   LoadCertificates("identity.certificate_file", file));
  const auto facts = ReadCertificate(base::AsBytes(chain[0]));
  if (!facts.ok()) {
    return ConfigError("identity.certificate_file", file,
                       facts.status().message());
  }
  auto own = IdentityFromUris(facts->uris);
  if (!own.ok()) {
    return ConfigError("identity.certificate_file", file,
                       own.status().message());
  }

  RETURN_IF_ERROR(RequireSet("identity.key_file", identity.key_file()));
  RETURN_IF_ERROR(CheckKeyFile(identity.key_file()));
  RETURN_IF_ERROR(CheckKeyFits(identity.key_file(), facts->spki));

  ASSIGN_OR_RETURN(
      const std::vector<std::string> roots,
      LoadCertificates("identity.trust_file", identity.trust_file()));
  if (roots.size() != 1) {
    return ConfigError(
        "identity.trust_file", identity.trust_file(),
        absl::StrCat("holds ", roots.size(),
                     " certificates: must be the one "
                     "service CA, and nothing that issues other certificates"));
  }
  return own;
}

}  // namespace

struct Credentials::State {
  Identity identity;
  std::shared_ptr<tls::FileWatcherCertificateProvider> files;
};

Credentials::Credentials(std::shared_ptr<const State> state)
    : state_(std::move(state)) {}

absl::StatusOr<Credentials> Credentials::Load(
    const config::TlsIdentity& identity, unsigned reload_seconds) {
  ASSIGN_OR_RETURN(Identity own, CheckFiles(identity));
  auto state = std::make_shared<State>();
  state->identity = std::move(own);
  KeepGrpc();
  state->files = std::make_shared<tls::FileWatcherCertificateProvider>(
      identity.key_file(), identity.certificate_file(), identity.trust_file(),
      reload_seconds);
  return Credentials(std::move(state));
}

absl::Status Credentials::Check(const config::TlsIdentity& identity) {
  return CheckFiles(identity).status();
}

const Identity& Credentials::identity() const { return state_->identity; }

std::shared_ptr<grpc::ServerCredentials> Credentials::ForServer() const {
  tls::TlsServerCredentialsOptions options(state_->files);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::ForPeer(
    const std::string& expected_uri) const {
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(state_->files);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);  // ExactPeer checks more.
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<ExactPeer>(expected_uri));
  return tls::TlsCredentials(options);
}

}  // namespace chancery::rpc
