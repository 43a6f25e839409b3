// What crashes, and people, leave of the files of CRLs.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/crl_signer_fixture.h"
#include "signer/testing/test_signer.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using testing::FakeDisk;
using testing::TestSigner;

class CrlCrashTest : public testing::CrlSignerFixture {};

// TRUST 3: it is in the ledger, and its bytes on the disk, before it leaves.
TEST_F(CrlCrashTest, AStartAfterACrashHasTheBytesThatLeft) {
  Revoked();
  const auto crl = world_.SignCrl();
  ASSERT_THAT(crl, IsOk());
  ASSERT_THAT(world_.PowerCut(), IsOk());
  const auto again = world_.signer.SignCrl(
      {.issuer = "issuing", .have_number = crl->number - 1});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->der, crl->der);
  EXPECT_EQ(again->number, crl->number);
  EXPECT_EQ(again->this_update, crl->this_update);
  EXPECT_EQ(again->next_update, crl->next_update);
  EXPECT_EQ(again->refresh_at, crl->refresh_at);
  EXPECT_EQ(again->entries, 1u);
  EXPECT_EQ(again->ledger_size, crl->ledger_size);
}

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

// What a crash at each step leaves: the copy of disk and folder at that moment.
TEST_F(CrlCrashTest, ACrashAtAnyStepLeavesAWholeCrlAndNothingElse) {
  struct Left {
    std::string step;
    FakeDisk::Rows rows;
    std::string folder;
  };
  Revoked();
  ASSERT_THAT(world_.SignCrl(), IsOk());
  std::vector<Left> left;
  world_.signer.set_after_crl_step([&](const char* step) {
    const std::string folder =
        crypto::testing::TempPath(absl::StrCat("left-", step));
    std::filesystem::remove_all(folder);
    std::filesystem::copy(world_.signer.crl_folder(), folder);
    left.push_back({step, world_.disk.durable(), folder});
  });
  ASSERT_THAT(world_.PowerCut(), IsOk());
  const std::string revoked = Revoked();
  const auto made = world_.SignCrl();
  ASSERT_THAT(made, IsOk());
  ASSERT_EQ(left.size(), 4u);
  EXPECT_EQ(FilesIn(world_.signer.crl_folder()).size(), 1u);
  for (const Left& crash : left) {
    SCOPED_TRACE(crash.step);
    FakeDisk disk;
    disk.set_durable(crash.rows);
    disk.Crash();
    TestSigner signer({world_.pki.issuer()}, *world_.pki.manifest_key(), disk,
                      world_.clock);
    std::filesystem::remove_all(signer.crl_folder());
    std::filesystem::copy(crash.folder, signer.crl_folder());
    ASSERT_THAT(signer.Start(), IsOk());
    EXPECT_EQ(FilesIn(signer.crl_folder()).size(), 1u);
    const auto newest = signer.SignCrl({.issuer = "issuing", .have_number = 0});
    ASSERT_THAT(newest, IsOk());
    const bool recorded = crash.step == "recorded";
    EXPECT_EQ(newest->der == made->der, recorded);
    EXPECT_EQ(world_.openssl.ReadCrl(newest->der).entries.count(revoked),
              recorded ? 1u : 0u);
    const auto next = signer.SignCrl({.issuer = "issuing"});
    ASSERT_THAT(next, IsOk());
    EXPECT_GT(next->number, newest->number);
    EXPECT_EQ(world_.openssl.ReadCrl(next->der).entries.count(revoked), 1u);
    EXPECT_EQ(FilesIn(signer.crl_folder()).size(), 1u);
  }
}

// A file that somebody removed is made again under a new number.
TEST_F(CrlCrashTest, AFileThatIsGoneIsNotGivenOut) {
  const auto first = world_.SignCrl();
  for (const std::string& name : FilesIn(world_.signer.crl_folder())) {
    std::filesystem::remove(world_.signer.crl_folder() + "/" + name);
  }
  const auto second =
      world_.signer.SignCrl({.issuer = "issuing", .have_number = 0});
  ASSERT_THAT(second, IsOk());
  EXPECT_GT(second->number, first->number);
}

}  // namespace
}  // namespace chancery::signer
