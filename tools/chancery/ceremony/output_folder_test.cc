#include "tools/chancery/ceremony/output_folder.h"

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::cli::ceremony {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;

constexpr char kHash[] = "0a0b";

class OutputFolderTest : public ::testing::Test {
 protected:
  OutputFolderTest() { std::filesystem::remove_all(parent_); }

  bool Exists(const std::string& path) const {
    return std::filesystem::exists(path);
  }
  std::unique_ptr<OutputFolder> Begin() const {
    auto folder = OutputFolder::Begin(folder_, kHash);
    EXPECT_THAT(folder, IsOk());
    return folder.ok() ? *std::move(folder) : nullptr;
  }

  const std::string parent_ =
      ::testing::TempDir() + "/" +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string folder_ = parent_ + "/out";
  const std::string partial_ = folder_ + ".partial";
  const absl::string_view content_ = "content";
};

TEST_F(OutputFolderTest, AppearsAtOnceAndWithoutItsJournal) {
  const auto folder = Begin();
  ASSERT_THAT(folder->Put("key", AsBytes(content_), 0600), IsOk());
  EXPECT_THAT(folder->Put("key", AsBytes(content_), 0600),
              StatusIs(absl::StatusCode::kAlreadyExists, "key"));
  ASSERT_THAT(folder->Note("made a key"), IsOk());
  EXPECT_FALSE(Exists(folder_));
  ASSERT_THAT(folder->Commit(), IsOk());
  EXPECT_TRUE(folder->committed());
  EXPECT_FALSE(Exists(partial_));
  EXPECT_FALSE(Exists(folder_ + "/journal"));
  EXPECT_EQ(*base::ReadFile(folder_ + "/key"), "content");
  EXPECT_EQ(
      std::filesystem::status(folder_ + "/key").permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(OutputFolderTest, LeavesNothingUnlessCommitted) {
  auto folder = Begin();
  ASSERT_THAT(folder->Put("key", AsBytes(content_), 0600), IsOk());
  folder.reset();
  EXPECT_FALSE(Exists(partial_));
  EXPECT_FALSE(Exists(folder_));
  EXPECT_THAT(OutputFolder::CheckFree(folder_, kHash), IsOk());
}

TEST_F(OutputFolderTest, ExplainsWhatAnInterruptedCeremonyHadDone) {
  auto folder = Begin();
  ASSERT_THAT(folder->Note("begins step 3 destroy_key: pkcs11:object=r"),
              IsOk());
  EXPECT_THAT(OutputFolder::CheckFree(folder_, kHash),
              StatusIs(absl::StatusCode::kFailedPrecondition, "is at work"));
  folder->Keep();
  folder.reset();
  EXPECT_THAT(OutputFolder::CheckFree(folder_, kHash),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "destroy_key: pkcs11:object=r"));
  EXPECT_FALSE(OutputFolder::Begin(folder_, kHash).ok());
  EXPECT_TRUE(Exists(partial_ + "/journal"));
}

TEST_F(OutputFolderTest, TakesNobodysPlace) {
  const auto folder = Begin();
  std::filesystem::create_directory(folder_);
  EXPECT_THAT(folder->Commit(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "appeared"));
  EXPECT_FALSE(folder->committed());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_THAT(OutputFolder::CheckFree(folder_, kHash),
              StatusIs(absl::StatusCode::kFailedPrecondition, "overwrites"));
}

TEST_F(OutputFolderTest, KnowsTheCeremonyThatWasPerformed) {
  const auto folder = Begin();
  const std::string transcript = "ceremony_sha256: \"0a0b\"\n";
  ASSERT_THAT(folder->Put("transcript.textproto", AsBytes(transcript), 0644),
              IsOk());
  ASSERT_THAT(folder->Commit(), IsOk());
  EXPECT_THAT(OutputFolder::CheckFree(folder_, "0a0b"),
              StatusIs(absl::StatusCode::kAlreadyExists, "performed"));
  EXPECT_THAT(OutputFolder::CheckFree(folder_, "0a0c"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "overwrites"));
}

}  // namespace
}  // namespace chancery::cli::ceremony
