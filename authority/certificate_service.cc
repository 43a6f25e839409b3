#include "authority/certificate_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "authority/bulk_issuance.h"
#include "authority/certificate_message.h"
#include "authority/request_facts.h"
#include "base/status_macros.h"
#include "rpc/decide_each.h"
#include "rpc/status.h"
#include "rpc/stream.h"
#include "rpc/unary.h"

namespace chancery::authority {
namespace {

constexpr uint32_t kDefaultPage = 100;
constexpr uint32_t kMaxPage = 1000;

void FillChanged(const StatusChanged& changed, const IssuerDirectory& issuers,
                 v1::RevokeResponse& response) {
  FillCertificate(changed.certificate, issuers, response.mutable_certificate());
  response.set_responders_acknowledged(changed.acknowledged.responders);
  response.set_responders_total(changed.acknowledged.total);
}

absl::Status SetStatus(v1::Status status, storage::CertificateFilter& filter) {
  switch (status) {
    case v1::STATUS_UNSPECIFIED:
      return absl::OkStatus();
    case v1::STATUS_GOOD:
      filter.status = storage::CertificateStatus::kGood;
      return absl::OkStatus();
    case v1::STATUS_HELD:
      filter.status = storage::CertificateStatus::kHeld;
      return absl::OkStatus();
    case v1::STATUS_REVOKED:
      filter.status = storage::CertificateStatus::kRevoked;
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "status: ", static_cast<int>(status), ": must be a Status"));
  }
}

absl::StatusOr<storage::CertificateFilter> ToFilter(
    const v1::ListCertificatesRequest& request,
    const IssuerDirectory& issuers) {
  storage::CertificateFilter filter{.text = request.text(),
                                    .profile = request.profile(),
                                    .requester = request.requester()};
  if (!request.issuer().empty()) {
    ASSIGN_OR_RETURN(const storage::IssuerRow issuer,
                     issuers.Named(request.issuer()));
    filter.issuer_id = issuer.issuer_id;
  }
  RETURN_IF_ERROR(SetStatus(request.status(), filter));
  if (request.expires_before_seconds() != 0) {
    filter.expires_before =
        absl::FromUnixSeconds(request.expires_before_seconds());
  }
  if (request.expires_after_seconds() != 0) {
    filter.expires_after =
        absl::FromUnixSeconds(request.expires_after_seconds());
  }
  return filter;
}

absl::StatusOr<size_t> PageSize(const v1::ListCertificatesRequest& request) {
  if (request.page_size() > kMaxPage) {
    return absl::InvalidArgumentError(absl::StrCat(
        "page_size: ", request.page_size(), ": at most ", kMaxPage));
  }
  return request.page_size() == 0 ? kDefaultPage : request.page_size();
}

IssueOrder FromProto(const rpc::Identity& caller,
                     const v1::IssueRequest& request) {
  return {.request_id = request.request_id(),
          .requester = caller.uri,
          .issuer = request.issuer(),
          .profile = request.profile(),
          .csr = request.csr(),
          .not_before = absl::FromUnixSeconds(request.not_before_seconds()),
          .not_after = absl::FromUnixSeconds(request.not_after_seconds())};
}

void FillAnswers(const std::vector<IssueOrder>& orders,
                 const std::vector<absl::StatusOr<Issued>>& answers,
                 const IssuerDirectory& issuers, v1::IssueManyResponse& out) {
  for (size_t i = 0; i < answers.size(); ++i) {
    v1::IssueManyResponse::Result& result = *out.add_results();
    result.set_request_id(orders[i].request_id);
    if (answers[i].ok()) {
      FillIssued(*answers[i], issuers, result.mutable_issued());
      continue;
    }
    const grpc::Status error = rpc::ToGrpc(answers[i].status());
    result.mutable_error()->set_code(error.error_code());
    result.mutable_error()->set_message(error.error_message());
  }
}

}  // namespace

CertificateService::CertificateService(CertificateAuthority& authority,
                                       const IssuerDirectory& issuers,
                                       const rpc::Dispatcher& dispatcher)
    : authority_(authority),
      issuers_(issuers),
      dispatcher_(dispatcher),
      groups_(
          [this](const std::vector<IssueCall>& calls) {
            return IssueGroup(calls);
          },
          {}) {}

