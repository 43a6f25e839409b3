#include "ledger/airgap/record_file.h"

#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "ledger/airgap/approval.h"

namespace chancery::airgap {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using v1::Record;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

v1::Header RequestHeader() {
  v1::Header header;
  header.set_direction(v1::DIRECTION_REQUEST);
  header.set_channel("spiffe://test/signer/root");
  header.set_number(2);
  header.set_previous_sha256(std::string(32, 'p'));
  header.set_created_seconds(1'800'000'000);
  header.set_have_entries(7);
  return header;
}

Record Item(const std::string& id) {
  Record record;
  record.mutable_revoke()->set_request_id(id);
  record.mutable_revoke()->set_issuer("root");
  record.mutable_revoke()->set_serial("\x01\x02");
  return record;
}

std::string WriteRequest(const std::string& name,
                         const v1::Header& header = RequestHeader(),
                         const std::vector<Record>& items = {Item("one"),
                                                             Item("two")}) {
  const std::string path = TempPath(name);
  auto writer = RecordWriter::Create(path, header);
  EXPECT_THAT(writer, IsOk());
  for (const Record& item : items) EXPECT_THAT(writer->Add(item), IsOk());
  EXPECT_THAT(writer->Finish(), IsOk());
  EXPECT_THAT(writer->Close(), IsOk());
  return path;
}

struct Read {
  v1::Header header = {};
  std::vector<std::string> ids = {};
  CheckedFile file = {};
};

absl::StatusOr<Read> ReadAll(const std::string& path) {
  auto in = RecordReader::Open(path);
  if (!in.ok()) return in.status();
  Read out;
  auto file = CheckFile(*in, out.header, [&](uint64_t, const Record& record) {
    out.ids.push_back(record.revoke().request_id());
    return absl::OkStatus();
  });
  if (!file.ok()) return file.status();
  out.file = *std::move(file);
  return out;
}

std::string Content(const std::string& path) {
  return base::ReadFile(path).value_or("");
}

TEST(RecordFileTest, WhatIsWrittenIsRead) {
  const std::string path = WriteRequest("request");
  const auto read = ReadAll(path);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->header.SerializeAsString(),
            RequestHeader().SerializeAsString());
  EXPECT_EQ(read->ids, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(read->file.records, 2u);
  EXPECT_TRUE(read->file.signatures.empty());
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

// The hash is that of `sha256sum` over all but the trailer: 4 octets of length,
// 2 of the record's tag, 1 of its size, then hash (2 + 32) and count (2).
TEST(RecordFileTest, TheHashIsSha256OfWhatIsBeforeTheTrailer) {
  const std::string path = WriteRequest("hashed");
  const auto read = ReadAll(path);
  ASSERT_THAT(read, IsOk());
  const std::string sum =
      Shell("head -c -43 " + path + " | sha256sum | cut -c1-64");
  EXPECT_EQ(base::Hex(read->file.sha256) + "\n", sum);
}

// `protoc` reads each record, and what FORMAT.md says of their framing holds.
TEST(RecordFileTest, AnotherProgramReadsIt) {
  const std::string path = WriteRequest("foreign");
  const std::string content = Content(path);
  EXPECT_EQ(content.substr(0, 5), "CHAG\x01");
  size_t at = 5;
  int fields[] = {1, 3, 3, 20};
  for (const int field : fields) {
    uint32_t size = 0;
    for (int i = 0; i < 4; ++i) {
      size = size << 8 | static_cast<uint8_t>(content[at++]);
    }
    const std::string record = WriteTemp("record", content.substr(at, size));
    const std::string raw = Shell("protoc --decode_raw < " + record);
    EXPECT_EQ(raw.substr(0, raw.find(' ')), std::to_string(field));
    at += size;
  }
  EXPECT_EQ(at, content.size());
}

TEST(RecordFileTest, ACutFileIsRefusedWhereverItIsCut) {
  const std::string whole = Content(WriteRequest("whole"));
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string path = WriteTemp("cut", whole.substr(0, size));
    EXPECT_THAT(ReadAll(path), StatusIs(kInvalid, "air-gap file")) << size;
  }
}

TEST(RecordFileTest, AChangedByteIsFoundWhereverItIs) {
  const std::string whole = Content(WriteRequest("honest"));
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    const std::string path = WriteTemp("changed", changed);
    EXPECT_THAT(ReadAll(path), StatusIs(kInvalid, "air-gap file")) << at;
  }
}

TEST(RecordFileTest, WhatIsAppendedIsRefused) {
  const std::string whole = Content(WriteRequest("longer"));
  EXPECT_THAT(ReadAll(WriteTemp("tail", whole + "x")),
              StatusIs(kInvalid, "cut off"));
  // A second trailer.
  const std::string trailer = whole.substr(whole.size() - 43);
  EXPECT_THAT(ReadAll(WriteTemp("two", whole + trailer)),
              StatusIs(kInvalid, "only signatures follow"));
}

TEST(RecordFileTest, ARecordHasOneEncoding) {
  // Field 19 of Record: nobody would be shown it.
  const std::string magic = "CHAG\x01";
  const std::string unknown("\x00\x00\x00\x04\x9a\x01\x01x", 8);
  EXPECT_THAT(ReadAll(WriteTemp("unknown", magic + unknown)),
              StatusIs(kInvalid, "does not know"));
  // An empty header with its length in two octets.
  const std::string long_form("\x00\x00\x00\x03\x0a\x80\x00", 7);
  EXPECT_THAT(ReadAll(WriteTemp("long", magic + long_form)),
              StatusIs(kInvalid, "not in their order"));
  const std::string huge("\x7f\xff\xff\xff", 4);
  EXPECT_THAT(ReadAll(WriteTemp("huge", magic + huge)),
              StatusIs(kInvalid, "at most"));
}

TEST(RecordFileTest, TheHeaderMakesSense) {
  const struct {
    const char* name;
    void (*spoil)(v1::Header&);
    const char* why;
  } cases[] = {
      {"direction", [](v1::Header& h) { h.clear_direction(); }, "direction"},
      {"no channel", [](v1::Header& h) { h.clear_channel(); }, "channel"},
      {"control", [](v1::Header& h) { h.set_channel("a\x1b[2J"); }, "channel"},
      {"long", [](v1::Header& h) { h.set_channel(std::string(1025, 'a')); },
       "channel"},
      {"number", [](v1::Header& h) { h.clear_number(); }, "number"},
      {"first with a former", [](v1::Header& h) { h.set_number(1); },
       "previous_sha256"},
      {"short former", [](v1::Header& h) { h.set_previous_sha256("p"); },
       "previous_sha256"},
      {"time", [](v1::Header& h) { h.set_created_seconds(-1); }, "created"},
      {"request of a request",
       [](v1::Header& h) { h.set_request_sha256(std::string(32, 'r')); },
       "request_sha256"},
      {"head", [](v1::Header& h) { h.set_head("no head"); }, "malformed"},
      {"result without request",
       [](v1::Header& h) { h.set_direction(v1::DIRECTION_RESULT); },
       "request_sha256"},
  };
  for (const auto& one : cases) {
    v1::Header header = RequestHeader();
    one.spoil(header);
    EXPECT_THAT(RecordWriter::Create(TempPath("spoilt"), header).status(),
                StatusIs(kInvalid, one.why))
        << one.name;
  }
}

TEST(RecordFileTest, AResultsRecordsAreNotARequests) {
  Record record;
  record.mutable_outcome()->set_item(1);
  EXPECT_THAT(ReadAll(WriteRequest("mixed", RequestHeader(), {record})),
              StatusIs(kInvalid, "does not belong here"));
}

TEST(RecordFileTest, ARecordIsFoundAgainByItsOffset) {
  const std::string path = WriteRequest("offsets");
  auto in = RecordReader::Open(path);
  ASSERT_THAT(in, IsOk());
  std::vector<uint64_t> offsets;
  v1::Header header;
  ASSERT_THAT(CheckFile(*in, header,
                        [&](uint64_t offset, const Record&) {
                          offsets.push_back(offset);
                          return absl::OkStatus();
                        }),
              IsOk());
  ASSERT_EQ(offsets.size(), 2u);
  Record record;
  in->Seek(offsets[1]);
  ASSERT_THAT(in->Next(record), IsOk());
  EXPECT_EQ(record.revoke().request_id(), "two");
  in->Seek(offsets[0]);
  ASSERT_THAT(in->Next(record), IsOk());
  EXPECT_EQ(record.revoke().request_id(), "one");
}

class ApprovalTest : public ::testing::Test {
 protected:
  ApprovalTest() {
    for (int i = 0; i < 3; ++i) {
      keys_.push_back(*crypto::GenerateKey({}));
      if (i < 2) operators_.keys.push_back(keys_.back()->public_key());
    }
    operators_.threshold = 2;
    path_ = WriteRequest("approved");
  }
  CheckedFile File() {
    auto read = ReadAll(path_);
    EXPECT_THAT(read, IsOk());
    return read.ok() ? read->file : CheckedFile();
  }
  void Sign(int key) {
    auto signature = Approve(File().sha256, *keys_[key]);
    ASSERT_THAT(signature, IsOk());
    ASSERT_THAT(AppendSignature(path_, *signature), IsOk());
  }

