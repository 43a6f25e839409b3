// The commands that call services, against services that answer as told, over
// real mutual TLS with the identities that init makes.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/testing/status_matchers.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/authority/v1/mass_revocation.grpc.pb.h"
#include "chancery/config/common.pb.h"
#include "chancery/refresher/v1/publish.grpc.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "rpc/credentials.h"
#include "tools/chancery/init/init_cluster.h"
#include "tools/chancery/run.h"

namespace chancery::cli {
namespace {

using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kDerPem =
    "-----BEGIN CERTIFICATE-----\nZGVy\n-----END CERTIFICATE-----\n";
const std::string kChainPem =
    "-----BEGIN CERTIFICATE-----\nY2hhaW4=\n-----END CERTIFICATE-----\n";

class FakeAuthority final : public authority::v1::CertificateService::Service {
 public:
  grpc::Status Issue(grpc::ServerContext*,
                     const authority::v1::IssueRequest* request,
                     authority::v1::IssueResponse* response) override {
    issue = *request;
    if (while_issuing) while_issuing();
    if (!refusal.ok()) return refusal;
    *response->mutable_certificate() = Certificate(1);
    if (!der.empty()) response->mutable_certificate()->set_der(der);
    response->add_chain("chain");
    response->set_responders_acknowledged(2);
    response->set_responders_total(3);
    return grpc::Status::OK;
  }
  grpc::Status Revoke(grpc::ServerContext*,
                      const authority::v1::RevokeRequest* request,
                      authority::v1::RevokeResponse* response) override {
    revoke = *request;
    *response->mutable_certificate() = Certificate(1);
    response->mutable_certificate()->set_status(authority::v1::STATUS_REVOKED);
    response->mutable_certificate()->set_reason(request->reason());
    return grpc::Status::OK;
  }
  grpc::Status GetCertificate(
      grpc::ServerContext*, const authority::v1::GetCertificateRequest*,
      authority::v1::Certificate* certificate) override {
    *certificate = Certificate(1);
    certificate->add_chain("chain");
    return grpc::Status::OK;
  }
  // Five certificates, two to a page.
  grpc::Status ListCertificates(
      grpc::ServerContext*,
      const authority::v1::ListCertificatesRequest* request,
      authority::v1::ListCertificatesResponse* response) override {
    const int from =
        request->page_token().empty() ? 1 : std::stoi(request->page_token());
    int next = from;
    for (uint32_t n = 0; n < std::min(request->page_size(), 2u) && next <= 5;
         ++n) {
      *response->add_certificates() = Certificate(next++);
    }
    if (next <= 5) response->set_next_page_token(std::to_string(next));
    return grpc::Status::OK;
  }

  static authority::v1::Certificate Certificate(int serial) {
    authority::v1::Certificate certificate;
    certificate.set_serial(std::string(1, static_cast<char>(serial)));
    certificate.set_issuer("second");
    certificate.set_der("der");
    certificate.set_status(authority::v1::STATUS_GOOD);
    certificate.set_subject("CN=host" + std::to_string(serial) + "\x1b[2J");
    return certificate;
  }

  grpc::Status refusal;
  std::function<void()> while_issuing;
  std::string der;  // Of what is issued, where it has to be a certificate.
  authority::v1::IssueRequest issue;
  authority::v1::RevokeRequest revoke;
};

class FakeRefresher final : public refresher::v1::PublishService::Service {
 public:
  grpc::Status GetCluster(
      grpc::ServerContext*, const refresher::v1::GetClusterRequest*,
      refresher::v1::GetClusterResponse* response) override {
    *response = cluster;
    return grpc::Status::OK;
  }
  refresher::v1::GetClusterResponse cluster;
};

// Refuses the last serial; breaks off after the first step if told so.
class FakeMassRevocation final
    : public authority::v1::MassRevocationService::Service {
 public:
  grpc::Status RevokeMany(
      grpc::ServerContext*, const authority::v1::RevokeManyRequest* request,
      grpc::ServerWriter<authority::v1::RevokeManyResponse>* out) override {
    asked.push_back(*request);
    authority::v1::RevokeManyResponse response;
    response.set_total(request->serials_size());
    response.set_done(1);
    response.set_revoked(1);
    out->Write(response);
    if (!ends_with.ok()) return ends_with;
    response.set_done(request->serials_size());
    response.set_revoked(request->serials_size() - 1);
    auto& refused = *response.add_refused();
    refused.set_serial(request->serials(request->serials_size() - 1));
    refused.set_unknown(true);
    refused.set_why("never issued");
    out->Write(response);
    return grpc::Status::OK;
  }
  std::vector<authority::v1::RevokeManyRequest> asked;
  grpc::Status ends_with;
};

struct Ran {
  int exit_code;
  std::string out, err;
};

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() : dir_(TempPath("commands")) {
    std::filesystem::remove_all(dir_);
    const auto made = InitCluster({.dir = dir_, .responders = 1},
                                  base::SystemClock(), base::SystemRandom());
    EXPECT_THAT(made, base::testing::IsOk());
    authority_server_ = Serve("authority", made->addresses.authority.grpc,
                              {&authority_, &mass_revocation_});
    refresher_server_ =
        Serve("refresher", made->addresses.refresher.grpc, {&refresher_});
  }

