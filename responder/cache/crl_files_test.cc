#include "responder/cache/crl_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "responder/testing/memory_file.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;

class CrlFilesTest : public ::testing::Test {
 protected:
  CrlFilesTest() {
    EXPECT_THAT(base::MakeDirectories(folder_), IsOk());
    for (int i = 0; i < 8; ++i) {
      Write(i, absl::StrCat("crl ", i));
      added_.push_back(files_.Add(OpenPath(Path(i)), Path(i)));
    }
  }

  std::string Path(int i) const { return absl::StrCat(folder_, "/", i); }
  void Write(int i, const std::string& content) {
    EXPECT_THAT(base::WriteFileAtomically(Path(i), base::AsBytes(content)),
                IsOk());
  }
  static base::Fd OpenPath(const std::string& path) {
    return base::Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  // "" if it cannot be opened.
  static std::string Content(const std::shared_ptr<const base::Fd>& file) {
    return file == nullptr ? "" : testing::ReadPart(file->get(), 0, 100);
  }

  const std::string folder_ =
      ::testing::TempDir() + "/crl-files-" +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  // Three are kept, one may be open beside them.
  CrlFiles files_{4};
  std::vector<std::shared_ptr<const CrlFile>> added_;
};

TEST_F(CrlFilesTest, OpensEachOneAsOftenAsAskedFor) {
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < added_.size(); ++i) {
      EXPECT_EQ(Content(added_[i]->Open()), absl::StrCat("crl ", i));
    }
  }
}

TEST_F(CrlFilesTest, KeepsTheFirstOnesWhateverBecomesOfTheFolder) {
  for (int i = 0; i < 8; ++i) unlink(Path(i).c_str());
  for (size_t i = 0; i < added_.size(); ++i) {
    EXPECT_EQ(Content(added_[i]->Open()), i < 3 ? absl::StrCat("crl ", i) : "");
  }
}

TEST_F(CrlFilesTest, OpensNoOtherFileOfThatName) {
  Write(7, "crl x");  // Of the same size.
  EXPECT_EQ(added_[7]->Open(), nullptr);
  unlink(Path(6).c_str());
  EXPECT_EQ(symlink(Path(7).c_str(), Path(6).c_str()), 0);
  EXPECT_EQ(added_[6]->Open(), nullptr);
}

TEST_F(CrlFilesTest, WhoTakesTheSameFileSharesIt) {
  const auto one = added_[7]->Open();
  const auto other = added_[7]->Open();
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one, other);
}

TEST_F(CrlFilesTest, OpensNoMoreThanItMay) {
  auto taken = added_[7]->Open();
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(added_[6]->Open(), nullptr);
  EXPECT_NE(added_[0]->Open(), nullptr);
  taken.reset();
  EXPECT_NE(added_[6]->Open(), nullptr);
  // One that is replaced makes room.
  added_[0].reset();
  taken = added_[7]->Open();
  EXPECT_NE(added_[6]->Open(), nullptr);
}

}  // namespace
}  // namespace chancery::responder
