#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "block/key_set_file.h"
#include "block/manifest.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chancery/run.h"

namespace chancery::cli {
namespace {

using base::testing::IsOk;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::HasSubstr;

const absl::Time kFrom = absl::FromUnixSeconds(1'800'000'000);

// Two of three roots, whose keys OpenSSL made; one manifest key.
class KeySetCommandTest : public ::testing::Test {
 protected:
  KeySetCommandTest() {
    block::KeySetRoots roots{.keys = {}, .threshold = 2};
    for (const char* name : {"a", "b", "c"}) {
      root_keys_.push_back(MakeKey(std::string("root-") + name));
      roots.keys.push_back(
          (*crypto::LoadSoftwareKey(root_keys_.back(), nullptr))->public_key());
    }
    roots_ = roots;
    roots_file_ = WriteTemp("roots.pem", block::EncodeKeySetRoots(roots), 0644);
    const auto manifest =
        *crypto::LoadSoftwareKey(MakeKey("manifest"), nullptr);
    block::KeySet set{
        .version = 5,
        .keys = {{.spki = base::ToString(manifest->public_key().spki()),
                  .not_before = kFrom,
                  .not_after = kFrom + absl::Hours(1000),
                  .issuers = {block::IssuerId{7}}}},
        .issuers = {{.name = "issuing", .certificate = "DER"}}};
    manifest_id_ = base::Hex(block::KeyIdOf(manifest->public_key()));
    block::KeySetFile file{.message = set.Encode()};
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(block::AddSignature(
                      **crypto::LoadSoftwareKey(root_keys_[i], nullptr), file),
                  IsOk());
    }
    first_ = WriteTemp("key-set", file.Encode(), 0644);
  }

  static std::string MakeKey(const std::string& name) {
    const std::string path = TempPath(name + ".key");
    Shell(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out " +
        path + " && chmod 600 " + path);
    return path;
  }
  static std::string PublicOf(const std::string& key) {
    Shell("openssl pkey -in " + key + " -pubout -out " + key + ".pub");
    return key + ".pub";
  }

  int Keyset(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"keyset"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"--root", roots_file_});
    out_.str("");
    err_.str("");
    return cli::Run(all, out_, err_);
  }
  absl::StatusOr<block::KeySet> Open(const std::string& path) const {
    const std::string bytes = *base::ReadFile(path);
    return block::OpenKeySet(base::AsBytes(bytes), roots_);
  }

  std::vector<std::string> root_keys_;
  block::KeySetRoots roots_;
  std::string roots_file_, first_, manifest_id_;
  std::ostringstream out_, err_;
};

TEST_F(KeySetCommandTest, AKeyIsAddedOnceEnoughRootsHaveSigned) {
  const std::string next = PublicOf(MakeKey("next"));
  const std::string half = TempPath("half"), whole = TempPath("whole");
  ASSERT_EQ(
      Keyset({"add", first_, "--root-key", root_keys_[2], "--key", next,
              "--from", "2027-01-10", "--until", "2029-01-10", "--out", half}),
      0)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("1 of 3 pinned roots, and 2 have to"));
  EXPECT_THAT(out_.str(), HasSubstr("keyset sign"));
  EXPECT_FALSE(Open(half).ok());
  // Whoever is to sign looks at it first.
  EXPECT_EQ(Keyset({"show", half}), 1);
  EXPECT_THAT(out_.str(), HasSubstr(manifest_id_));

  ASSERT_EQ(Keyset({"sign", half, "--root-key", root_keys_[0], "--out", whole}),
            0)
      << err_.str();
  EXPECT_EQ(Keyset({"show", whole}), 0);
  const auto set = Open(whole);
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->version, 6u);
  ASSERT_EQ(set->keys.size(), 2u);
  const std::string pem = *base::ReadFile(next);
  const std::string spki_hex = Shell("openssl pkey -pubin -outform DER -in " +
                                     next + " | od -An -v -tx1 | tr -d ' \\n'");
  EXPECT_EQ(base::Hex(base::AsBytes(set->keys[1].spki)), spki_hex);
  EXPECT_EQ(set->keys[1].issuers, set->keys[0].issuers);
  EXPECT_EQ(absl::ToUnixSeconds(set->keys[1].not_before), 1799539200);
}

TEST_F(KeySetCommandTest, WrongTimesAreMistakesInUsage) {
  const std::string out = TempPath("never");
  EXPECT_EQ(Keyset({"add", first_, "--root-key", root_keys_[0], "--key", first_,
                    "--from", "foo", "--until", "2029-01-10", "--out", out}),
            2);
  EXPECT_THAT(err_.str(), HasSubstr("--from"));
  EXPECT_EQ(Keyset({"retire", first_, "--root-key", root_keys_[0], "--id",
                    manifest_id_, "--until", "bar", "--out", out}),
            2);
  EXPECT_THAT(err_.str(), HasSubstr("--until"));
}

