#include "signer/crl_service.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rpc/stream.h"

namespace chancery::signer {
namespace {

// gRPC holds some of them on their way.
constexpr size_t kPieceBytes = 256 << 10;

absl::StatusOr<CrlRequest> ToRequest(const v1::SignCrlRequest& request) {
  CrlRequest out{.issuer = request.issuer(), .shard = request.shard()};
  switch (request.kind()) {
    case v1::CRL_KIND_FULL:
      out.kind = ledger::CrlKind::kFull;
      break;
    case v1::CRL_KIND_DELTA:
      out.kind = ledger::CrlKind::kDelta;
      break;
    default:
      return absl::InvalidArgumentError("kind: CRL_KIND_FULL or _DELTA");
  }
  if (request.has_have_number()) out.have_number = request.have_number();
  return out;
}

absl::Status SendFile(const SignedCrl& crl,
                      rpc::Writer<v1::SignCrlResponse>& out) {
  v1::SignCrlResponse part;
  for (uint64_t at = 0; at < crl.size;) {
    std::string& data = *part.mutable_data();
    data.resize(std::min<uint64_t>(kPieceBytes, crl.size - at));
    const ssize_t count = pread(crl.file->get(), data.data(), data.size(),
                                static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return absl::UnavailableError("CRL: cannot read its file");
    data.resize(static_cast<size_t>(count));
    at += static_cast<uint64_t>(count);
    RETURN_IF_ERROR(out.Write(part));
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerWriteReactor<v1::SignCrlResponse>* CrlService::SignCrl(
    grpc::CallbackServerContext* context, const v1::SignCrlRequest* request) {
  return rpc::ServerStream<v1::SignCrlResponse>(
      dispatcher_, context,
      {rpc::Role::kCrl,
       {.issuer = request->issuer(),
        .object = absl::StrCat(
            request->kind() == v1::CRL_KIND_DELTA ? "delta" : "full",
            " CRL of shard ", request->shard())}},
      [=, this](const rpc::Identity&,
                rpc::Writer<v1::SignCrlResponse>& out) -> absl::Status {
        ASSIGN_OR_RETURN(const CrlRequest asked, ToRequest(*request));
        ASSIGN_OR_RETURN(const SignedCrl crl, signer_.SignCrl(asked));
        v1::SignCrlResponse part;
        auto* facts = part.mutable_facts();
        facts->set_issuer_id(crl.issuer_id);
        facts->set_number(crl.number);
        facts->set_this_update_seconds(absl::ToUnixSeconds(crl.this_update));
        facts->set_next_update_seconds(absl::ToUnixSeconds(crl.next_update));
        facts->set_refresh_at_seconds(absl::ToUnixSeconds(crl.refresh_at));
        facts->set_size(crl.size);
        facts->set_entries(crl.entries);
        facts->set_ledger_size(crl.ledger_size);
        facts->set_base_number(crl.base_number);
        RETURN_IF_ERROR(out.Write(part));
        return SendFile(crl, out);
      });
}

}  // namespace chancery::signer
