#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/config/common.pb.h"
#include "grpcpp/channel.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "rpc/status.h"
#include "tests/bench/certificate_client.h"
#include "x509/certificate/pem.h"

namespace chancery::bench {
namespace {

namespace v1 = authority::v1;

constexpr char kProfile[] = "server";
constexpr uint64_t kMessage = 256;  // Requests of one message.
constexpr uint32_t kResponders = 3;

// No two are the same on this machine.
std::string NewRequestId() {
  static const std::string run =
      absl::StrCat(getpid(), "-", absl::ToUnixMicros(absl::Now()));
  static std::atomic<uint64_t> number = 0;
  return absl::StrCat(run, "-", number++);
}

class AuthorityClient final : public CertificateClient {
 public:
  AuthorityClient(const std::shared_ptr<grpc::Channel>& channel,
                  const AuthorityPlace& place)
      : stub_(v1::CertificateService::NewStub(channel)),
        issuer_(place.issuer),
        among_others_(place.among_others) {}

  absl::StatusOr<std::string> Issue(const std::string& csr) override {
    v1::IssueRequest request;
    Fill(csr, request);
    v1::IssueResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(30));
    RETURN_IF_ERROR(rpc::FromGrpc(stub_->Issue(&context, request, &response)));
    return ToPem(response);
  }

  absl::Status KeepIssuing(
      const std::function<const std::string*()>& next,
      const std::function<void(std::string)>& got) override {
    if (!among_others_) return CertificateClient::KeepIssuing(next, got);
    Chain chain(*this, next, got);
    return chain.Run();
  }

  absl::StatusOr<std::string> IssueMany(const std::vector<std::string>& csrs,
                                        uint64_t count) override {
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(600));
    const auto stream = stub_->IssueMany(&context);
    std::thread sender([&] {
      for (uint64_t at = 0; at < count; at += kMessage) {
        v1::IssueManyRequest request;
        for (uint64_t i = at; i < std::min(count, at + kMessage); ++i) {
          Fill(csrs[i % csrs.size()], *request.add_requests());
        }
        if (!stream->Write(request)) break;
      }
      stream->WritesDone();
    });
    std::string first;
    absl::Status wrong;
    uint64_t issued = 0;
    for (v1::IssueManyResponse response; stream->Read(&response);) {
      for (const auto& result : response.results()) {
        if (!result.has_issued()) {
          wrong.Update(absl::InternalError(result.error().message()));
          continue;
        }
        wrong.Update(CheckWhole(result.issued()));
        if (++issued == 1) {
          first = x509::EncodePem(
              "CERTIFICATE",
              base::AsBytes(result.issued().certificate().der()));
        }
      }
    }
    sender.join();
    RETURN_IF_ERROR(rpc::FromGrpc(stream->Finish()));
    RETURN_IF_ERROR(wrong);
    if (issued == count) return first;
    return absl::InternalError(
        absl::StrCat("issued ", issued, " of ", count, " in bulk"));
  }

 private:
  // One call after the other, each begun where the last one was answered.
  class Chain {
   public:
    Chain(AuthorityClient& client,
          const std::function<const std::string*()>& next,
          const std::function<void(std::string)>& got)
        : client_(client), next_(next), got_(got) {}

    absl::Status Run() {
      Ask();
      return done_.get_future().get();
    }

   private:
    void Ask() {
      const std::string* const csr = next_();
      if (csr == nullptr) return done_.set_value(absl::OkStatus());
      request_.Clear();
      response_.Clear();
      client_.Fill(*csr, request_);
      context_ = std::make_unique<grpc::ClientContext>();
      rpc::SetTimeout(*context_, absl::Seconds(30));
      client_.stub_->async()->Issue(
          context_.get(), &request_, &response_,
          [this](const grpc::Status& status) { Answer(status); });
    }
    void Answer(const grpc::Status& status) {
      if (!status.ok()) return done_.set_value(rpc::FromGrpc(status));
      auto pem = ToPem(response_);
      if (!pem.ok()) return done_.set_value(pem.status());
      got_(*std::move(pem));
      Ask();
    }

    AuthorityClient& client_;
    const std::function<const std::string*()>& next_;
    const std::function<void(std::string)>& got_;
    v1::IssueRequest request_;
    v1::IssueResponse response_;
    std::unique_ptr<grpc::ClientContext> context_;
    std::promise<absl::Status> done_;
  };

  static absl::StatusOr<std::string> ToPem(const v1::IssueResponse& response) {
    RETURN_IF_ERROR(CheckWhole(response));
    return x509::EncodePem("CERTIFICATE",
                           base::AsBytes(response.certificate().der()));
  }

  void Fill(const std::string& csr, v1::IssueRequest& request) {
    request.set_request_id(NewRequestId());
    request.set_issuer(issuer_);
    request.set_profile(kProfile);
    request.set_csr(csr);
  }

  // What a client is promised: its chain, and that responders answer for it.
  static absl::Status CheckWhole(const v1::IssueResponse& response) {
    if (response.chain_size() == 0) return absl::InternalError("no chain");
    if (response.responders_acknowledged() == kResponders) {
      return absl::OkStatus();
    }
    return absl::InternalError(
        absl::StrCat("handed out with ", response.responders_acknowledged(),
                     " of ", kResponders, " responders"));
  }

  const std::unique_ptr<v1::CertificateService::Stub> stub_;
  const std::string issuer_;
  const bool among_others_;
};

}  // namespace

absl::Status CertificateClient::KeepIssuing(
    const std::function<const std::string*()>& next,
    const std::function<void(std::string)>& got) {
  for (const std::string* csr = next(); csr != nullptr; csr = next()) {
    ASSIGN_OR_RETURN(std::string certificate, Issue(*csr));
    got(std::move(certificate));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<CertificateClient>> MakeAuthorityClient(
    const AuthorityPlace& place) {
  config::TlsIdentity identity;
  identity.set_certificate_file(place.tls + "/client.pem");
  identity.set_key_file(place.tls + "/client.key");
  identity.set_trust_file(place.tls + "/ca.pem");
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(identity));
  config::Target target;
  target.set_address(place.address);
  target.set_expected_uri(place.uri);
  ASSIGN_OR_RETURN(const auto channel,
                   rpc::MakeChannel("authority", target, credentials));
  return std::make_unique<AuthorityClient>(channel, place);
}

}  // namespace chancery::bench
