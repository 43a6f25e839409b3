#include "responder/cache/key_set_watcher.h"

#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "responder/cache/testing/issuer.h"
#include "responder/cache/testing/memory_cache_store.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;

class KeySetWatcherTest : public ::testing::Test {
 protected:
  KeySetWatcherTest() {
    keys_ = issuer_.KeySetWith(*manifest_key_);
    keys_.version = 5;
    Write(keys_, *root_);
  }

  // As an operator does: by a rename.
  void Write(const block::KeySet& keys, const crypto::SigningKey& root) {
    const std::string bytes =
        block::Sign(block::kKeySetType, keys.Encode(), root)->Encode();
    ASSERT_THAT(base::WriteFileAtomically(file_, base::AsBytes(bytes), 0644),
                IsOk());
  }
  KeySetWatcher Watcher() const {
    return KeySetWatcher(file_, {.keys = {root_->public_key()}});
  }

  const testing::Issuer issuer_{"issuing", "Issuing"};
  const std::unique_ptr<crypto::SoftwareKey> manifest_key_ = testing::NewKey();
  const std::unique_ptr<crypto::SoftwareKey> root_ = testing::NewKey();
  block::KeySet keys_;
  testing::MemoryCacheStore store_;
  const std::string file_ = crypto::testing::TempPath("key-set");
};

TEST_F(KeySetWatcherTest, TakesALaterVersionOnce) {
  KeySetWatcher watcher = Watcher();
  ASSERT_THAT(watcher.Load(), IsOk());
  ASSERT_THAT(watcher.Begin(store_), IsOk());
  EXPECT_FALSE(watcher.Poll()->has_value());
  keys_.version = 6;
  Write(keys_, *root_);
  const auto taken = watcher.Poll();
  ASSERT_THAT(taken, IsOk());
  ASSERT_TRUE(taken->has_value());
  EXPECT_EQ((*taken)->version, 6u);
  EXPECT_FALSE(watcher.Poll()->has_value());
}

TEST_F(KeySetWatcherTest, RefusesAnOlderOneAlsoAfterARestart) {
  {
    KeySetWatcher watcher = Watcher();
    ASSERT_THAT(watcher.Load(), IsOk());
    ASSERT_THAT(watcher.Begin(store_), IsOk());
    keys_.version = 6;
    Write(keys_, *root_);
    ASSERT_TRUE(watcher.Poll()->has_value());
    keys_.version = 5;
    Write(keys_, *root_);
    EXPECT_THAT(watcher.Poll().status(),
                StatusIs(kRefused, "version 5 is not after 6"));
    // Told once.
    EXPECT_THAT(watcher.Poll().status(), IsOk());
  }
  KeySetWatcher again = Watcher();
  ASSERT_THAT(again.Load(), IsOk());
  EXPECT_THAT(again.Begin(store_), StatusIs(kRefused, "has had 6"));
  keys_.version = 6;
  Write(keys_, *root_);
  KeySetWatcher same = Watcher();
  ASSERT_THAT(same.Load(), IsOk());
  EXPECT_THAT(same.Begin(store_), IsOk());
}

TEST_F(KeySetWatcherTest, RefusesWhatTheRootsDidNotSign) {
  KeySetWatcher watcher = Watcher();
  ASSERT_THAT(watcher.Load(), IsOk());
  ASSERT_THAT(watcher.Begin(store_), IsOk());
  keys_.version = 6;
  Write(keys_, *testing::NewKey());
  EXPECT_THAT(watcher.Poll().status(),
              StatusIs(absl::StatusCode::kPermissionDenied, file_));
  Write(keys_, *root_);
  EXPECT_TRUE(watcher.Poll()->has_value());
}

TEST_F(KeySetWatcherTest, OtherIssuersNeedARestart) {
  KeySetWatcher watcher = Watcher();
  ASSERT_THAT(watcher.Load(), IsOk());
  ASSERT_THAT(watcher.Begin(store_), IsOk());
  keys_.version = 6;
  keys_.issuers.front().name = "renamed";
  Write(keys_, *root_);
  EXPECT_THAT(watcher.Poll().status(), StatusIs(kRefused, "other issuers"));
}

TEST_F(KeySetWatcherTest, AFileThatIsGoneForAWhileChangesNothing) {
  KeySetWatcher watcher = Watcher();
  ASSERT_THAT(watcher.Load(), IsOk());
  ASSERT_THAT(watcher.Begin(store_), IsOk());
  ASSERT_EQ(unlink(file_.c_str()), 0);
  EXPECT_FALSE(watcher.Poll().ok());
  EXPECT_THAT(watcher.Poll().status(), IsOk());
  Write(keys_, *root_);
  EXPECT_FALSE(watcher.Poll()->has_value());
}

}  // namespace
}  // namespace chancery::responder