grpc::ServerUnaryReactor* CertificateService::Issue(
    grpc::CallbackServerContext* context, const v1::IssueRequest* request,
    v1::IssueResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  absl::StatusOr<rpc::Identity> caller =
      dispatcher_.Admit(*context,
                        {rpc::Role::kIssue,
                         {.issuer = request->issuer(),
                          .profile = request->profile(),
                          .request_id = request->request_id()}},
                        "Issue");
  if (!caller.ok()) {
    reactor->Finish(rpc::ToGrpc(caller.status()));
    return reactor;
  }
  IssueOrder order = FromProto(*caller, *request);
  groups_.Add({.order = std::move(order),
               .caller = *std::move(caller),
               .gone = [context] { return context->IsCancelled(); },
               .answer =
                   [=, this](absl::StatusOr<Issued> issued) {
                     if (issued.ok()) FillIssued(*issued, issuers_, response);
                     reactor->Finish(rpc::ToGrpc(issued.status()));
                   }});
  return reactor;
}

std::vector<absl::StatusOr<Issued>> CertificateService::IssueGroup(
    const std::vector<IssueCall>& calls) {
  std::vector<absl::StatusOr<Issued>> answers(
      calls.size(), absl::CancelledError("the caller is gone"));
  std::vector<size_t> present;
  std::vector<Order> orders;
  for (size_t i = 0; i < calls.size(); ++i) {
    // They may have waited for longer than their callers have.
    if (calls[i].gone()) continue;
    present.push_back(i);
    orders.push_back({calls[i].caller, calls[i].order});
  }
  std::vector<absl::StatusOr<Issued>> issued = IssueAllowed(orders);
  for (size_t k = 0; k < present.size(); ++k) {
    answers[present[k]] = std::move(issued[k]);
  }
  return answers;
}

std::vector<absl::StatusOr<Issued>> CertificateService::IssueAllowed(
    const std::vector<Order>& orders) {
  std::vector<rpc::Asked> asked;
  for (const auto& [caller, order] : orders) {
    asked.push_back(
        {caller,
         {rpc::Role::kIssue,
          {.issuer = order.issuer,
           .profile = order.profile,
           .request_id = order.request_id,
           .names = [&csr = order.csr] { return NamesInCsr(csr); }}}});
  }
  std::vector<absl::StatusOr<Issued>> answers(orders.size());
  const std::vector<absl::Status> told =
      rpc::DecideEach(dispatcher_.gate(), asked, "Issue",
                      [&](const std::vector<size_t>& allowed) {
                        std::vector<IssueOrder> chosen;
                        for (const size_t i : allowed)
                          chosen.push_back(orders[i].order);
                        std::vector<absl::StatusOr<Issued>> issued =
                            authority_.IssueBatch(chosen);
                        std::vector<absl::Status> done;
                        for (size_t k = 0; k < allowed.size(); ++k) {
                          done.push_back(issued[k].status());
                          answers[allowed[k]] = std::move(issued[k]);
                        }
                        return done;
                      });
  for (size_t i = 0; i < orders.size(); ++i) {
    if (!told[i].ok()) answers[i] = told[i];
  }
  return answers;
}

grpc::ServerBidiReactor<v1::IssueManyRequest, v1::IssueManyResponse>*
CertificateService::IssueMany(grpc::CallbackServerContext* context) {
  return rpc::BothStream<v1::IssueManyRequest, v1::IssueManyResponse>(
      dispatcher_, context, rpc::Demand::Each(rpc::Role::kIssue),
      [this](const rpc::Identity& caller, rpc::Reader<v1::IssueManyRequest>& in,
             rpc::Writer<v1::IssueManyResponse>& out) {
        return authority::IssueMany(
            [&, this](const std::vector<IssueOrder>& orders) {
              std::vector<Order> asked;
              for (const IssueOrder& order : orders) {
                asked.push_back({caller, order});
              }
              return IssueAllowed(asked);
            },
            [&]() -> absl::StatusOr<std::optional<std::vector<IssueOrder>>> {
              v1::IssueManyRequest request;
              ASSIGN_OR_RETURN(const bool more, in.Read(request));
              if (!more) return std::nullopt;
              std::vector<IssueOrder> orders;
              for (const v1::IssueRequest& one : request.requests()) {
                orders.push_back(FromProto(caller, one));
              }
              return orders;
            },
            [&](const std::vector<IssueOrder>& orders,
                const std::vector<absl::StatusOr<Issued>>& answers) {
              v1::IssueManyResponse response;
              FillAnswers(orders, answers, issuers_, response);
              return out.Write(response);
            });
      });
}