TEST_F(KeySetCommandTest, AKeyIsRetiredOrRemoved) {
  const std::string retired = TempPath("retired"), both = TempPath("both");
  EXPECT_EQ(Keyset({"retire", first_, "--root-key", root_keys_[0], "--id",
                    manifest_id_.substr(0, 6), "--until", "2027-01-20", "--out",
                    retired}),
            0)
      << err_.str();
  EXPECT_EQ(
      Keyset({"sign", retired, "--root-key", root_keys_[1], "--out", both}), 0);
  EXPECT_EQ(absl::ToUnixSeconds(Open(both)->keys[0].not_after), 1800403200);
  // The only one stays.
  EXPECT_NE(Keyset({"remove", first_, "--root-key", root_keys_[0], "--id",
                    manifest_id_, "--out", TempPath("none")}),
            0);
  EXPECT_THAT(err_.str(), HasSubstr("it is the only key"));
}

// TRUST 4: "a manifest key used for nothing else".
TEST_F(KeySetCommandTest, RefusesAsAManifestKeyWhatHasAnotherPurpose) {
  const std::string out = TempPath("second-purpose");
  const auto add = [&](const std::string& file, const std::string& key) {
    return Keyset({"add", file, "--root-key", root_keys_[0], "--key",
                   PublicOf(key), "--from", "2027-01-10", "--until",
                   "2029-01-10", "--out", out});
  };
  EXPECT_NE(add(first_, root_keys_[1]), 0);
  EXPECT_THAT(err_.str(), HasSubstr("--key: " + root_keys_[1] + ".pub: key "));
  EXPECT_THAT(err_.str(), HasSubstr("it is the key of one of --root"));
  EXPECT_THAT(err_.str(), HasSubstr("(TRUST 4)"));

  const std::string ca = MakeKey("ca");
  block::KeySet set = *Open(first_);
  set.issuers = {
      {.name = "issuing",
       .certificate = Shell("openssl req -x509 -new -subj /CN=ca -outform DER "
                            "-key " +
                            ca)}};
  block::KeySetFile file{.message = set.Encode()};
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(block::AddSignature(
                    **crypto::LoadSoftwareKey(root_keys_[i], nullptr), file),
                IsOk());
  }
  const std::string with_ca = WriteTemp("with-ca", file.Encode(), 0644);
  EXPECT_NE(add(with_ca, ca), 0);
  EXPECT_THAT(err_.str(), HasSubstr("it is the key of issuer \"issuing\""));
  EXPECT_FALSE(base::ReadFile(out).ok());
  EXPECT_EQ(add(with_ca, MakeKey("fresh")), 0) << err_.str();
}

TEST_F(KeySetCommandTest, RefusesWhatWouldBelieveTooLittleOrLoseAFile) {
  const std::string out = TempPath("out");
  const std::string stranger = MakeKey("stranger");
  EXPECT_NE(Keyset({"sign", first_, "--root-key", stranger, "--out", out}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("is the key of none of --root"));
  EXPECT_NE(Keyset({"sign", first_, "--root-key", root_keys_[0], "--out", out}),
            0);
  EXPECT_THAT(err_.str(), HasSubstr("that root has signed it"));
  EXPECT_NE(
      Keyset({"sign", first_, "--root-key", root_keys_[2], "--out", first_}),
      0);
  EXPECT_THAT(err_.str(), HasSubstr(first_));
  EXPECT_THAT(Open(first_), IsOk());
  EXPECT_NE(Keyset({"retire", first_, "--root-key", root_keys_[0], "--id",
                    manifest_id_, "--until", "2020-01-01", "--out", out}),
            0);
  EXPECT_THAT(err_.str(), HasSubstr("use remove"));
  EXPECT_NE(Keyset({"retire", first_, "--root-key", root_keys_[0], "--id", "zz",
                    "--until", "2027-01-20", "--out", out}),
            0);
  EXPECT_THAT(err_.str(), HasSubstr("no key of the set begins so"));
  EXPECT_NE(Keyset({"enlarge", first_}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("none of show, add"));
  // A changed message is under no signature; one of the roots' own is wrong.
  std::string bytes = *base::ReadFile(first_);
  bytes[12] = static_cast<char>(bytes[12] ^ 1);
  EXPECT_NE(Keyset({"show", WriteTemp("changed", bytes, 0644)}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("signature is wrong"));
  EXPECT_FALSE(base::ReadFile(out).ok());
}

}  // namespace
}  // namespace chancery::cli
