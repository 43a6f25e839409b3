#include "tools/chancery/mass_revoke.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/mass_revocation.grpc.pb.h"
#include "chancery/config/cli.pb.h"
#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "crypto/digest.h"
#include "grpcpp/grpcpp.h"
#include "ledger/revocation_order.h"
#include "rpc/client.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/json.h"
#include "tools/chancery/progress_line.h"
#include "tools/chancery/serial_file.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxFileBytes = 256 << 20;
constexpr size_t kMaxOrderBytes = 1 << 16;
// What one call takes.
constexpr size_t kMaxSerials = 200'000;
constexpr absl::Duration kDeadline = absl::Hours(1);

struct Call {
  std::string issuer;
  std::vector<std::string> serials;
  std::string request_id;
};

struct Refused {
  std::string issuer, serial, why;
};

struct Totals {
  uint64_t total = 0, revoked = 0, already_revoked = 0;
  std::vector<Refused> refused;
  std::vector<JsonObject> calls;
};

// The same for the same request, so that a command that is typed again goes on.
std::string IdFor(const MassRevokeOptions& options, const std::string& issuer,
                  const std::vector<std::string>& serials) {
  const std::string what = absl::StrCat(issuer, "\n", options.reason, "\n",
                                        options.revoked_at_seconds, "\n",
                                        ledger::SerialsSha256(serials));
  const auto digest = crypto::Sha256(base::AsBytes(what));
  return absl::StrCat("many-", base::Hex(base::Bytes(digest).first(16)));
}

absl::StatusOr<std::vector<Call>> CallsFor(const MassRevokeOptions& options,
                                           const std::string& default_issuer) {
  ASSIGN_OR_RETURN(const std::string text,
                   base::ReadFile(options.file, kMaxFileBytes));
  auto parsed = ParseSerialFile(text);
  if (!parsed.ok()) {
    return absl::Status(
        parsed.status().code(),
        absl::StrCat(options.file, ": ", parsed.status().message()));
  }
  SerialList list;
  for (auto& [issuer, serials] : *parsed) {
    auto& all = list[issuer.empty() ? default_issuer : issuer];
    all.insert(all.end(), serials.begin(), serials.end());
  }
  std::vector<Call> calls;
  for (auto& [issuer, serials] : list) {
    if (issuer.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.file,
                       ": of which issuer? Name it with --issuer, or in each "
                       "line before the serial"));
    }
    ledger::SortSerials(serials);
    for (size_t at = 0; at < serials.size(); at += kMaxSerials) {
      const size_t end = std::min(at + kMaxSerials, serials.size());
      calls.push_back({.issuer = issuer,
                       .serials = {serials.begin() + at, serials.begin() + end},
                       .request_id = {}});
    }
  }
  if (!options.request_id.empty() && calls.size() > 1) {
    return absl::InvalidArgumentError(
        "--request-id: the file needs several calls; leave it out");
  }
  if (!options.order_file.empty() && calls.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--order: the file needs several calls, an order is for one: one "
        "issuer and at most ",
        kMaxSerials, " serials"));
  }
  for (Call& call : calls) {
    call.request_id = options.request_id.empty()
                          ? IdFor(options, call.issuer, call.serials)
                          : options.request_id;
  }
  return calls;
}

