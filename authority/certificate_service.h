#ifndef CHANCERY_AUTHORITY_CERTIFICATE_SERVICE_H_
#define CHANCERY_AUTHORITY_CERTIFICATE_SERVICE_H_

#include <vector>

#include "authority/certificate_authority.h"
#include "authority/issue_groups.h"
#include "authority/issuer_directory.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "rpc/demand.h"
#include "rpc/dispatcher.h"

namespace chancery::authority {

// gRPC in, CertificateAuthority out. Who asks is the identity of
// the caller's certificate, never a field.
class CertificateService final
    : public v1::CertificateService::CallbackService {
 public:
  // All must outlive this object.
  CertificateService(CertificateAuthority& authority,
                     const IssuerDirectory& issuers,
                     const rpc::Dispatcher& dispatcher);

  grpc::ServerUnaryReactor* Issue(grpc::CallbackServerContext* context,
                                  const v1::IssueRequest* request,
                                  v1::IssueResponse* response) override;
  grpc::ServerBidiReactor<v1::IssueManyRequest, v1::IssueManyResponse>*
  IssueMany(grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context,
                                   const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override;
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::RevokeResponse* response) override;
  grpc::ServerUnaryReactor* GetCertificate(
      grpc::CallbackServerContext* context,
      const v1::GetCertificateRequest* request,
      v1::Certificate* response) override;
  grpc::ServerUnaryReactor* ListCertificates(
      grpc::CallbackServerContext* context,
      const v1::ListCertificatesRequest* request,
      v1::ListCertificatesResponse* response) override;

 private:
  // An order and who gives it.
  struct Order {
    const rpc::Identity& caller;
    const IssueOrder& order;
  };
  std::vector<absl::StatusOr<Issued>> IssueGroup(
      const std::vector<IssueCall>& calls);
  // Those that their callers may give are carried out.
  std::vector<absl::StatusOr<Issued>> IssueAllowed(
      const std::vector<Order>& orders);
  // What a revocation is about.
  rpc::Subject OfCertificate(const std::string& issuer,
                             const std::string& serial,
                             const std::string& request_id) const;

  CertificateAuthority& authority_;
  const IssuerDirectory& issuers_;
  const rpc::Dispatcher& dispatcher_;
  IssueGroups groups_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_CERTIFICATE_SERVICE_H_