  std::unique_ptr<grpc::Server> Serve(const std::string& name,
                                      const std::string& address,
                                      std::vector<grpc::Service*> services) {
    config::TlsIdentity identity;
    identity.set_certificate_file(dir_ + "/identity/" + name + ".pem");
    identity.set_key_file(dir_ + "/identity/" + name + ".key");
    identity.set_trust_file(dir_ + "/service-ca/ca.pem");
    const auto credentials = rpc::Credentials::Load(identity);
    EXPECT_THAT(credentials, base::testing::IsOk());
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, credentials->ForServer());
    for (grpc::Service* service : services) builder.RegisterService(service);
    return builder.BuildAndStart();
  }

  Ran Chancery(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--dir", dir_});
    std::ostringstream out, err;
    const int exit_code = cli::Run(arguments, out, err);
    return {exit_code, out.str(), err.str()};
  }

  const std::string dir_;
  FakeAuthority authority_;
  FakeMassRevocation mass_revocation_;
  FakeRefresher refresher_;
  std::unique_ptr<grpc::Server> authority_server_, refresher_server_;
};

TEST_F(CommandsTest, IssueAsksWithTheDefaultsAndTellsWhoAnswers) {
  const std::string csr = WriteTemp("request.csr", "the request");
  const std::string out = TempPath("issued.pem");
  const Ran ran = Chancery({"issue", "--csr", csr, "--out", out});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(authority_.issue.csr(), "the request");
  EXPECT_EQ(authority_.issue.issuer(), "issuing");
  EXPECT_EQ(authority_.issue.profile(), "server");
  EXPECT_EQ(authority_.issue.request_id().size(), 32u);
  EXPECT_THAT(ran.out, HasSubstr("2 of 3 already answer for it"));
  // "der" and, behind it, "chain".
  EXPECT_EQ(crypto::testing::Shell("cat " + out), kDerPem + kChainPem);
}

TEST_F(CommandsTest, IssueWritesTheChainToAFileOfItsOwnIfAsked) {
  const std::string csr = WriteTemp("request.csr", "the request");
  const std::string out = TempPath("issued.pem"), chain = TempPath("chain.pem");
  const Ran ran =
      Chancery({"issue", "--csr", csr, "--out", out, "--chain-out", chain});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(crypto::testing::Shell("cat " + out), kDerPem);
  EXPECT_EQ(crypto::testing::Shell("cat " + chain), kChainPem);
}

TEST_F(CommandsTest, IssuePrintsTheChainTooInTextAndJson) {
  const std::string csr = WriteTemp("request.csr", "the request");
  EXPECT_THAT(Chancery({"issue", "--csr", csr}).out,
              HasSubstr(kDerPem + kChainPem));
  const Ran json = Chancery({"issue", "--csr", csr, "--json"});
  EXPECT_THAT(json.out, HasSubstr("ZGVy"));
  EXPECT_THAT(json.out, HasSubstr("Y2hhaW4="));
}