// At either service: their messages are alike.
template <typename Response, typename Request, typename Stub>
absl::Status Ask(const Environment& environment,
                 const MassRevokeOptions& options, const std::string& order,
                 const Call& call, absl::string_view service, Stub& stub,
                 Totals& totals) {
  Request request;
  request.set_request_id(call.request_id);
  request.set_issuer(call.issuer);
  for (const std::string& serial : call.serials) request.add_serials(serial);
  request.set_reason(options.reason);
  request.set_revoked_at_seconds(options.revoked_at_seconds);
  request.set_order(order);

  grpc::ClientContext context;
  rpc::SetTimeout(context, kDeadline);
  Response response, last;
  size_t refused = 0;
  const grpc::Status ended = [&] {
    ProgressLine progress(environment.err, ErrorsGoToATerminal(),
                          environment.clock, "revoke");
    const auto stream = stub.RevokeMany(&context, request);
    while (stream->Read(&response)) {
      for (const auto& one : response.refused()) {
        totals.refused.push_back({call.issuer,
                                  FormatSerial(base::AsBytes(one.serial())),
                                  one.why()});
      }
      refused += response.refused_size();
      last.Swap(&response);
      progress.Show(last.done(), last.total(), last.revoked());
    }
    return stream->Finish();
  }();
  totals.total += last.total();
  totals.revoked += last.revoked();
  totals.already_revoked += last.already_revoked();
  totals.calls.push_back(
      std::move(JsonObject()
                    .SetText("issuer", call.issuer)
                    .SetText("request_id", call.request_id)
                    .SetNumber("total", static_cast<int64_t>(last.total()))
                    .SetNumber("done", static_cast<int64_t>(last.done()))
                    .SetNumber("revoked", static_cast<int64_t>(last.revoked()))
                    .SetNumber("already_revoked",
                               static_cast<int64_t>(last.already_revoked()))
                    .SetNumber("refused", static_cast<int64_t>(refused))));
  const absl::Status status = CallStatus(service, ended);
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
    return status;
  }
  return absl::Status(
      status.code(),
      absl::StrCat(status.message(), "\n", last.done(), " of ",
                   call.serials.size(),
                   " are done. Type the same command again: it does what is "
                   "left (request id ",
                   call.request_id, ")."));
}

void Print(const Environment& environment, bool json, const Totals& totals) {
  if (json) {
    std::vector<JsonObject> refused;
    for (const Refused& one : totals.refused) {
      refused.push_back(std::move(JsonObject()
                                      .SetText("issuer", one.issuer)
                                      .SetText("serial", one.serial)
                                      .SetText("why", one.why)));
    }
    environment.out << JsonObject()
                           .SetObjects("calls", totals.calls)
                           .SetObjects("refused", refused)
                           .Print();
    return;
  }
  environment.out << FormatFacts(
      {{"Certificates", absl::StrCat(totals.total)},
       {"Revoked", absl::StrCat(totals.revoked, " now, ",
                                totals.already_revoked, " before")},
       {"Not revoked", absl::StrCat(totals.refused.size())}});
  for (const Refused& one : totals.refused) {
    environment.out << "  " << Printable(one.issuer) << " " << one.serial
                    << ": " << Printable(one.why) << "\n";
  }
}

}  // namespace

absl::StatusOr<bool> MassRevoke(const Environment& environment,
                                const MassRevokeOptions& options) {
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  ASSIGN_OR_RETURN(const std::vector<Call> calls,
                   CallsFor(options, options.issuer.empty()
                                         ? connections.config().default_issuer()
                                         : options.issuer));
  std::string order;
  if (!options.order_file.empty()) {
    ASSIGN_OR_RETURN(order, base::ReadFile(options.order_file, kMaxOrderBytes));
  }
  Totals totals;
  absl::Status failed;
  for (const Call& call : calls) {
    if (options.direct) {
      ASSIGN_OR_RETURN(auto channel, connections.Signer());
      signer::v1::RevocationService::Stub stub(channel);
      failed =
          Ask<signer::v1::RevokeManyResponse, signer::v1::RevokeManyRequest>(
              environment, options, order, call, "signer", stub, totals);
    } else {
      ASSIGN_OR_RETURN(auto channel, connections.Authority());
      authority::v1::MassRevocationService::Stub stub(channel);
      failed = Ask<authority::v1::RevokeManyResponse,
                   authority::v1::RevokeManyRequest>(
          environment, options, order, call, "authority", stub, totals);
    }
    if (!failed.ok()) break;
  }
  // What was refused is told even if the rest was cut off.
  if (totals.total > 0) Print(environment, options.json, totals);
  RETURN_IF_ERROR(failed);
  return totals.refused.empty();
}

}  // namespace chancery::cli
