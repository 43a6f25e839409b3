#include "rpc/audit_log/audit_log.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/testing/fake_clock.h"
#include "base/testing/file_size_limit.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "rpc/audit_log/checkpoint.h"
#include "rpc/audit_log/log_files.h"
#include "rpc/audit_log/record.h"
#include "rpc/audit_log/verifier.h"
#include "rpc/testing/service_ca.h"
#include "x509/certificate/pem.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::TempPath;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kUri[] = "spiffe://test/signer/one";

std::string Describe(const AuditFinding& finding) {
  return absl::StrCat(
      std::string(std::filesystem::path(finding.file).filename()), ":",
      finding.line, ": ", finding.what);
}

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() {
    std::filesystem::remove_all(folder_);
    EXPECT_THAT(base::MakeDirectories(folder_), IsOk());
    const std::string pem = *base::ReadFile(ca_.trust_file());
    ca_der_ = *x509::DerOrPem("CERTIFICATE", pem);
  }

  std::unique_ptr<AuditLog> Open(AuditLog::Options options) {
    options.path = path_;
    options.service = kUri;
    auto log = AuditLog::Open(options, base::SystemClock(), log_);
    EXPECT_THAT(log, IsOk());
    return log.ok() ? *std::move(log) : nullptr;
  }
  // Signs at once.
  std::unique_ptr<AuditLog> OpenSigning() {
    interval_ = kCheckpointInterval;
    return Open({.checkpoint_interval = absl::ZeroDuration(),
                 .key = [this] { return LoadCheckpointKey(identity_); }});
  }
  static void Say(AuditLog& log, const std::string& request_id) {
    EXPECT_THAT(log.Await(log.Append({.event = AuditEvent::kAllowed,
                                      .identity = "spiffe://test/client/ada",
                                      .role = "issue",
                                      .action = "Issue",
                                      .request_id = request_id})),
                IsOk());
  }
  void Write(int count) {
    const auto log = Open({});
    for (int i = 0; i < count; ++i) Say(*log, absl::StrCat("r-", i));
  }

  std::vector<std::string> Lines() const {
    std::string all;
    for (const std::string& file : AuditLogFiles(path_)) {
      all += *base::ReadFile(file);
    }
    std::vector<std::string> lines = absl::StrSplit(all, '\n');
    lines.pop_back();
    return lines;
  }
  void Put(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) absl::StrAppend(&all, line, "\n");
    ASSERT_THAT(base::WriteFileAtomically(path_, base::AsBytes(all), 0600),
                IsOk());
  }
  std::vector<std::string> Events() const {
    std::vector<std::string> out;
    for (const std::string& text : Lines()) {
      const auto line = ParseAuditLine(text);
      EXPECT_THAT(line, IsOk()) << text;
      if (line.ok()) {
        out.emplace_back(std::string(AuditEventName(line->record.event)));
      }
    }
    return out;
  }

  AuditVerification Verify(const std::vector<std::string>& anchors = {}) const {
    AuditVerifier verifier(
        {.service_ca = ca_der_, .checkpoint_interval = interval_});
    for (const std::string& anchor : anchors) {
      EXPECT_THAT(verifier.AddAnchor(anchor), IsOk());
    }
    for (const std::string& file : AuditLogFiles(path_)) {
      verifier.AddFile(file, *base::ReadFile(file));
    }
    return verifier.Finish();
  }
  std::vector<std::string> Findings(
      const std::vector<std::string>& anchors = {}) const {
    std::vector<std::string> out;
    for (const auto& one : Verify(anchors).findings) {
      out.push_back(Describe(one));
    }
    return out;
  }

  const std::string folder_ = TempPath("audit");
  const std::string path_ = folder_ + "/test.log";
  testing::ServiceCa ca_{"audit-ca"};
  const config::TlsIdentity identity_ = ca_.Issue(kUri);
  std::string ca_der_;
  // What is expected of the log: most tests sign nothing.
  absl::Duration interval_ = absl::InfiniteDuration();
  std::ostringstream lines_;
  const Log log_{{}, base::SystemClock(), lines_};
};

