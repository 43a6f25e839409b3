#include "signer/ocsp_token_keys.h"

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/key_source.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "crypto/testing/faulty_token.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::FaultyToken;
using crypto::testing::Shell;

constexpr crypto::KeySpec kP256 = {.type = crypto::KeyType::kEcP256};
const absl::Time kCreated = absl::FromUnixSeconds(1'800'000'000);

// Objects of the token as OpenSC's pkcs11-tool sees them, logged in.
std::string Objects(const std::string& options) {
  return FaultyToken::Tool("--list-objects " + options);
}

size_t Count(const std::string& text, const std::string& wanted) {
  size_t count = 0;
  for (size_t at = text.find(wanted); at != std::string::npos;
       at = text.find(wanted, at + 1)) {
    ++count;
  }
  return count;
}

class OcspTokenKeysTest : public ::testing::Test {
 protected:
  // As another process would.
  std::unique_ptr<OcspTokenKeys> Open(const std::string& rest = "") {
    crypto::KeyOpener opener;
    auto opened = OcspTokenKeys::Open(FaultyToken::Source(rest), opener);
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  FaultyToken token_;
};

TEST_F(OcspTokenKeysTest, MakesFindsAndDestroysAKeyInTheToken) {
  auto keys = Open();
  const auto made = keys->Make(kCreated, kP256);
  ASSERT_THAT(made, IsOk());
  const std::string private_key = Objects("--type privkey");
  EXPECT_EQ(Count(private_key, "Private Key Object"), 1u);
  EXPECT_EQ(Count(private_key, "label:      ocsp-1800000000"), 1u);
  EXPECT_NE(private_key.find("never extractable"), std::string::npos);
  EXPECT_EQ(Count(Objects("--type pubkey"), "label:      ocsp-1800000000"), 1u);

  keys = Open();
  const auto found = keys->Load();
  ASSERT_THAT(found, IsOk());
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->begin()->first, kCreated);
  EXPECT_TRUE(found->begin()->second->public_key() == (*made)->public_key());
  const std::string message = "to be signed";
  EXPECT_THAT(found->begin()->second->Sign(base::AsBytes(message)), IsOk());

  const auto other = crypto::GenerateKey(kP256);
  EXPECT_THAT(
      keys->Destroy(kCreated, (*other)->public_key()),
      StatusIs(absl::StatusCode::kFailedPrecondition, "nothing was destroyed"));
  ASSERT_THAT(keys->Destroy(kCreated, (*made)->public_key()), IsOk());
  EXPECT_EQ(Objects(""), "");
  EXPECT_THAT(keys->Destroy(kCreated, (*made)->public_key()), IsOk());
}

TEST_F(OcspTokenKeysTest, LeavesTheKeysOfOthersAlone) {
  auto keys = Open(";object=issuing-ocsp");
  ASSERT_THAT(keys->Make(kCreated, kP256), IsOk());
  ASSERT_THAT(Open()->Make(kCreated, kP256), IsOk());
  // Labels that look alike, with ids of their own; a half, too.
  for (const char* one :
       {"--label issuing-ocsp-7 --id 07", "--label issuing-ocsp --id 08",
        "--label issuing-ocsp-x --id 09"}) {
    FaultyToken::Tool(std::string("--keypairgen --key-type EC:prime256v1 ") +
                      one);
  }
  FaultyToken::Tool("--delete-object --type privkey --id 07");
  const std::string before = Objects("");
  const auto found = keys->Load();
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->size(), 1u);
  EXPECT_EQ(Objects(""), before);
}

TEST_F(OcspTokenKeysTest, DestroysWhatACrashLeftOfAKey) {
  const std::string id = "6f6373702d31383030303030303030";  // ocsp-1800000000
  for (const char* half : {"privkey", "pubkey"}) {
    const auto made = Open()->Make(kCreated, kP256);
    ASSERT_THAT(made, IsOk());
    FaultyToken::Tool(std::string("--delete-object --type ") + half + " --id " +
                      id);
    EXPECT_NE(Objects(""), "") << half;
    const auto found = Open()->Load();
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(found->empty()) << half;
    EXPECT_EQ(Objects(""), "") << half;
  }
}

TEST_F(OcspTokenKeysTest, ADestructionThatEndedHalfWayIsFinished) {
  auto keys = Open();
  const auto made = keys->Make(kCreated, kP256);
  ASSERT_THAT(made, IsOk());
  FaultyToken::Tool(
      "--delete-object --type privkey --id 6f6373702d31383030303030303030");
  EXPECT_THAT(keys->Destroy(kCreated, (*made)->public_key()), IsOk());
  EXPECT_EQ(Objects(""), "");
}

// Private keys cannot be seen then: none must be taken for lost.
TEST_F(OcspTokenKeysTest, ALostLoginIsNotAnEmptyToken) {
  auto keys = Open();
  ASSERT_THAT(keys->Make(kCreated, kP256), IsOk());
  const std::string before = Objects("");
  token_.Command("absent\n");
  EXPECT_THAT(keys->Load(), StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_FALSE(keys->Make(kCreated + absl::Seconds(1), kP256).ok());
  token_.Command("slots 3\n");
  // After the pause between two connections.
  absl::StatusOr<OcspPrivateKeys::ByTime> found;
  for (int i = 0; i < 100; ++i) {
    found = keys->Load();
    if (found.ok()) break;
    Shell("sleep 0.1");
  }
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->size(), 1u);
  token_.Command("");
  EXPECT_EQ(Objects(""), before);
}

TEST_F(OcspTokenKeysTest, RefusesWhatIsNotAToken) {
  crypto::KeyOpener opener;
  const auto refused = [&](const crypto::KeySource& source,
                           const std::string& why) {
    EXPECT_THAT(OcspTokenKeys::Open(source, opener),
                StatusIs(absl::StatusCode::kInvalidArgument, why));
  };
  refused({.file = "/a.key"}, "files in `folder`");
  refused({}, "names the token");
  refused(FaultyToken::Source(";id=%01"), "names a key");
  refused({.pkcs11_uri = "softhsm"}, "softhsm");
}

}  // namespace
}  // namespace chancery::signer
