#include "signer/crl_service.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "rpc/stream.h"

namespace chancery::signer {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

}  // namespace

grpc::ServerWriteReactor<v1::SignCrlResponse>* CrlService::SignCrl(
    grpc::CallbackServerContext* context, const v1::SignCrlRequest* request) {
  return rpc::ServerStream<v1::SignCrlResponse>(
      dispatcher_, context, rpc::Role::kCrl,
      [=, this](const rpc::Identity&,
                rpc::Writer<v1::SignCrlResponse>& out) -> absl::Status {
        if (request->kind() != v1::CRL_KIND_FULL) {
          return absl::InvalidArgumentError(
              "kind: this signer makes full CRLs only");
        }
        ASSIGN_OR_RETURN(const SignedCrl crl,
                         signer_.SignCrl(request->issuer(), request->shard()));
        v1::SignCrlResponse part;
        auto* facts = part.mutable_facts();
        facts->set_issuer_id(crl.issuer_id);
        facts->set_number(crl.number);
        facts->set_this_update_seconds(absl::ToUnixSeconds(crl.this_update));
        facts->set_next_update_seconds(absl::ToUnixSeconds(crl.next_update));
        facts->set_refresh_at_seconds(absl::ToUnixSeconds(crl.refresh_at));
        facts->set_size(crl.der.size());
        facts->set_entries(crl.entries);
        facts->set_ledger_size(crl.ledger_size);
        RETURN_IF_ERROR(out.Write(part));
        for (size_t at = 0; at < crl.der.size(); at += kPieceBytes) {
          part.set_data(crl.der.substr(at, kPieceBytes));
          RETURN_IF_ERROR(out.Write(part));
        }
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
