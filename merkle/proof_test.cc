#include "merkle/proof.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace chancery::merkle {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using nlohmann::json;

Hash Leaf(uint64_t index) {
  const std::string entry = std::to_string(index);
  return LeafHash(base::AsBytes(entry));
}

std::vector<Hash> Leaves(uint64_t size) {
  std::vector<Hash> leaves;
  for (uint64_t i = 0; i < size; ++i) leaves.push_back(Leaf(i));
  return leaves;
}

TEST(ProofTest, EveryLeafOfEverySizeIsProvedAtItsPlaceOnly) {
  for (uint64_t size = 1; size <= 40; ++size) {
    const Hash root = RootOf(Leaves(size));
    for (uint64_t index = 0; index < size; ++index) {
      const auto proof = ProveInclusion(index, size, Leaf);
      ASSERT_THAT(proof, IsOk());
      EXPECT_THAT(VerifyInclusion(Leaf(index), index, size, *proof, root),
                  IsOk());
      for (uint64_t other = 0; other < size; ++other) {
        if (other == index) continue;
        EXPECT_FALSE(
            VerifyInclusion(Leaf(index), other, size, *proof, root).ok());
        EXPECT_FALSE(
            VerifyInclusion(Leaf(other), index, size, *proof, root).ok());
      }
    }
  }
}

TEST(ProofTest, EveryTreeIsProvedToHaveGrownFromEverySmallerOne) {
  for (uint64_t size = 1; size <= 40; ++size) {
    const Hash root = RootOf(Leaves(size));
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      const Hash old_root = RootOf(Leaves(old_size));
      auto proof = ProveConsistency(old_size, size, Leaf);
      ASSERT_THAT(proof, IsOk());
      EXPECT_THAT(VerifyConsistency(old_size, old_root, size, root, *proof),
                  IsOk());
      for (Hash& hash : *proof) {
        hash[31] ^= 1;
        EXPECT_FALSE(
            VerifyConsistency(old_size, old_root, size, root, *proof).ok());
        hash[31] ^= 1;
      }
      proof->push_back(root);
      EXPECT_FALSE(
          VerifyConsistency(old_size, old_root, size, root, *proof).ok());
    }
  }
}

TEST(ProofTest, NamesWhatIsNotInTheTree) {
  EXPECT_THAT(ProveInclusion(3, 3, Leaf),
              StatusIs(absl::StatusCode::kOutOfRange, "leaf 3 of 3"));
  EXPECT_THAT(ProveConsistency(0, 3, Leaf),
              StatusIs(absl::StatusCode::kOutOfRange, "from 0 to 3"));
  EXPECT_THAT(ProveConsistency(4, 3, Leaf),
              StatusIs(absl::StatusCode::kOutOfRange, "from 4 to 3"));
}

TEST(ProofTest, PassesOnThatALeafCannotBeRead) {
  const auto broken = [](uint64_t) -> absl::StatusOr<Hash> {
    return absl::UnavailableError("disk");
  };
  EXPECT_THAT(ProveInclusion(0, 2, broken),
              StatusIs(absl::StatusCode::kUnavailable, "disk"));
  EXPECT_THAT(ProveConsistency(1, 2, broken),
              StatusIs(absl::StatusCode::kUnavailable, "disk"));
}

// What transparency-dev/merkle's own verifier is tested with.

std::optional<Hash> HashOf(const json& base64) {
  const auto bytes = base::FromBase64(base64.get<std::string>());
  Hash hash{};
  if (!bytes.has_value() || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

// One case has roots of 12 bytes that are equal; ours always have 32.
bool CanBeAsked(const json& test) {
  return test["wantErr"].get<bool>() || !test.contains("root1") ||
         HashOf(test["root1"]).has_value();
}

// Whether we accept; what is not 32 bytes is refused before it gets here.
bool Accepts(const json& test) {
  std::vector<Hash> proof;
  if (!test["proof"].is_null()) {
    for (const json& one : test["proof"]) {
      const auto hash = HashOf(one);
      if (!hash.has_value()) return false;
      proof.push_back(*hash);
    }
  }
  if (test.contains("leafIdx")) {
    const auto leaf = HashOf(test["leafHash"]), root = HashOf(test["root"]);
    return leaf.has_value() && root.has_value() &&
           VerifyInclusion(*leaf, test["leafIdx"], test["treeSize"], proof,
                           *root)
               .ok();
  }
  const auto root1 = HashOf(test["root1"]), root2 = HashOf(test["root2"]);
  return root1.has_value() && root2.has_value() &&
         VerifyConsistency(test["size1"], *root1, test["size2"], *root2, proof)
             .ok();
}

void ExpectAsWanted(const json& test, const std::string& where) {
  if (!CanBeAsked(test)) return;
  EXPECT_EQ(Accepts(test), !test["wantErr"].get<bool>())
      << where << ": " << test["desc"];
}

TEST(ProofTest, AgreesWithTransparencyDevOnASelection) {
  std::ifstream file("merkle/testdata/proof/transparency_dev.json");
  const json cases = json::parse(file);
  ASSERT_GT(cases.size(), 50u);
  for (const json& test : cases) ExpectAsWanted(test, "selection");
}

TEST(ProofTest, AgreesWithTransparencyDevOnAllItsCases) {
  const char* const shared = std::getenv("CHANCERY_SHARED_DATA");
  if (shared == nullptr) {
    GTEST_SKIP() << "CHANCERY_SHARED_DATA is not set: only the selection in "
                    "testdata was checked";
  }
  size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(shared) / "ct" / "merkle")) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    ExpectAsWanted(json::parse(file), entry.path());
    ++count;
  }
  EXPECT_GE(count, 196u);
}

}  // namespace
}  // namespace chancery::merkle
