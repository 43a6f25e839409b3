#include "signer/crl_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/file_size_limit.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

class CrlFilesTest : public ::testing::Test {
 protected:
  CrlFilesTest() {
    std::filesystem::remove_all(folder_);
    Restart();
  }
  void Restart() {
    auto opened = CrlFiles::Open(folder_);
    ASSERT_THAT(opened, IsOk());
    files_ = std::make_unique<CrlFiles>(*std::move(opened));
  }
  absl::Status Keep(const std::string& content, const std::string& sha256) {
    auto draft = files_->Create();
    if (!draft.ok()) return draft.status();
    const absl::Status written = draft->WriteAt(0, base::AsBytes(content));
    if (!written.ok()) return written;
    return files_->Keep(*std::move(draft), sha256).status();
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  const std::string folder_ = crypto::testing::TempPath("crls");
  std::unique_ptr<CrlFiles> files_;
};

TEST_F(CrlFilesTest, KeepsAFileUnderItsHash) {
  ASSERT_THAT(Keep("one", "\x0a\xff"), IsOk());
  EXPECT_EQ(Names(), std::set<std::string>{"0aff"});
  EXPECT_EQ(*base::ReadFile(folder_ + "/0aff"), "one");
  struct stat info;
  ASSERT_EQ(stat((folder_ + "/0aff").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_THAT(files_->Find("\x0a\xff"), IsOk());
  EXPECT_THAT(files_->Find("\x0b"),
              StatusIs(absl::StatusCode::kNotFound, "0b"));
}

TEST_F(CrlFilesTest, ADraftGoesWithItsObjectOrTheNextStart) {
  {
    const auto draft = files_->Create();
    ASSERT_THAT(draft, IsOk());
    EXPECT_EQ(Names().size(), 1u);
  }
  EXPECT_EQ(Names().size(), 0u);
  ASSERT_THAT(base::WriteFileAtomically(folder_ + "/abcdef.draft", {}), IsOk());
  Restart();
  EXPECT_EQ(Names().size(), 0u);
}

TEST_F(CrlFilesTest, KeepOnlyRemovesTheOthers) {
  ASSERT_THAT(Keep("one", "\x01"), IsOk());
  ASSERT_THAT(Keep("two", "\x02"), IsOk());
  const auto open = files_->Find("\x02");
  files_->KeepOnly({"\x01"});
  EXPECT_EQ(Names(), std::set<std::string>{"01"});
  char content[3];  // Who has it open keeps it.
  EXPECT_EQ(pread((*open)->get(), content, 3, 0), 3);
  files_->Remove("\x01");
  files_->Remove("\x01");
  EXPECT_EQ(Names().size(), 0u);
}

TEST_F(CrlFilesTest, AFullDiskLeavesNothing) {
  const base::testing::FileSizeLimit limit(1000);
  EXPECT_THAT(Keep(std::string(2000, 'x'), "\x01"),
              StatusIs(absl::StatusCode::kResourceExhausted, "CRL file"));
  EXPECT_EQ(Names().size(), 0u);
}

}  // namespace
}  // namespace chancery::signer
