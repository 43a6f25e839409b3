#ifndef CHANCERY_AUTHORITY_TESTING_SERVICE_FIXTURE_H_
#define CHANCERY_AUTHORITY_TESTING_SERVICE_FIXTURE_H_

#include <memory>
#include <string>

#include "authority/certificate_service.h"
#include "authority/issuer_service.h"
#include "authority/testing/authority_fixture.h"
#include "grpcpp/channel.h"
#include "rpc/dispatcher.h"
#include "rpc/metrics.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"

namespace chancery::authority::testing {

// Identities, by what they may do. kClient may do everything.
inline constexpr char kIssuesOnly[] = "spiffe://test/client/issues";
inline constexpr char kRevokesOnly[] = "spiffe://test/client/revokes";
inline constexpr char kReadsOnly[] = "spiffe://test/client/reads";
inline constexpr char kMayNothing[] = "spiffe://test/client/nobody";

// The services of an authority on a Unix socket, with mutual TLS.
class ServiceFixture : public AuthorityFixture {
 protected:
  ServiceFixture();

  // As the client `uri`.
  std::shared_ptr<grpc::Channel> Channel(const std::string& uri) const;

 private:
  const std::string address_;
  rpc::Metrics metrics_;
  rpc::WorkerPool pool_{4};
  const rpc::RoleTable roles_;
  const rpc::Dispatcher dispatcher_{pool_, roles_, log_};
  CertificateService certificate_service_{authority_, issuers_, dispatcher_};
  IssuerService issuer_service_{issuers_, dispatcher_};
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace chancery::authority::testing

#endif  // CHANCERY_AUTHORITY_TESTING_SERVICE_FIXTURE_H_