TEST_F(AuditLogTest, WhatIsAwaitedIsThere) {
  const auto log = Open({});
  Say(*log, "r-1");
  EXPECT_THAT(Lines().back(), HasSubstr("\"request_id\":\"r-1\""));
  struct stat facts = {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(AuditLogTest, GoesOnWhereItEnded) {
  Write(2);
  Write(1);
  EXPECT_THAT(Events(), ElementsAre("started", "allowed", "allowed", "stopped",
                                    "started", "allowed", "stopped"));
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(AuditLogTest, ManyAtOnceShareWrites) {
  const auto log = Open({});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) Say(*log, absl::StrCat(t, "-", i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Lines(), SizeIs(401));
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(AuditLogTest, RepeatedReadsAreCounted) {
  {
    const auto log = Open({});
    for (int i = 0; i < 1000; ++i) {
      log->AppendQuietly({.event = AuditEvent::kAllowed, .role = "read"});
      log->AppendQuietly({.event = AuditEvent::kRefused, .role = "read"});
    }
  }
  // Each once when it happens, and what was counted at the end.
  EXPECT_THAT(Events(), ElementsAre("started", "allowed", "refused", "allowed",
                                    "refused", "stopped"));
  EXPECT_THAT(Lines()[3], HasSubstr("\"times\":999"));
  EXPECT_THAT(Lines()[4], HasSubstr("\"times\":999"));
}

TEST_F(AuditLogTest, QuietOnesComeSoon) {
  const auto log = Open(
      {.quiet_delay = absl::Milliseconds(1), .fold = absl::Milliseconds(1)});
  log->AppendQuietly({.event = AuditEvent::kRefused, .why = "no"});
  while (Lines().size() < 2) std::this_thread::yield();
  EXPECT_THAT(Lines()[1], HasSubstr("\"why\":\"no\""));
}

TEST_F(AuditLogTest, LargeFilesAreRenamedAndTheChainGoesOn) {
  {
    const auto log = Open({.max_bytes = 2000});
    for (int i = 0; i < 40; ++i) Say(*log, absl::StrCat("r-", i));
  }
  {
    const auto log = Open({.max_bytes = 2000});
    for (int i = 0; i < 10; ++i) Say(*log, absl::StrCat("s-", i));
  }
  const auto files = AuditLogFiles(path_);
  EXPECT_GT(files.size(), 5u);
  EXPECT_EQ(files.front(), path_ + ".000000000000");
  for (const std::string& file : files) {
    EXPECT_LE(std::filesystem::file_size(file), 2000u) << file;
  }
  EXPECT_THAT(Lines(), SizeIs(54));
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(AuditLogTest, ACrashBetweenRenamingAndTheNewFileIsNothing) {
  Write(3);
  std::filesystem::rename(path_, path_ + ".000000000000");
  Write(1);
  EXPECT_THAT(AuditLogFiles(path_), SizeIs(2));
  EXPECT_THAT(Findings(), IsEmpty());
}

// Whatever a crash leaves of a write, the log goes on and says what it dropped.
TEST_F(AuditLogTest, AnUnfinishedLineIsDroppedAndSaid) {
  Write(3);
  const std::string whole = *base::ReadFile(path_);
  const size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (size_t cut = last + 1; cut < whole.size(); cut += 17) {
    ASSERT_THAT(
        base::WriteFileAtomically(
            path_, base::AsBytes(absl::string_view(whole).substr(0, cut)),
            0600),
        IsOk());
    EXPECT_THAT(Findings(), ElementsAre(HasSubstr("an unfinished line")));
    Write(1);
    EXPECT_THAT(Findings(), IsEmpty());
    EXPECT_THAT(Lines()[4],
                HasSubstr(absl::StrCat("dropped an unfinished line of ",
                                       cut - last, " bytes with SHA-256 ")));
    EXPECT_THAT(Events(),
                ElementsAre("started", "allowed", "allowed", "allowed",
                            "recovered", "started", "allowed", "stopped"));
  }
}

// kill -9, again and again, while threads write: what was awaited is there.
TEST_F(AuditLogTest, KilledInTheMiddleItLosesNothingThatWasAwaited) {
  const std::string said = folder_ + "/said";
  for (int round = 0; round < 10; ++round) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ready[0]);
      auto log =
          AuditLog::Open({.path = path_, .service = kUri, .max_bytes = 20'000},
                         base::SystemClock(), log_);
      if (!log.ok()) _exit(1);
      for (int i = 0;; ++i) {
        const std::string id = absl::StrCat("k-", round, "-", i);
        if (!(*log)->Await((*log)->Append({.request_id = id})).ok()) _exit(1);
        const std::string line = id + "\n";
        if (write(ready[1], line.data(), line.size()) < 0) _exit(1);
      }
    }
    close(ready[1]);
    std::string got;
    char buffer[256];
    while (got.size() < 200u * (1 + round % 3)) {
      const ssize_t count = read(ready[0], buffer, sizeof buffer);
      ASSERT_GT(count, 0);
      got.append(buffer, static_cast<size_t>(count));
    }
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    close(ready[0]);
    Write(0);
    EXPECT_THAT(Findings(), IsEmpty());
    const std::vector<std::string> lines = Lines();
    std::vector<std::string> ids = absl::StrSplit(got, '\n');
    ids.pop_back();  // Perhaps not whole.
    for (const std::string& id : ids) {
      EXPECT_THAT(lines, Contains(HasSubstr("\"" + id + "\""))) << round;
    }
  }
}

TEST_F(AuditLogTest, FullDiskRefusesUntilThereIsRoom) {
  const auto log = Open({});
  Say(*log, "r-1");
  {
    const base::testing::FileSizeLimit full(std::filesystem::file_size(path_) +
                                            40);
    EXPECT_THAT(log->Await(log->Append({.request_id = "lost"})),
                StatusIs(absl::StatusCode::kUnavailable, "repeat"));
    EXPECT_FALSE(log->Healthy());
  }
  EXPECT_THAT(lines_.str(), HasSubstr("audit_log_not_written"));
  Say(*log, "r-2");
  EXPECT_TRUE(log->Healthy());
  EXPECT_THAT(Lines(), SizeIs(3));
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(AuditLogTest, RefusesWhatItMustNotWriteTo) {
  const auto open = [&] {
    return AuditLog::Open({.path = path_, .service = kUri}, base::SystemClock(),
                          log_);
  };
  {
    const auto log = Open({});
    EXPECT_THAT(open(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 "another process"));
  }
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_THAT(open(), StatusIs(absl::StatusCode::kFailedPrecondition, "0600"));
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  auto lines = Lines();
  lines[0].replace(lines[0].find("started"), 7, "stopped");
  Put(lines);
  EXPECT_THAT(open(), StatusIs(absl::StatusCode::kDataLoss,
                               "test.log:2: does not fit"));
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("elsewhere", path_);
  EXPECT_FALSE(open().ok());
}

// --- what verify finds
// --------------------------------------------------------

TEST_F(AuditLogTest, NamesTheLineThatWasChanged) {
  Write(6);
  const auto whole = Lines();
  for (size_t i = 0; i + 1 < whole.size(); ++i) {
    auto lines = whole;
    // Still a line: only the chain can tell.
    lines[i].replace(lines[i].find("\"event\":\"") + 9, 7,
                     i % 2 == 0 ? "refused" : "stopped");
    if (lines[i] == whole[i]) continue;
    Put(lines);
    EXPECT_THAT(Findings(), ElementsAre(HasSubstr(absl::StrCat(
                                "test.log:", i + 1, ": was changed"))));
  }
}

TEST_F(AuditLogTest, FindsWhatIsMissingMovedOrAdded) {
  Write(8);
  const auto whole = Lines();
  auto lines = whole;
  lines.erase(lines.begin() + 3, lines.begin() + 5);
  Put(lines);
  EXPECT_THAT(Findings(),
              ElementsAre("test.log:4: has sequence 5 after 2: 2 lines missing "
                          "before it"));
  lines = whole;
  std::swap(lines[3], lines[4]);
  Put(lines);
  EXPECT_THAT(Findings(),
              Contains(HasSubstr("test.log:5: has sequence 3 after 4: out of "
                                 "order")));
  lines = whole;
  lines.insert(lines.begin() + 4, whole[2]);
  Put(lines);
  EXPECT_THAT(Findings(), Contains(HasSubstr("test.log:5: has sequence 2")));
  lines = whole;
  lines[5] = "not a line";
  Put(lines);
  EXPECT_THAT(Findings(), Contains(HasSubstr("test.log:6: is not a line")));
  lines = whole;
  lines.erase(lines.begin());
  Put(lines);  // A log is kept for years, not for ever: its start may go.
  EXPECT_THAT(Findings(), IsEmpty());
}

// Whoever can write the file can write all of the chain anew, but not sign it.
TEST_F(AuditLogTest, SignaturesAndAnchorsShowAWholeRewriting) {
  {
    const auto log = OpenSigning();
    for (int i = 0; i < 3; ++i) Say(*log, absl::StrCat("r-", i));
  }
  const AuditVerification before = Verify();
  EXPECT_THAT(before.findings, IsEmpty());
  EXPECT_GE(before.checkpoints, 4u);
  EXPECT_EQ(before.unsigned_lines, 0u);
  const std::string anchor = before.newest_checkpoint;
  EXPECT_EQ(Verify({anchor}).anchors, 1u);

  const auto whole = Lines();
  auto rewritten = whole;
  std::string previous(32, '\0');
  for (std::string& text : rewritten) {
    AuditLine line = *ParseAuditLine(text);
    if (line.record.request_id == "r-1") line.record.request_id = "other";
    line.previous = previous;
    text = EncodeAuditLine(line);
    previous = AuditLineHash(text);
  }
  Put(rewritten);
  EXPECT_THAT(Findings(),
              Contains(HasSubstr("checkpoint: its signature does not verify")));
  EXPECT_THAT(Findings({anchor}),
              Contains(HasSubstr("is not what its anchor says")));

  // Cut off: only what was kept elsewhere knows that there was more.
  Put({whole.begin(), whole.begin() + 4});
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(Findings({anchor}),
              ElementsAre(HasSubstr("its end was cut off")));

  // Without the file of before the anchor, it cannot be compared.
  Put({whole.end() - 1, whole.end()});
  const std::string first =
      *std::find_if(whole.begin(), whole.end(), [](const auto& text) {
        return ParseAuditLine(text)->record.event == AuditEvent::kCheckpoint;
      });
  EXPECT_THAT(Findings({first}),
              ElementsAre(HasSubstr("give the files before")));
}

// A log of a service that signs once a minute, by a clock that is set, its
// lines, and what a thief without its key makes of them.
class MissingCheckpointTest : public AuditLogTest {
 protected:
  MissingCheckpointTest() { interval_ = kCheckpointInterval; }

  std::unique_ptr<AuditLog> Start() {
    auto log =
        AuditLog::Open({.path = path_,
                        .service = kUri,
                        .key = [this] { return LoadCheckpointKey(identity_); }},
                       clock_, log_);
    EXPECT_THAT(log, IsOk());
    return *std::move(log);
  }
  // A decision every ten seconds.
  void Work(AuditLog& log, int decisions) {
    for (int i = 0; i < decisions; ++i) {
      clock_.Advance(absl::Seconds(10));
      Say(log, absl::StrCat("r-", i));
    }
  }
  // What was on disk before the process was killed.
  void Kill(std::unique_ptr<AuditLog> log) {
    const auto lines = Lines();
    log.reset();
    Put(lines);
  }
  static std::vector<std::string> WithoutCheckpoints(
      const std::vector<std::string>& lines, size_t from) {
    std::vector<std::string> out(lines.begin(), lines.begin() + from);
    std::string previous =
        from == 0 ? std::string(32, '\0') : AuditLineHash(lines[from - 1]);
    for (size_t i = from; i < lines.size(); ++i) {
      AuditLine line = *ParseAuditLine(lines[i]);
      if (line.record.event == AuditEvent::kCheckpoint) continue;
      line.sequence = out.size();
      line.previous = previous;
      if (!line.record.request_id.empty()) line.record.request_id = "other";
      out.push_back(EncodeAuditLine(line));
      previous = AuditLineHash(out.back());
    }
    return out;
  }

  base::testing::FakeClock clock_{absl::Now()};
};

TEST_F(MissingCheckpointTest, NoneIsMissedOfAServiceAtWork) {
  auto log = Start();
  Work(*log, 20);
  EXPECT_THAT(Findings(), IsEmpty());
  Kill(std::move(log));
  EXPECT_THAT(Findings(), IsEmpty());
  clock_.Advance(absl::Hours(2));
  log = Start();
  Work(*log, 9);
  clock_.Advance(absl::Hours(2));  // It had nothing to do.
  Work(*log, 3);
  log.reset();
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(Verify().notes, IsEmpty());
  log = Start();
  Kill(std::move(log));
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(MissingCheckpointTest, TheYoungestLinesAreNotedOnly) {
  auto log = Start();
  Work(*log, 3);
  Kill(std::move(log));
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(Verify().notes,
              ElementsAre(HasSubstr("nothing vouches for the last 3 lines")));
  EXPECT_EQ(Verify().unsigned_lines, 3u);
}

// Also with what a crash tears off a write: the lines are there, the
// checkpoint of the same write is not.
TEST_F(MissingCheckpointTest, AWriteThatACrashToreIsNoFault) {
  auto log = Start();
  clock_.Advance(absl::Hours(1));
  Work(*log, 1);
  const auto lines = Lines();
  ASSERT_THAT(Events(),
              ElementsAre("started", "checkpoint", "allowed", "checkpoint"));
  log.reset();
  const std::string torn = absl::StrCat(lines[0], "\n", lines[1], "\n",
                                        lines[2], "\n", lines[3].substr(0, 90));
  ASSERT_THAT(base::WriteFileAtomically(path_, base::AsBytes(torn), 0600),
              IsOk());
  EXPECT_THAT(Findings(), Contains(HasSubstr("an unfinished line")));
  log = Start();
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(MissingCheckpointTest, ARewrittenEndIsFound) {
  {
    const auto log = Start();
    Work(*log, 60);
  }
  const auto whole = Lines();
  for (size_t from = 2; from + 12 < whole.size(); ++from) {
    Put(WithoutCheckpoints(whole, from));
    EXPECT_THAT(Findings(),
                ElementsAre(HasSubstr("from here on nothing vouches")))
        << from;
  }
  // Named is the first line that no checkpoint covers.
  Put(WithoutCheckpoints(whole, 2));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("test.log:3: from here on")));
  Put(WithoutCheckpoints(whole, 0));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("test.log:1: from here on")));
}

// The service goes on in what fits, and signs what stands before.
TEST_F(MissingCheckpointTest, ARewrittenMiddleIsFoundAfterTheNextStart) {
  {
    const auto log = Start();
    Work(*log, 30);
  }
  Put(WithoutCheckpoints(Lines(), 6));
  clock_.Advance(absl::Hours(1));
  {
    const auto log = Start();
    Work(*log, 30);
  }
  EXPECT_GT(Verify().checkpoints, 3u);
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("test.log:3: from here on")));
}

