#include "policy/blocked_keys.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/public_key.h"
#include "crypto/testing/command.h"
#include "der/writer.h"
#include "gtest/gtest.h"

namespace chancery::policy {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

crypto::PublicKey FromSpki(const std::string& der) {
  auto key = crypto::PublicKey::FromSpki(base::AsBytes(der));
  EXPECT_THAT(key, IsOk());
  return *std::move(key);
}

crypto::PublicKey Rsa(const std::string& modulus) {
  der::Writer key, spki;
  key.AddSequence([&](der::Writer& w) {
    w.AddUnsigned(base::AsBytes(modulus));
    w.AddInteger(65537);
  });
  const std::string bits = key.Take();
  spki.AddSequence([&](der::Writer& w) {
    w.AddElement(crypto::KeyAlgorithmIdentifier(crypto::KeyType::kRsa));
    w.AddBitString(base::AsBytes(bits));
  });
  return FromSpki(spki.Take());
}

// A key of Debian's list, and its entry there: the last ten bytes of SHA-1
// a3853d0c563765e504c18df20e6961a16398b85a, as `openssl rsa -noout -modulus |
// sha1sum` prints it.
const char kDebianEntry[] = "8df20e6961a16398b85a";
std::string DebianModulus() {
  return *base::FromHex(
      "D673252AF6723C3F72529403EAB7C30DEF3C52F97E799825F4A70191C616ADCF"
      "1ECE1113F1625971074C492C592025FDEADBDB146A081826BDF0D77C3C913DCF"
      "1B6F0B3B78F5108D2E493AD0EEE8CA5C021711ADC13D358E61133870FCD19C8E"
      "5C22403959782AA82E72AEE53A3D491E3912CE27B27E1A85EA69C19A527D28F7"
      "934C9823B7E56FDD657DAC83FDC65BB22A98D843DF73238919781B714C81A5E2"
      "AFEC71F5C54AA2A27C590AD94C03C1062D50EFCFFAC743E3C8A3AE056846A1D7"
      "56EB862BF4224169D467C35215ADE0AFCC11E85FE629AFB802C4786FF2E9C929"
      "BCCF502B3D3B8876C6A11785CC398B389F1D86BDD9CB0BD4EC13956EC3FA270D");
}

TEST(BlockedKeysTest, KnowsDebiansWeakKeysByTheirList) {
  BlockedKeys keys;
  ASSERT_THAT(
      keys.Add("blacklist.RSA-2048", "# Debian's list\n00000000000000000001\n" +
                                         std::string(kDebianEntry) + "\n"),
      IsOk());
  keys.Seal();
  EXPECT_EQ(keys.size(), 2u);
  EXPECT_THAT(keys.Check(Rsa(DebianModulus())),
              StatusIs(kInvalid, "in the list blacklist.RSA-2048"));
  std::string other = DebianModulus();
  other.back() ^= 2;
  EXPECT_THAT(keys.Check(Rsa(other)), IsOk());
}

TEST(BlockedKeysTest, ADebianEntryIsWhatItsToolsPrint) {
  // The list's own recipe, for a key that is made now.
  const std::string path = TempPath("rsa.key");
  Shell(
      "umask 077; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
      "-out " +
      path);
  const std::string entry = Shell("openssl rsa -noout -modulus -in " + path +
                                  " | sha1sum | cut -c 21-40");
  BlockedKeys keys;
  ASSERT_THAT(keys.Add("own", entry), IsOk());
  keys.Seal();
  EXPECT_THAT(keys.Check(FromSpki(
                  Shell("openssl pkey -pubout -outform DER -in " + path))),
              StatusIs(kInvalid, "list own"));
}

TEST(BlockedKeysTest, KnowsAnyKeyByTheHashOfItsSpki) {
  for (const char* algorithm :
       {"EC -pkeyopt ec_paramgen_curve:P-256", "ED25519", "RSA"}) {
    const std::string path = TempPath("spki.der");
    Shell("openssl genpkey -algorithm " + std::string(algorithm) +
          " | openssl pkey -pubout -outform DER -out " + path);
    const std::string hash = Shell("sha256sum < " + path + " | cut -c 1-64");
    BlockedKeys keys;
    ASSERT_THAT(keys.Add("stolen", hash), IsOk());
    keys.Seal();
    EXPECT_THAT(keys.Check(FromSpki(Shell("cat " + path))),
                StatusIs(kInvalid, hash.substr(0, 64)));
    EXPECT_THAT(keys.Check(Rsa(DebianModulus())), IsOk());
  }
}

TEST(BlockedKeysTest, AListIsTakenWholeOrNotAtAll) {
  const std::string good = std::string(64, 'a') + "\n";
  for (const char* line :
       {"abc", "8df20e6961a16398b85", "zzzzzzzzzzzzzzzzzzzz",
        "8df20e6961a16398b85a 1", "8df20e6961a16398b85a00"}) {
    BlockedKeys keys;
    EXPECT_THAT(keys.Add("list", good + line + "\n" + good),
                StatusIs(kInvalid, "list:2: "))
        << line;
    EXPECT_EQ(keys.size(), 0u);
  }
  BlockedKeys keys;
  EXPECT_THAT(keys.Add("list", " \r\n# c\n  " + good), IsOk());
  EXPECT_EQ(keys.size(), 1u);
}

}  // namespace
}  // namespace chancery::policy