TEST_F(CommandsTest, ShowPrintsAndWritesWhatWasIssuedWithItsChain) {
  const Ran ran = Chancery({"show", "01"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("second"));
  EXPECT_THAT(ran.out, HasSubstr(kDerPem + kChainPem));
  const std::string out = TempPath("shown.pem");
  EXPECT_EQ(Chancery({"show", "01", "--out", out}).exit_code, 0);
  EXPECT_EQ(crypto::testing::Shell("cat " + out), kDerPem + kChainPem);
  EXPECT_THAT(Chancery({"show", "01", "--json"}).out, HasSubstr("Y2hhaW4="));
}

TEST_F(CommandsTest, IssueMakesPkcs12OfTheRequestsKeyOnly) {
  using crypto::testing::Shell;
  const std::string key = TempPath("www.key"), other = TempPath("other.key");
  const std::string csr = TempPath("www.csr"), out = TempPath("www.p12");
  for (const std::string& path : {key, other}) {
    Shell("openssl genpkey -algorithm ED25519 -out " + path);
    Shell("chmod 0600 " + path);
  }
  std::filesystem::remove(out);
  Shell("openssl req -new -subj /CN=www -key " + key + " -out " + csr);
  authority_.der =
      Shell("openssl req -x509 -subj /CN=www -outform DER -key " + key);
  const std::string password = WriteTemp("password", "sesame\n");
  const auto issue = [&](const std::string& with) {
    return Chancery({"issue", "--csr", csr, "--key", with, "--format", "pkcs12",
                     "--out-password", "file:" + password, "--out", out});
  };
  Ran ran = issue(other);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("not the private key of the request"));
  EXPECT_EQ(authority_.issue.csr(), "");  // Nothing was asked for.
  EXPECT_FALSE(std::filesystem::exists(out));

  // The fake's chain is no certificate: what was issued is printed instead.
  ran = issue(key);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("not a certificate"));
  EXPECT_THAT(ran.out, HasSubstr("-----BEGIN CERTIFICATE-----"));
  EXPECT_FALSE(std::filesystem::exists(out));

  // A file with somebody's key is not overwritten.
  WriteTemp("www.p12", "a key");
  authority_.issue.Clear();
  ran = issue(key);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("--force"));
  EXPECT_EQ(authority_.issue.csr(), "");
}

TEST_F(CommandsTest, IssueWithoutAnswerTellsHowToRepeat) {
  authority_.refusal = grpc::Status(grpc::StatusCode::UNAVAILABLE, "no token");
  const std::string csr = WriteTemp("request.csr", "the request");
  const Ran ran = Chancery({"issue", "--csr", csr, "--request-id", "once"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("authority: unavailable: no token"));
  EXPECT_THAT(ran.err, HasSubstr("--request-id once"));
}

TEST_F(CommandsTest, IssueAsksForNothingThatItCouldNotWrite) {
  const std::string csr = WriteTemp("request.csr", "the request");
  for (const std::string& out :
       {TempPath("none/issued.pem"), csr + "/issued.pem",
        std::string("/proc/issued.pem"),
        std::string(std::filesystem::path(csr).parent_path())}) {
    for (const char* option : {"--out", "--chain-out"}) {
      const Ran ran = Chancery({"issue", "--csr", csr, option, out});
      EXPECT_EQ(ran.exit_code, 1) << out;
      EXPECT_THAT(ran.err, HasSubstr(std::string(option) + ": " + out));
      EXPECT_EQ(authority_.issue.csr(), "") << out;
    }
  }
}

TEST_F(CommandsTest, IssuePrintsTheCertificateThatItCannotWrite) {
  const std::string csr = WriteTemp("request.csr", "the request");
  const std::string folder = TempPath("vanishes");
  std::filesystem::create_directory(folder);
  // Between the question and the answer.
  authority_.while_issuing = [&] { std::filesystem::remove(folder); };
  const Ran ran = Chancery({"issue", "--csr", csr, "--request-id", "once",
                            "--out", folder + "/issued.pem"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.out, HasSubstr("-----BEGIN CERTIFICATE-----"));
  EXPECT_THAT(ran.err, HasSubstr(folder));
  EXPECT_THAT(ran.err, HasSubstr("--request-id once"));
}

// Nothing is asked, and the exit code is that of a mistake in usage.
TEST_F(CommandsTest, WrongTimesAreMistakesInUsage) {
  const std::string csr = WriteTemp("request.csr", "the request");
  for (const char* option : {"--not-before", "--not-after"}) {
    const Ran ran = Chancery({"issue", "--csr", csr, option, "yesterday"});
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_THAT(ran.err, HasSubstr(option));
  }
  EXPECT_EQ(authority_.issue.csr(), "");
}

TEST_F(CommandsTest, IssueShowsARefusalAsItIs) {
  authority_.refusal =
      grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "csr: bad signature");
  const std::string csr = WriteTemp("request.csr", "the request");
  const Ran ran = Chancery({"issue", "--csr", csr});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "chancery issue: authority: csr: bad signature\n");
}