TEST_F(MissingCheckpointTest, AnInventedStartCoversNothing) {
  {
    const auto log = Start();
    Work(*log, 30);
  }
  auto lines = Lines();
  AuditLine start = *ParseAuditLine(lines[0]);
  start.record.time += absl::Hours(1);
  lines[5] = EncodeAuditLine(start);
  Put(WithoutCheckpoints(lines, 4));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("test.log:3: from here on")));
}

TEST_F(MissingCheckpointTest, SaysThatNobodysIdentityWasChecked) {
  Start().reset();
  AuditVerifier verifier({});
  verifier.AddFile(path_, *base::ReadFile(path_));
  const AuditVerification result = verifier.Finish();
  EXPECT_THAT(result.findings, IsEmpty());
  EXPECT_THAT(result.notes, ElementsAre(HasSubstr("was not checked")));
}

TEST_F(AuditLogTest, ACheckpointOfSomebodyElseIsNone) {
  AuditLine line{
      .sequence = 3,
      .previous = std::string(32, 'x'),
      .service = kUri,
      .record = {.event = AuditEvent::kCheckpoint, .time = absl::Now()}};
  const auto check = [&](const config::TlsIdentity& by) {
    AuditLine copy = line;
    EXPECT_THAT(SignCheckpoint(*LoadCheckpointKey(by), copy), IsOk());
    return CheckCheckpoint(copy, ca_der_);
  };
  EXPECT_THAT(check(identity_), IsOk());
  EXPECT_THAT(check(ca_.Issue("spiffe://test/signer/two")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "is of spiffe://test/signer/two"));
  testing::ServiceCa other("audit-other-ca");
  EXPECT_THAT(
      check(other.Issue(kUri)),
      StatusIs(absl::StatusCode::kInvalidArgument, "not of the service CA"));
  line.record.time = absl::Now() + absl::Hours(24 * 365);
  EXPECT_THAT(check(identity_),
              StatusIs(absl::StatusCode::kInvalidArgument, "not valid then"));
  AuditVerifier verifier({});
  EXPECT_THAT(verifier.AddAnchor(EncodeAuditLine(line)),
              StatusIs(absl::StatusCode::kInvalidArgument, "checkpoint"));
}

