#include "responder/cache/blob_collector.h"

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

constexpr uint64_t kFile = 4 << 20;

TEST(FilesToCollectTest, LeavesAFifthBe) {
  EXPECT_EQ(FilesToCollect({}), 0u);
  // A sixth of the files: a fifth of what remains.
  EXPECT_EQ(FilesToCollect(std::vector<BlobFile>(5, {kFile, kFile / 6})), 0u);
  EXPECT_GT(FilesToCollect(std::vector<BlobFile>(5, {kFile, kFile / 5})), 0u);
}

TEST(FilesToCollectTest, MovesA32ndOfWhatRemains) {
  // 64 halves remain; a 32nd are two, the halves of two files.
  EXPECT_EQ(FilesToCollect(std::vector<BlobFile>(64, {kFile, kFile / 2})), 2u);
  // Files without anything to move come along.
  std::vector<BlobFile> files(64, {kFile, kFile / 2});
  for (size_t i = 0; i < 10; ++i) files[i].garbage = kFile;
  EXPECT_EQ(FilesToCollect(files), 12u);
}

TEST(FilesToCollectTest, TakesAllWhenNothingRemains) {
  EXPECT_EQ(FilesToCollect(std::vector<BlobFile>(3, {kFile, kFile})), 3u);
}

TEST(FilesToCollectTest, DoesNotStartForLittle) {
  EXPECT_EQ(FilesToCollect({{1000, 1000}, {1000, 0}}), 0u);
}

}  // namespace
}  // namespace chancery::responder