TEST_F(CommandsTest, RevokeFindsTheIssuerOfASerial) {
  const Ran ran = Chancery({"revoke", "01", "--reason", "keyCompromise",
                            "--date", "1970-01-01T00:01:40Z"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(authority_.revoke.issuer(), "second");
  EXPECT_EQ(authority_.revoke.serial(), "\x01");
  EXPECT_EQ(authority_.revoke.reason(), 1);
  EXPECT_EQ(authority_.revoke.revoked_at_seconds(), 100);
  EXPECT_THAT(ran.out, HasSubstr("revoked (keyCompromise)"));
}

TEST_F(CommandsTest, RevokeTakesAFileAndListsWhatWasRefused) {
  const std::string file = WriteTemp("serials", "02\n01\n03 # Why.\n");
  const Ran ran =
      Chancery({"revoke", "--file", file, "--reason", "superseded"});
  EXPECT_EQ(ran.exit_code, 1) << ran.err;
  ASSERT_EQ(mass_revocation_.asked.size(), 1u);
  const authority::v1::RevokeManyRequest asked = mass_revocation_.asked[0];
  EXPECT_EQ(asked.issuer(), "issuing");
  EXPECT_EQ(asked.reason(), 4);
  EXPECT_THAT(asked.serials(), ::testing::ElementsAre("\1", "\2", "\3"));
  EXPECT_THAT(ran.out, HasSubstr("2 now, 0 before"));
  EXPECT_THAT(ran.out, HasSubstr("issuing 03: never issued"));
  // The same again is the same request; another reason is another.
  Chancery({"revoke", "--file", file, "--reason", "superseded", "--json"});
  Chancery({"revoke", "--file", file, "--reason", "keyCompromise"});
  EXPECT_EQ(mass_revocation_.asked[1].request_id(), asked.request_id());
  EXPECT_NE(mass_revocation_.asked[2].request_id(), asked.request_id());
}

TEST_F(CommandsTest, RevokeCallsOnceForEachIssuer) {
  const std::string file =
      WriteTemp("serials", "second 02\n01\nissuing 03\nsecond 04\n");
  const Ran ran = Chancery({"revoke", "--file", file, "--json"});
  ASSERT_EQ(mass_revocation_.asked.size(), 2u);
  EXPECT_EQ(mass_revocation_.asked[0].issuer(), "issuing");
  EXPECT_EQ(mass_revocation_.asked[0].serials_size(), 2);
  EXPECT_EQ(mass_revocation_.asked[1].issuer(), "second");
  EXPECT_THAT(ran.out, HasSubstr("\"issuer\": \"second\""));
  const std::string order = WriteTemp("order", "x");
  EXPECT_THAT(Chancery({"revoke", "--file", file, "--order", order}).err,
              HasSubstr("an order is for one"));
}

TEST_F(CommandsTest, ARevocationThatBrokeOffTellsHowToGoOn) {
  mass_revocation_.ends_with =
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "no signer");
  const std::string file = WriteTemp("serials", "01\n02\n03\n");
  const Ran ran = Chancery({"revoke", "--file", file});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("1 of 3 are done. Type the same command"));
  EXPECT_THAT(ran.out, HasSubstr("1 now"));
}

TEST_F(CommandsTest, RevokeNamesTheLinesThatAreNoSerials) {
  const std::string file = WriteTemp("serials", "01\nnobody\n");
  const Ran ran = Chancery({"revoke", "--file", file});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("line 2: `nobody`"));
  EXPECT_TRUE(mass_revocation_.asked.empty());
  EXPECT_EQ(Chancery({"revoke", "01", "--file", file}).exit_code, 2);
  EXPECT_EQ(Chancery({"revoke", "01", "--order", file}).exit_code, 2);
}

TEST_F(CommandsTest, AnOrderIsMadeSignedShownAndSent) {
  const std::string file = WriteTemp("serials", "02\n01\n");
  const std::string order = TempPath("an-order");
  std::filesystem::remove(order);
  EXPECT_THAT(
      Chancery({"order", "make", "--file", file, "--reason", "keyCompromise",
                "--out", order, "--expires-hours", "169"})
          .err,
      HasSubstr("--expires-hours: 169: at most 168, a week"));
  EXPECT_EQ(Chancery({"order", "make", "--file", file, "--reason",
                      "keyCompromise", "--out", order, "--id", "incident 7"})
                .exit_code,
            0);
  Ran ran = Chancery({"order", "show", order});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("nobody yet"));
  ran = Chancery({"order", "sign", order, "--as", "approver", "--file", file});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  ran = Chancery({"order", "show", order, "--json"});
  EXPECT_THAT(ran.out, HasSubstr("\"id\": \"incident 7\""));
  EXPECT_THAT(ran.out, HasSubstr("\"reason\": \"keyCompromise\""));
  EXPECT_THAT(ran.out, HasSubstr("\"certificates\": 2"));
  EXPECT_THAT(ran.out, HasSubstr("/operator/approver\""));
  EXPECT_THAT(ran.out, HasSubstr("\"signed\": true"));
  // Another one does not take its place.
  const std::string before = crypto::testing::Shell("cat " + order);
  ran = Chancery({"order", "make", "--file", file, "--reason", "keyCompromise",
                  "--out", order});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr(order));
  EXPECT_EQ(crypto::testing::Shell("cat " + order), before);
  Chancery({"revoke", "--file", file, "--reason", "keyCompromise", "--order",
            order});
  ASSERT_EQ(mass_revocation_.asked.size(), 1u);
  EXPECT_EQ(mass_revocation_.asked[0].order(),
            crypto::testing::Shell("cat " + order));
}

