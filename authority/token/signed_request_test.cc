#include "authority/token/signed_request.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
// 32 bytes of zero, and "x".
constexpr char kToken[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

std::string Body(const std::string& token, const std::string& request,
                 const std::string& timestamp) {
  return "{\"timestamp\":" + timestamp + ",\"token\":\"" + token +
         "\",\"request\":\"" + request + "\"}";
}

TEST(SignedRequestTest, ReadsWhatCfsslSends) {
  const auto read = ParseSignedRequest(Body(kToken, "eA==", "1795459498"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->token, std::string(32, '\0'));
  EXPECT_EQ(read->request, "x");
  EXPECT_EQ(read->timestamp, 1'795'459'498);
}

// As encoding/json of Go: names in any case, the last one counts, null is as if
// it was not there, others do not matter.
TEST(SignedRequestTest, ReadsAsGoDoes) {
  const auto read = ParseSignedRequest(
      std::string("{\"Token\":\"") + kToken +
      "\",\"REQUEST\":\"eA==\",\"request\":\"eQ==\",\"more\":{\"a\":[1]},"
      "\"remote_address\":null,\"timestamp\":-1}");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->request, "y");
  EXPECT_EQ(read->timestamp, -1);
}

TEST(SignedRequestTest, RefusesWhatIsNone) {
  const struct {
    std::string body;
    const char* field;
  } kCases[] = {
      {"", "body: 0 bytes"},
      {"[]", "body: must be a JSON object"},
      {"{", "body: must be a JSON object"},
      {"{}x", "body: must be a JSON object"},
      {std::string(kMaxSignedRequest + 1, ' '), "body: 524289 bytes"},
      {std::string(100'000, '['), "body: is nested too deeply"},
      {"{\"a\":" + std::string(9, '[') + std::string(9, ']') + "}",
       "nested too deeply"},
      {"{}", "token: 0 bytes"},
      {Body("AAAA", "eA==", "1"), "token: 3 bytes"},
      {Body("!", "eA==", "1"), "token: must be base64"},
      {Body(kToken, "", "1"), "request: is required"},
      {Body(kToken, "%%", "1"), "request: must be base64"},
      {Body(kToken, "eA==", "null"), "timestamp: must be"},
      {Body(kToken, "eA==", "\"1\""), "timestamp: must be"},
      {Body(kToken, "eA==", "1.5"), "timestamp: must be"},
      {Body(kToken, "eA==", "9223372036854775808"), "timestamp: must be"},
      {"{\"token\":5}", "token: must be a text"},
      {"{\"token\":\"\xff\"}", "body: must be a JSON object"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseSignedRequest(c.body), StatusIs(kInvalid, c.field))
        << c.body.substr(0, 200);
  }
}

// What Debian's cfssl 1.2.0 puts inside, by a recorder.
TEST(SignRequestTest, ReadsWhatCfsslSends) {
  const auto read = ParseSignRequest(
      "{\"hosts\":null,\"certificate_request\":\"PEM\",\"profile\":\"server\","
      "\"crl_override\":\"\",\"label\":\"issuing\"}");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->csr, "PEM");
  EXPECT_EQ(read->profile, "server");
  EXPECT_EQ(read->label, "issuing");
  EXPECT_THAT(read->hosts, IsEmpty());
}

TEST(SignRequestTest, ReadsBothFormsOfHosts) {
  const auto hosts = [](const std::string& fields) {
    const auto read =
        ParseSignRequest("{\"certificate_request\":\"PEM\"," + fields + "}");
    EXPECT_THAT(read, IsOk());
    return read.ok() ? read->hosts : std::vector<std::string>();
  };
  EXPECT_THAT(hosts("\"hosts\":[\"a\",\"b\"]"), ElementsAre("a", "b"));
  EXPECT_THAT(hosts("\"hostname\":\"a,b\",\"hosts\":[\"c\"]"),
              ElementsAre("a", "b"));
}

TEST(SignRequestTest, PassesOverWhatIsNotSet) {
  EXPECT_THAT(
      ParseSignRequest("{\"certificate_request\":\"PEM\",\"subject\":null,"
                       "\"serial\":0,\"crl_override\":\"\",\"extensions\":[],"
                       "\"NotBefore\":\"0001-01-01T00:00:00Z\","
                       "\"metadata\":null,\"ReturnPrecert\":false}"),
      IsOk());
}

TEST(SignRequestTest, RefusesWhatItWouldNotDo) {
  const struct {
    const char* fields;
    const char* field;
  } kCases[] = {
      {"\"subject\":{\"CN\":\"x\"}", "subject: is not"},
      {"\"serial\":5", "serial: is not"},
      {"\"crl_override\":\"http://x\"", "crl_override: is not"},
      {"\"extensions\":[{}]", "extensions: is not"},
      {"\"hosts\":5", "hosts: must be a list"},
      {"\"hosts\":[5]", "hosts: must be texts"},
      {"\"profile\":5", "profile: must be a text"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseSignRequest("{\"certificate_request\":\"PEM\"," +
                                 std::string(c.fields) + "}"),
                StatusIs(kInvalid, c.field));
  }
  EXPECT_THAT(ParseSignRequest("{}"),
              StatusIs(kInvalid, "certificate_request: is required"));
}

}  // namespace
}  // namespace chancery::authority
