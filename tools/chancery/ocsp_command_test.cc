// The program against OpenSSL's own OCSP responder, with certificates of
// OpenSSL's making.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

using crypto::testing::Shell;
using crypto::testing::TempPath;
using ::testing::HasSubstr;

// `openssl ocsp` as a server, which prints its port, until this goes.
class OpensslResponder {
 public:
  OpensslResponder(const std::string& folder, const std::string& signer) {
    const std::string command =
        "cd " + folder + " && echo $$ && exec openssl ocsp -index index.txt " +
        "-port 0 -rsigner " + signer + ".pem -rkey " + signer +
        ".key -CA ca.pem -nmin 60 2>" + folder + "/responder.log";
    pipe_ = popen(command.c_str(), "r");
    char line[256];
    while (fgets(line, sizeof line, pipe_) != nullptr) {
      if (pid_ == 0) {
        pid_ = std::atoi(line);
        continue;
      }
      const std::string text(line);
      const size_t accept = text.find("ACCEPT");
      if (accept == std::string::npos) continue;
      url_ = "http://127.0.0.1:" +
             std::to_string(std::atoi(
                 text.substr(text.rfind(':', text.find(" PID")) + 1).c_str()));
      break;
    }
  }
  ~OpensslResponder() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    pclose(pipe_);
  }
  const std::string& url() const { return url_; }

 private:
  FILE* pipe_ = nullptr;
  pid_t pid_ = 0;
  std::string url_;
};

class OcspCommandTest : public ::testing::Test {
 protected:
  static std::string Folder() { return TempPath("ocsp"); }

  static void SetUpTestSuite() {
    const std::string key =
        "openssl req -new -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes ";
    Shell("rm -rf " + Folder() + " && mkdir -p " + Folder() + " && cd " +
          Folder() + " && " + key +
          "-x509 -subj /CN=ca -days 30 -keyout ca.key -out ca.pem && "
          "touch index.txt && for n in good revoked other delegate; do " +
          key +
          "-subj /CN=$n -keyout $n.key -out $n.csr; done && "
          "printf '[x]\\nkeyUsage=digitalSignature\\n[delegate]\\n"
          "extendedKeyUsage=OCSPSigning\\n' >x.cnf && "
          "serial=16 && for n in good revoked other delegate; do "
          "openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -days 30 "
          "-set_serial $serial -out $n.pem "
          "-extfile x.cnf -extensions "
          "$([ $n = delegate ] && echo delegate || echo x) && "
          "serial=$((serial+1)); done && "
          "printf 'V\\t401123000000Z\\t\\t10\\tunknown\\t/CN=good\\n"
          "R\\t401123000000Z\\t261101000000Z,keyCompromise\\t11\\tunknown\\t"
          "/CN=revoked\\n' >index.txt");
  }

  // What the command prints, and its exit code.
  static std::string Ask(const std::string& url, const std::string& name,
                         const std::string& more = "") {
    return Shell("tools/chancery/chancery ocsp " + url + " " + Folder() + "/" +
                 name + ".pem --issuer-cert " + Folder() + "/ca.pem " + more +
                 " 2>&1; echo exit $?");
  }
};

TEST_F(OcspCommandTest, ReadsGoodAndRevoked) {
  const OpensslResponder responder(Folder(), "ca");
  const std::string good = Ask(responder.url(), "good", "--post");
  EXPECT_THAT(good, HasSubstr("Status:       good\n"));
  EXPECT_THAT(good, HasSubstr("verified, by the issuer\n"));
  EXPECT_THAT(good, HasSubstr("exit 0"));
  EXPECT_THAT(Ask(responder.url(), "revoked", "--post"),
              HasSubstr("revoked (keyCompromise) since 2026-11-01T00:00:00Z"));
}

TEST_F(OcspCommandTest, AsksByGetAndWithSha256AndPrintsJson) {
  const OpensslResponder responder(Folder(), "ca");
  const std::string json = Ask(responder.url(), "revoked", "--sha256 --json");
  EXPECT_THAT(json, HasSubstr("\"status\": \"revoked\""));
  EXPECT_THAT(json, HasSubstr("\"reason\": \"keyCompromise\""));
  EXPECT_THAT(json, HasSubstr("\"serial\": \"11\""));
}

TEST_F(OcspCommandTest, SaysThatTheNonceCameBack) {
  const OpensslResponder responder(Folder(), "ca");
  EXPECT_THAT(Ask(responder.url(), "good", "--post --nonce"),
              HasSubstr("came back\n"));
}

TEST_F(OcspCommandTest, BelievesADelegateThatTheIssuerCertified) {
  const OpensslResponder responder(Folder(), "delegate");
  EXPECT_THAT(Ask(responder.url(), "good", "--post"),
              HasSubstr("by the issuer's OCSP signer"));
}

TEST_F(OcspCommandTest, DoesNotBelieveACertificateWithoutThatUse) {
  const OpensslResponder responder(Folder(), "other");
  const std::string said = Ask(responder.url(), "good", "--post");
  EXPECT_THAT(said, HasSubstr("must not be believed"));
  EXPECT_THAT(said, HasSubstr("exit 1"));
}

TEST_F(OcspCommandTest, RefusesAnIssuerThatIsNot) {
  EXPECT_THAT(Shell("tools/chancery/chancery ocsp http://127.0.0.1:1 " +
                    Folder() + "/good.pem --issuer-cert " + Folder() +
                    "/other.pem 2>&1; echo exit $?"),
              HasSubstr("is not the issuer that"));
}

}  // namespace
}  // namespace chancery::cli