// The signature, checked by OpenSSL over the bytes that FORMAT.md names.
TEST_F(AuditLogTest, OpensslVerifiesACheckpoint) {
  AuditLine line{.sequence = 3,
                 .previous = std::string(32, '\x5a'),
                 .service = kUri,
                 .record = {.event = AuditEvent::kCheckpoint,
                            .time = absl::FromUnixSeconds(1'795'459'498)}};
  ASSERT_THAT(SignCheckpoint(*LoadCheckpointKey(identity_), line), IsOk());
  std::string message(64, ' ');
  message += "chancery/audit-log/v1";
  message.push_back('\0');
  message += "spiffe://test/signer/one\n3\n";
  for (int i = 0; i < 32; ++i) message += "5a";
  message += "\n2026-11-23T18:44:58.000000Z\n";
  const std::string data = crypto::testing::WriteTemp("message", message);
  const std::string signature =
      crypto::testing::WriteTemp("signature", line.record.signature);
  EXPECT_EQ(
      crypto::testing::Shell("openssl x509 -noout -pubkey -in " +
                             identity_.certificate_file() + " > " + data +
                             ".pub && openssl dgst -sha256 -verify " + data +
                             ".pub -signature " + signature + " " + data),
      "Verified OK\n");
}

}  // namespace
}  // namespace chancery::rpc
