#include "responder/run.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "block/key_set.h"
#include "chancery/config/responder.pb.h"
#include "chancery/responder/v1/replication.grpc.pb.h"
#include "crypto/software_key.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "gtest/gtest.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/crl_cache.h"
#include "responder/cache/crl_folder.h"
#include "responder/cache/key_ring.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/rocksdb_cache_store.h"
#include "responder/cache/testing/issuer.h"
#include "responder/cache/update_verifier.h"
#include "responder/testing/http_client.h"
#include "rpc/client.h"
#include "rpc/status.h"
#include "rpc/testing/service_ca.h"
#include "x509/certificate/pem.h"
#include "x509/crl/crl.h"
#include "x509/ocsp/request.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kServer[] = "spiffe://test/responder/one";
constexpr char kRefresher[] = "spiffe://test/refresher/one";

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    *config_.mutable_identity() = ca_.Issue(kServer);
    config_.mutable_listen()->add_address(socket_);
    auto* grant = config_.add_grant();
    grant->set_uri(kRefresher);
    grant->add_role(config::ROLE_PUSH);
    grant->add_role(config::ROLE_READ);
    config_.set_cache_dir(folder_ + "/cache");
    config_.set_key_set_file(folder_ + "/key-set");
    config_.set_key_set_root_file(folder_ + "/root.pem");
    config_.set_http_address("127.0.0.1:0");
    EXPECT_THAT(base::MakeDirectories(folder_), IsOk());
    const std::string pem =
        x509::EncodePem("PUBLIC KEY", root_->public_key().spki());
    Write("/root.pem", pem);
    // The root is the manifest key too.
    WriteKeySet(*root_,
                {.version = 1,
                 .keys = {{.spki = base::ToString(root_->public_key().spki()),
                           .not_before = absl::Now() - absl::Hours(1),
                           .not_after = absl::Now() + absl::Hours(1),
                           .issuers = {}}},
                 .issuers = {}});
  }

  void Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(
        base::WriteFileAtomically(folder_ + name, base::AsBytes(content)),
        IsOk());
  }
  void WriteKeySet(const crypto::SigningKey& root,
                   const block::KeySet& keys = {}) {
    Write("/key-set",
          block::Sign(block::kKeySetType, keys.Encode(), root)->Encode());
  }

  std::unique_ptr<v1::ReplicationService::Stub> Refresher() {
    const auto credentials = *rpc::Credentials::Load(ca_.Issue(kRefresher));
    config::Target target;
    target.set_address(socket_);
    target.set_expected_uri(kServer);
    return v1::ReplicationService::NewStub(
        *rpc::MakeChannel("responder", target, credentials));
  }
  static void SetTimeout(grpc::ClientContext& context) {
    rpc::SetTimeout(context, absl::Seconds(60));
    context.set_wait_for_ready(true);
  }
  static v1::GetStatusResponse AwaitStatus(
      v1::ReplicationService::Stub& refresher) {
    grpc::ClientContext context;
    SetTimeout(context);
    v1::GetStatusResponse status;
    EXPECT_THAT(rpc::FromGrpc(refresher.GetStatus(&context, {}, &status)),
                IsOk());
    return status;
  }
  // The signer's, with an index of all these blocks.
  v1::PutHeadResponse PutHead(v1::ReplicationService::Stub& refresher,
                              absl::Time time, const block::Index& index) {
    const block::SignedHead made = *block::SignHead(
        {.time = absl::FromUnixMicros(absl::ToUnixMicros(time))}, index,
        *root_);
    v1::PutHeadRequest request;
    request.mutable_head()->set_head(made.head);
    request.mutable_head()->set_index(made.index);
    grpc::ClientContext context;
    SetTimeout(context);
    v1::PutHeadResponse response;
    EXPECT_THAT(rpc::FromGrpc(refresher.PutHead(&context, request, &response)),
                IsOk());
    return response;
  }
  static int PortOf(const v1::GetStatusResponse& status) {
    const std::string& address = status.http_address();
    return std::stoi(address.substr(address.rfind(':') + 1));
  }

  const std::string folder_ =
      ::testing::TempDir() + "/run-" +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  // Short: a socket's path has at most 107 bytes.
  const std::string socket_ =
      "unix:/tmp/chancery-responder-" + std::to_string(getpid()) + ".sock";
  rpc::testing::ServiceCa ca_{"responder"};
  const std::unique_ptr<crypto::SoftwareKey> root_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  config::Responder config_;
  std::ostringstream lines_;
  const rpc::Log log_{{}, base::SystemClock(), lines_};
  rpc::Process process_{base::SystemClock(), log_};
};