  std::vector<std::unique_ptr<crypto::SoftwareKey>> keys_;
  Operators operators_;
  std::string path_;
};

TEST_F(ApprovalTest, KOfNOperatorsHaveToSign) {
  EXPECT_THAT(CheckApproved(File(), operators_), StatusIs(kDenied, "0 of"));
  Sign(0);
  EXPECT_THAT(CheckApproved(File(), operators_),
              StatusIs(kDenied, "2 of 2 must"));
  Sign(1);
  const auto approved = CheckApproved(File(), operators_);
  ASSERT_THAT(approved, IsOk());
  EXPECT_EQ(approved->size(), 2u);
}

TEST_F(ApprovalTest, OneOperatorCountsOnce) {
  Sign(0);
  Sign(0);
  EXPECT_THAT(CheckApproved(File(), operators_), StatusIs(kDenied, "1 of"));
}

TEST_F(ApprovalTest, AStrangersSignatureDoesNotCount) {
  Sign(0);
  Sign(2);
  EXPECT_THAT(CheckApproved(File(), operators_), StatusIs(kDenied, "1 of"));
  Sign(1);
  EXPECT_THAT(CheckApproved(File(), operators_), IsOk());
}

TEST_F(ApprovalTest, ASignatureOfAnotherFileIsRefused) {
  const std::string other =
      WriteRequest("other", RequestHeader(), {Item("other")});
  const auto read = ReadAll(other);
  ASSERT_THAT(read, IsOk());
  for (const int key : {0, 1}) {
    auto signature = Approve(read->file.sha256, *keys_[key]);
    ASSERT_THAT(signature, IsOk());
    ASSERT_THAT(AppendSignature(path_, *signature), IsOk());
  }
  EXPECT_THAT(CheckApproved(File(), operators_),
              StatusIs(kDenied, "does not verify"));
}

// What a manifest key or a result's signature says is no approval.
TEST_F(ApprovalTest, ASignatureOfAnotherTypeIsRefused) {
  auto signature =
      block::Sign(kResultType, base::ToString(File().sha256), *keys_[0]);
  ASSERT_THAT(signature, IsOk());
  ASSERT_THAT(AppendSignature(path_, *signature), IsOk());
  EXPECT_THAT(CheckApproved(File(), operators_),
              StatusIs(kDenied, "does not verify"));
}

// OpenSSL over the bytes that FORMAT.md names.
TEST_F(ApprovalTest, OpenSslVerifiesAnApproval) {
  const CheckedFile file = File();
  const auto signature = Approve(file.sha256, *keys_[0]);
  ASSERT_THAT(signature, IsOk());
  const std::string message = std::string("chancery/airgap-request/v1") + '\0' +
                              base::ToString(file.sha256);
  const std::string key =
      WriteTemp("key.der", base::ToString(keys_[0]->public_key().spki()));
  const std::string out =
      Shell("openssl dgst -sha256 -keyform DER -verify " + key +
            " -signature " + WriteTemp("signature", signature->signature) +
            " " + WriteTemp("message", message));
  EXPECT_EQ(out, "Verified OK\n");
}

}  // namespace
}  // namespace chancery::airgap
