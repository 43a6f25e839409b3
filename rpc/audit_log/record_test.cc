#include "rpc/audit_log/record.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

AuditLine Line() {
  return {.sequence = 7,
          .previous = std::string(32, '\x11'),
          .service = "spiffe://test/signer/one",
          .record = {.event = AuditEvent::kAllowed,
                     .time = absl::FromUnixMicros(1'795'459'498'000'012),
                     .identity = "spiffe://test/client/ada",
                     .role = "issue",
                     .action = "Issue",
                     .issuer = "issuing",
                     .profile = "server",
                     .names = {"DNS:a.example.com"},
                     .request_id = "r-1"}};
}

// The example of FORMAT.md's rules; the hash is what `sha256sum` says.
TEST(AuditLineTest, IsWrittenInOneWay) {
  const std::string text = EncodeAuditLine(Line());
  EXPECT_EQ(
      text,
      "{\"sequence\":7,\"previous\":\"" + std::string(64, '1') +
          "\",\"time\":\"2026-11-23T18:44:58.000012Z\",\"service\":"
          "\"spiffe://test/signer/one\",\"event\":\"allowed\",\"identity\":"
          "\"spiffe://test/client/ada\",\"role\":\"issue\",\"action\":"
          "\"Issue\",\"issuer\":\"issuing\",\"profile\":\"server\",\"names\":"
          "[\"DNS:a.example.com\"],\"request_id\":\"r-1\"}");
  const std::string file = crypto::testing::WriteTemp("line", text);
  EXPECT_EQ(
      base::Hex(base::AsBytes(absl::string_view(AuditLineHash(text)))) + "\n",
      crypto::testing::Shell("sha256sum < " + file + " | cut -d' ' -f1"));
}

TEST(AuditLineTest, IsReadAgain) {
  AuditLine line = Line();
  line.record.event = AuditEvent::kRefused;
  line.record.why = "no \"role\"\\";
  line.record.serial = "0a1b";
  line.record.object = "block 00";
  line.record.requester = "spiffe://test/client/bob";
  line.record.count = 200'000;
  line.record.times = UINT64_MAX;
  line.record.certificate = std::string("\x30\x00\xff", 3);
  line.record.signature = std::string("\x00\x01", 2);
  const std::string text = EncodeAuditLine(line);
  const auto read = ParseAuditLine(text);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->sequence, 7u);
  EXPECT_EQ(read->previous, line.previous);
  EXPECT_EQ(read->record.event, AuditEvent::kRefused);
  EXPECT_EQ(read->record.time, line.record.time);
  EXPECT_EQ(read->record.why, line.record.why);
  EXPECT_EQ(read->record.names, line.record.names);
  EXPECT_EQ(read->record.times, UINT64_MAX);
  EXPECT_EQ(read->record.signature, line.record.signature);
  EXPECT_EQ(EncodeAuditLine(*read), text);
}

// Whoever names a certificate must not write our log.
TEST(AuditLineTest, NothingInARecordMakesAnotherLine) {
  AuditLine line = Line();
  line.record.why = "x\"}\n{\"sequence\":8}\r\x1b[2J\x7f\xe2\x80\xae\xff";
  line.record.names = {std::string("a\0b", 3), "DNS:\xc3\xa9"};
  const std::string text = EncodeAuditLine(line);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c < 0x7f;
  })) << text;
  const auto read = ParseAuditLine(text);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->record.names[1], "DNS:\xc3\xa9");
  EXPECT_EQ(read->record.names[0],
            "a\xef\xbf\xbd"
            "b");
}

TEST(AuditLineTest, NoLineIsTooLong) {
  AuditLine line = Line();
  const std::string most(100'000, '"'), wide(100'000, '\xff');
  line.service = line.record.identity = line.record.role = line.record.action =
      line.record.why = line.record.issuer = line.record.profile =
          line.record.serial = line.record.object = line.record.request_id =
              line.record.requester = wide;
  for (int i = 0; i < 5000; ++i) {
    line.record.names.push_back(i % 2 == 0 ? most : "\xc3\xa9" + wide);
  }
  line.record.certificate = std::string(16 << 10, 'c');
  line.record.signature = std::string(16 << 10, 's');
  const std::string text = EncodeAuditLine(line);
  EXPECT_LT(text.size(), kMaxAuditLine);
  EXPECT_THAT(text, HasSubstr("\"names_left_out\":4969"));
  EXPECT_THAT(text, HasSubstr(" (of 100000 bytes)"));
  const auto read = ParseAuditLine(text);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(EncodeAuditLine(*read), text);
}

TEST(AuditLineTest, RefusesEveryOtherForm) {
  const std::string good = EncodeAuditLine(Line());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::string kCases[] = {
      "",
      "{}",
      "null",
      "[]",
      good + " ",
      " " + good,
      with(":7,", ": 7,"),
      with(":7,", ":07,"),
      with(":7,", ":-7,"),
      with(":7,", ":7.0,"),
      with(":7,", ":\"7\","),
      with("1111", "111"),
      with("\"previous\":\"1", "\"previous\":\"A"),
      with("allowed", "permitted"),
      with("000012Z", "000012+00:00"),
      with("000012Z", "0000120Z"),
      with("58.0", "61.0"),
      with("\"issue\"", "\"issue\",\"role\":\"issue\""),
      with("\"issue\"", "5"),
      with("\"role\":\"issue\",\"action\":\"Issue\"",
           "\"action\":\"Issue\",\"role\":\"issue\""),
      with("}", ",\"more\":1}"),
      with("}", ",\"times\":0}"),
      with("}", ",\"signature\":\"A\"}"),
      with("[\"DNS", "[1,\"DNS"),
      with("r-1", "r\\u002d1"),
      with("r-1", std::string(513, 'r')),
      std::string(kMaxAuditLine, '['),
  };
  for (const std::string& text : kCases) {
    EXPECT_THAT(ParseAuditLine(text), StatusIs(kInvalid, "audit log"))
        << text.substr(0, 400);
  }
}

}  // namespace
}  // namespace chancery::rpc