// Whoever signs sees whether it is for what they were shown.
TEST_F(CommandsTest, AnOrderForOtherSerialsIsNotSigned) {
  const std::string file = WriteTemp("serials", "02\n01\n");
  const std::string other = WriteTemp("others", "02\n03\n");
  const std::string order = TempPath("an-order");
  std::filesystem::remove(order);
  Chancery({"order", "make", "--file", file, "--out", order});
  for (const char* action : {"sign", "show"}) {
    std::vector<std::string> arguments = {"order", action, order, "--file",
                                          other};
    if (action == std::string("sign")) {
      arguments.insert(arguments.end(), {"--as", "approver"});
    }
    const Ran ran = Chancery(arguments);
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_THAT(ran.err, HasSubstr("not for the serials"));
  }
  EXPECT_EQ(Chancery({"order", "sign", order}).exit_code, 2);
  EXPECT_EQ(Chancery({"order", "burn", order}).exit_code, 2);
  EXPECT_EQ(Chancery({"order", "make", "--file", file}).exit_code, 2);
  EXPECT_EQ(Chancery({"order", "show", file}).exit_code, 1);
}

TEST_F(CommandsTest, ListGoesThroughThePagesUpToItsLimit) {
  const Ran all = Chancery({"list"});
  EXPECT_THAT(all.out, HasSubstr("CN=host5\\x1b[2J\n"));
  EXPECT_EQ(all.err, "");
  const Ran three = Chancery({"list", "--limit", "3"});
  EXPECT_THAT(three.out, HasSubstr("CN=host3"));
  EXPECT_THAT(three.out, Not(HasSubstr("CN=host4")));
  EXPECT_THAT(three.err, HasSubstr("--page 4"));
  EXPECT_THAT(Chancery({"list", "--page", "4"}).out,
              Not(HasSubstr("CN=host3")));
}

TEST_F(CommandsTest, ClusterFailsWhenAResponderIsDownOrBehind) {
  auto* responder = refresher_.cluster.add_responders();
  responder->set_name("responder-1");
  responder->set_reachable(true);
  EXPECT_EQ(Chancery({"cluster"}).exit_code, 0);
  responder->set_blocks_behind(1);
  EXPECT_EQ(Chancery({"cluster"}).exit_code, 1);
  responder->set_blocks_behind(0);
  responder->set_reachable(false);
  responder->set_staleness_seconds(-1);
  const Ran ran = Chancery({"cluster", "--json"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.out, HasSubstr("\"staleness_seconds\": null"));
}

TEST_F(CommandsTest, ClusterShowsHowFreshEachResponderIs) {
  const char cells[] = {0, 12, 75, char(200)};
  for (const char* name : {"one", "responder-2"}) {
    auto* responder = refresher_.cluster.add_responders();
    responder->set_name(name);
    responder->set_reachable(true);
    responder->set_freshness(std::string(cells, sizeof cells));
  }
  const Ran text = Chancery({"cluster"});
  EXPECT_THAT(text.out, HasSubstr("\none          02dx\n"
                                  "responder-2  02dx\n0 to 9 tenths"));
  const Ran json = Chancery({"cluster", "--json"});
  EXPECT_THAT(json.out, Not(HasSubstr("\"overdue\"")));
  EXPECT_THAT(json.out, HasSubstr("\"missing\""));
  EXPECT_THAT(json.out, HasSubstr("\"percent_of_validity\": [\n"));
}

TEST_F(CommandsTest, AServiceThatIsDownIsNamed) {
  authority_server_->Shutdown();
  const Ran ran = Chancery({"list"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("authority: "));
  EXPECT_THAT(ran.err, HasSubstr("Is it running?"));
}

}  // namespace
}  // namespace chancery::cli