TEST_F(RunTest, NamesTheFieldThatIsMissing) {
  EXPECT_THAT(CheckConfig(config_), IsOk());
  config_.clear_key_set_root_file();
  EXPECT_THAT(CheckConfig(config_), StatusIs(absl::StatusCode::kInvalidArgument,
                                             "key_set_root_file"));
}

TEST_F(RunTest, RefusesAnUnfitHandoverSocketOrTooMuchMemory) {
  const std::string fits = "/" + std::string(106, 's');
  config_.set_handover_socket(fits);
  EXPECT_THAT(CheckConfig(config_), IsOk());
  config_.set_handover_socket(fits + "s");
  EXPECT_THAT(CheckConfig(config_),
              StatusIs(absl::StatusCode::kInvalidArgument, "handover_socket"));
  config_.clear_handover_socket();
  config_.set_recent_answers_mb(65537);
  EXPECT_THAT(CheckConfig(config_), StatusIs(absl::StatusCode::kInvalidArgument,
                                             "recent_answers_mb"));
}

TEST_F(RunTest, RefusesAKeySetThatTheRootDidNotSign) {
  WriteKeySet(*crypto::GenerateKey({.type = crypto::KeyType::kEcP256}).value());
  EXPECT_THAT(responder::Run(config_, process_),
              StatusIs(absl::StatusCode::kPermissionDenied, "key-set"));
}

