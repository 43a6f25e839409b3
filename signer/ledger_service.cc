#include "signer/ledger_service.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "rpc/unary.h"

namespace chancery::signer {
namespace {

constexpr size_t kPageBytes = 4 << 20;
constexpr size_t kPageEntries = 5000;
constexpr absl::Duration kMaxWait = absl::Seconds(10);

}  // namespace

grpc::ServerUnaryReactor* LedgerService::ReadEntries(
    grpc::CallbackServerContext* context, const v1::ReadEntriesRequest* request,
    v1::ReadEntriesResponse* response) {
  const absl::Duration wait =
      std::min(absl::Milliseconds(request->wait_ms()), kMaxWait);
  return rpc::UnaryWhen(
      dispatcher_, context, rpc::Role::kRead,
      // Whoever waits needs no worker meanwhile.
      [=, this](std::function<void()> run) {
        if (wait == absl::ZeroDuration()) return run();
        growth_.When(request->from(), wait, std::move(run));
      },
      [=, this](const rpc::Identity&) -> absl::Status {
        const size_t asked =
            request->max_entries() == 0 ? kPageEntries : request->max_entries();
        // Of a signer that may not sign nobody follows what it has.
        RETURN_IF_ERROR(ledger_.barred());
        ASSIGN_OR_RETURN(const EntryRange range,
                         ledger_.ReadEntries(request->from(), kPageBytes,
                                             std::min(asked, kPageEntries)));
        for (const std::string& entry : range.entries)
          response->add_entries(entry);
        response->set_ledger_size(range.head.size);
        response->set_ledger_root(base::ToString(range.head.root));
        if (!range.entries.empty()) {
          ASSIGN_OR_RETURN(*response->mutable_signed_root(),
                           roots_.Sign(request->from() + range.entries.size()));
        }
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* LedgerService::GetStatus(
    grpc::CallbackServerContext* context, const v1::GetStatusRequest* request,
    v1::GetStatusResponse* response) {
  return rpc::Unary(
      dispatcher_, context,
      {rpc::Role::kRead,
       {.issuer = request->issuer(), .serial = request->serial()}},
      [=, this](const rpc::Identity&) -> absl::Status {
        ASSIGN_OR_RETURN(const Issuer* issuer,
                         issuers_.Named(request->issuer()));
        ASSIGN_OR_RETURN(const auto view, ledger_.Read());
        const auto found =
            view->state().Certificate(issuer->issuer_id, request->serial());
        if (absl::IsNotFound(found.status())) {
          return absl::NotFoundError(absl::StrCat(
              "serial: issuer \"", issuer->name, "\" never issued ",
              base::Hex(base::AsBytes(request->serial()))));
        }
        RETURN_IF_ERROR(found.status());
        ASSIGN_OR_RETURN(const std::string der,
                         view->state().CertificateDer(*found));
        response->set_certificate(der);
        response->set_revoked(found->status != CertificateStatus::kGood);
        response->set_reason(found->reason);
        response->set_revoked_at_seconds(
            absl::ToUnixSeconds(found->revoked_at));
        response->set_block_id(found->block_id);
        response->set_place(found->place);
        response->set_ledger_index(found->changed_index);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* LedgerService::ListIssuers(
    grpc::CallbackServerContext* context, const v1::ListIssuersRequest*,
    v1::ListIssuersResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kRead,
                    [=, this](const rpc::Identity&) -> absl::Status {
                      for (const Issuer& issuer : issuers_.all()) {
                        auto* out = response->add_issuers();
                        out->set_name(issuer.name);
                        out->set_issuer_id(issuer.issuer_id);
                        out->set_certificate(issuer.certificate);
                        for (const std::string& der : issuer.chain)
                          out->add_chain(der);
                        for (const auto& [name, profile] : issuer.profiles) {
                          out->add_profiles(name);
                        }
                        out->set_crl_shards(issuer.crl_shards);
                        out->set_has_delta_crls(issuer.delta_crl_interval >
                                                absl::ZeroDuration());
                      }
                      return absl::OkStatus();
                    });
}

}  // namespace chancery::signer
