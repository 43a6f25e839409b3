#include "signer/catch_up_service.h"

#include <string>
#include <vector>

#include "base/status_macros.h"
#include "rpc/unary.h"

namespace chancery::signer {
namespace {

v1::StandingResponse::State ToProto(StandingState state) {
  switch (state) {
    case StandingState::kActive:
      return v1::StandingResponse::ACTIVE;
    case StandingState::kAwaitsHead:
      return v1::StandingResponse::AWAITS_HEAD;
    case StandingState::kBehind:
      return v1::StandingResponse::BEHIND;
    case StandingState::kWaits:
      return v1::StandingResponse::WAITS;
    case StandingState::kStandby:
      return v1::StandingResponse::STANDBY;
    case StandingState::kForked:
      return v1::StandingResponse::FORKED;
  }
  return v1::StandingResponse::STATE_UNSPECIFIED;
}

void Fill(const StandingReport& report, v1::StandingResponse& out) {
  out.set_state(ToProto(report.state));
  out.set_why(std::string(report.why.message()));
  out.set_ledger_size(report.ledger_size);
  out.set_epoch(report.epoch);
  out.set_wanted_size(report.wanted_size);
  out.set_head(report.head);
}

}  // namespace

grpc::ServerUnaryReactor* CatchUpService::Show(
    grpc::CallbackServerContext* context, const v1::ShowRequest* request,
    v1::StandingResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kRead,
      [=, this](const rpc::Identity&) -> absl::Status {
        std::vector<Statement> statements;
        if (!request->head().empty()) {
          statements.push_back({StatementKind::kHead, request->head()});
        }
        if (!request->ledger_root().empty()) {
          statements.push_back(
              {StatementKind::kLedgerRoot, request->ledger_root()});
        }
        ASSIGN_OR_RETURN(const StandingReport report,
                         standing_.Show(statements));
        Fill(report, *response);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* CatchUpService::AddEntries(
    grpc::CallbackServerContext* context, const v1::AddEntriesRequest* request,
    v1::StandingResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kRead,
                    [=, this](const rpc::Identity&) -> absl::Status {
                      const std::vector<std::string> entries(
                          request->entries().begin(), request->entries().end());
                      ASSIGN_OR_RETURN(const StandingReport report,
                                       standing_.Add(request->from(), entries,
                                                     request->ledger_root()));
                      Fill(report, *response);
                      return absl::OkStatus();
                    });
}

grpc::ServerUnaryReactor* CatchUpService::Promote(
    grpc::CallbackServerContext* context, const v1::PromoteRequest*,
    v1::StandingResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kAdmin,
                    [=, this](const rpc::Identity&) -> absl::Status {
                      ASSIGN_OR_RETURN(const StandingReport report,
                                       standing_.Promote());
                      Fill(report, *response);
                      return absl::OkStatus();
                    });
}

}  // namespace chancery::signer