// Each with certificates and a CRL.
TEST_F(RunTest, StartsWithTenThousandIssuersInSeconds) {
  constexpr size_t kIssuers = 10000;
  const base::testing::FakeClock clock(testing::kIssuerTime);
  std::vector<std::unique_ptr<const testing::Issuer>> issuers;
  block::KeySet keys = {.version = 1, .keys = {{}}, .issuers = {}};
  keys.keys[0] = {.spki = base::ToString(root_->public_key().spki()),
                  .not_before = testing::kIssuerTime - absl::Hours(1),
                  .not_after = testing::kIssuerTime + absl::Hours(1000),
                  .issuers = {}};
  for (size_t i = 0; i < kIssuers; ++i) {
    const std::string name = absl::StrCat("issuer-", i);
    issuers.push_back(std::make_unique<const testing::Issuer>(name, name));
    keys.keys[0].issuers.push_back(issuers[i]->id());
    keys.issuers.push_back(
        {.name = name, .certificate = issuers[i]->certificate()});
  }
  WriteKeySet(*root_, keys);
  block::Index index;
  {
    const PinnedIssuers pinned = *PinnedIssuers::Create(keys);
    const KeyRing ring(keys);
    const UpdateVerifier verifier(ring, pinned, base::SystemRandom());
    const OpenedCacheStore store = *OpenRocksDbCacheStore(config_.cache_dir());
    BlockCache blocks({pinned, verifier, *store.store, clock, log_});
    const CrlFolder folder =
        *CrlFolder::Open(config_.cache_dir() + "/crls", /*descriptors=*/100);
    CrlCache crls(pinned, folder, clock, log_);
    for (const auto& issuer : issuers) {
      const block::Block made = issuer->MakeBlock(1, issuer->Good(2), *root_);
      ASSERT_TRUE(blocks.Apply(issuer->Whole(made)).accepted);
      index.versions.emplace_back(made.manifest().block_id, made.version());
      const std::string crl = *x509::SignCrl(
          {.issuer = base::AsBytes(issuer->subject()),
           .this_update = testing::kIssuerTime,
           .next_update = testing::kIssuerTime + absl::Hours(168),
           .authority_key_identifier = {},
           .number = 1,
           .distribution_point = {}},
          {}, issuer->key());
      bool sent = false;
      ASSERT_THAT(
          crls.Put({.issuer_id = base::ToString(issuer->id()), .number = 1},
                   [&]() -> absl::StatusOr<std::optional<base::Bytes>> {
                     if (std::exchange(sent, true)) return std::nullopt;
                     return base::AsBytes(crl);
                   }),
          IsOk());
    }
  }

  std::sort(index.versions.begin(), index.versions.end());

  rpc::Process process(clock, log_);
  const absl::Time begun = absl::Now();
  absl::Status ended;
  std::thread running([&] { ended = responder::Run(config_, process); });
  // Not asked before it listens: a channel would wait for seconds between its
  // attempts.
  const std::string path = socket_.substr(socket_.find('/'));
  while (access(path.c_str(), F_OK) != 0 &&
         absl::Now() - begun < absl::Seconds(60)) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  const absl::Duration took = absl::Now() - begun;
  const auto refresher = Refresher();
  const v1::GetStatusResponse status = AwaitStatus(*refresher);
  EXPECT_TRUE(PutHead(*refresher, clock.Now(), index).ready());
  RecordProperty("milliseconds",
                 static_cast<int>(took / absl::Milliseconds(1)));
  // Optimised, on an idle machine, 2 to 4 seconds:
  // docs/responder-performance.md
  EXPECT_LT(took, absl::Seconds(30));
  EXPECT_EQ(status.certificates(), 2 * kIssuers);
  testing::HttpClient client(PortOf(status));
  for (size_t i = 0; i < kIssuers; i += 7) {
    const testing::Issuer& issuer = *issuers[i];
    client.Send(absl::StrCat("GET /crl/", issuer.name(),
                             ".crl HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_EQ(client.Receive().status, 200) << i;
    const std::string serial = testing::Issuer::Serial(1);
    const std::string request = x509::BuildOcspRequest(
        x509::BuildCertId(x509::CertIdHash::kSha1,
                          base::AsBytes(issuer.subject()),
                          issuer.key().public_key(), base::AsBytes(serial)),
        {});
    client.Send(absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
                             request.size(), "\r\n\r\n", request));
    // Not an error, which has five octets.
    ASSERT_GT(client.Receive().body.size(), 100u) << i;
  }
  process.RequestStop();
  running.join();
  EXPECT_THAT(ended, IsOk());
}

TEST_F(RunTest, RefusesAgesOfHeadsThatMakeNoSense) {
  config_.set_max_head_age_seconds(119);
  EXPECT_THAT(CheckConfig(config_), StatusIs(absl::StatusCode::kInvalidArgument,
                                             "max_head_age_seconds"));
  config_.set_max_head_age_seconds(1800);
  EXPECT_THAT(CheckConfig(config_), IsOk());
  for (const uint32_t seconds : {1799, 86401}) {
    config_.set_hard_head_age_seconds(seconds);
    EXPECT_THAT(
        CheckConfig(config_),
        StatusIs(absl::StatusCode::kInvalidArgument, "hard_head_age_seconds"));
  }
}

TEST_F(RunTest, IsReadyForThePublicOnceItHasMetAHead) {
  absl::Status ended;
  std::thread running([&] { ended = responder::Run(config_, process_); });
  const auto stub = Refresher();
  const v1::GetStatusResponse status = AwaitStatus(*stub);
  EXPECT_FALSE(status.ready());
  const auto readyz = [&] {
    testing::HttpClient client(PortOf(status));
    client.Send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.Receive().status;
  };
  EXPECT_EQ(readyz(), 503);
  const v1::PutHeadResponse met = PutHead(*stub, absl::Now(), {});
  EXPECT_TRUE(met.ready());
  EXPECT_EQ(met.blocks_behind(), 0u);
  EXPECT_EQ(readyz(), 200);
  process_.RequestStop();
  running.join();
  EXPECT_THAT(ended, IsOk());
  EXPECT_THAT(process_.metrics().Text(),
              HasSubstr("chancery_responder_answers_total"));
}

}  // namespace
}  // namespace chancery::responder
