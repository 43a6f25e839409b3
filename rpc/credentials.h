// Mutual TLS, on TCP and on Unix sockets alike, so that the peer of every call
// is known.
//
//   ASSIGN_OR_RETURN(Credentials credentials,
//                    Credentials::Load(config.identity()));
//   builder.AddListeningPort(address, credentials.ForServer());
//   grpc::CreateChannel(target, credentials.ForPeer(expected_uri));
//
// TLS 1.2 or 1.3. The files are read again as they change, so a renewed
// certificate is used by the next handshake without a restart; connections that
// exist stay. Replace files by renaming. While key and certificate do not fit
// together, handshakes fail and are tried again.
#ifndef CHANCERY_RPC_CREDENTIALS_H_
#define CHANCERY_RPC_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rpc/identity.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc
namespace chancery::config {
class TlsIdentity;
}

namespace chancery::rpc {

// Cheap to copy; thread-safe.
class Credentials {
 public:
  // Reads and checks the three files; looks at them again every
  // `reload_seconds` (at least 1). From the first success on, gRPC runs until
  // the process ends.
  // InvalidArgument or FailedPrecondition name the field, the file and the
  // remedy: a key that others can read or that is not the certificate's, a
  // certificate without exactly one spiffe:// name, a trust file that does not
  // hold exactly one certificate.
  static absl::StatusOr<Credentials> Load(const config::TlsIdentity& identity,
                                          unsigned reload_seconds = 10);

  // As Load, and nothing is kept: gRPC does not start.
  static absl::Status Check(const config::TlsIdentity& identity);

  // Who we are.
  const Identity& identity() const;

  // A client must show a certificate that the service CA signed.
  std::shared_ptr<grpc::ServerCredentials> ForServer() const;

  // The server must show a certificate that the service CA signed and whose
  // only URI name is `expected_uri`. Host names play no part.
  std::shared_ptr<grpc::ChannelCredentials> ForPeer(
      const std::string& expected_uri) const;

 private:
  struct State;
  explicit Credentials(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_CREDENTIALS_H_