grpc::ServerUnaryReactor* CertificateService::Revoke(
    grpc::CallbackServerContext* context, const v1::RevokeRequest* request,
    v1::RevokeResponse* response) {
  return rpc::Unary(
      dispatcher_, context,
      {rpc::Role::kRevoke, OfCertificate(request->issuer(), request->serial(),
                                         request->request_id())},
      [=, this](const rpc::Identity& caller) -> absl::Status {
        ASSIGN_OR_RETURN(
            const StatusChanged changed,
            authority_.Revoke({.request_id = request->request_id(),
                               .requester = caller.uri,
                               .issuer = request->issuer(),
                               .serial = request->serial(),
                               .reason = request->reason(),
                               .revoked_at = absl::FromUnixSeconds(
                                   request->revoked_at_seconds())}));
        FillChanged(changed, issuers_, *response);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* CertificateService::Release(
    grpc::CallbackServerContext* context, const v1::ReleaseRequest* request,
    v1::RevokeResponse* response) {
  return rpc::Unary(
      dispatcher_, context,
      {rpc::Role::kRevoke, OfCertificate(request->issuer(), request->serial(),
                                         request->request_id())},
      [=, this](const rpc::Identity& caller) -> absl::Status {
        ASSIGN_OR_RETURN(
            const StatusChanged changed,
            authority_.Release({.request_id = request->request_id(),
                                .requester = caller.uri,
                                .issuer = request->issuer(),
                                .serial = request->serial()}));
        FillChanged(changed, issuers_, *response);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* CertificateService::GetCertificate(
    grpc::CallbackServerContext* context,
    const v1::GetCertificateRequest* request, v1::Certificate* response) {
  return rpc::Unary(
      dispatcher_, context,
      {rpc::Role::kRead,
       {.issuer = request->issuer(), .serial = request->serial()}},
      [=, this](const rpc::Identity&) -> absl::Status {
        ASSIGN_OR_RETURN(const storage::CertificateRow row,
                         authority_.Get(request->issuer(), request->serial()));
        ASSIGN_OR_RETURN(const std::vector<std::string> chain,
                         issuers_.ChainOf(row.issuer_id));
        FillCertificate(row, issuers_, response);
        for (const std::string& der : chain) response->add_chain(der);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* CertificateService::ListCertificates(
    grpc::CallbackServerContext* context,
    const v1::ListCertificatesRequest* request,
    v1::ListCertificatesResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kRead,
      [=, this](const rpc::Identity&) -> absl::Status {
        ASSIGN_OR_RETURN(const storage::CertificateFilter filter,
                         ToFilter(*request, issuers_));
        ASSIGN_OR_RETURN(const size_t limit, PageSize(*request));
        ASSIGN_OR_RETURN(const storage::CertificatePage page,
                         authority_.List(filter, request->page_token(), limit));
        for (const storage::CertificateRow& row : page.rows) {
          FillCertificate(row, issuers_, response->add_certificates());
        }
        response->set_next_page_token(page.next_token);
        return absl::OkStatus();
      });
}

rpc::Subject CertificateService::OfCertificate(
    const std::string& issuer, const std::string& serial,
    const std::string& request_id) const {
  return {.issuer = issuer,
          .serial = serial,
          .request_id = request_id,
          .own = [=, this](const rpc::Identity& caller) {
            return CheckOwn(authority_, issuer, serial, caller);
          }};
}

}  // namespace chancery::authority
