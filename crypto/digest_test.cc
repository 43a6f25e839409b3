#include "crypto/digest.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

// FIPS 180-4 example values (csrc.nist.gov, "Examples with Intermediate
// Values").
const std::string kAbc = "abc";
const std::string kTwoBlocks =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

TEST(DigestTest, Sha1IsThatOfTheStandard) {
  EXPECT_EQ(base::Hex(Sha1(base::AsBytes(kAbc))),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(base::Hex(Sha1(base::AsBytes(kTwoBlocks))),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(DigestTest, Sha256IsThatOfTheStandard) {
  EXPECT_EQ(base::Hex(Sha256({})),
            "e3b0c44298fc1c149afbf4c8996fb924"
            "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(base::Hex(Sha256(base::AsBytes(kAbc))),
            "ba7816bf8f01cfea414140de5dae2223"
            "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(base::Hex(Sha256(base::AsBytes(kTwoBlocks))),
            "248d6a61d20638b8e5c026930c3e6039"
            "a33ce45964ff2167f6ecedd419db06c1");
}

TEST(DigestTest, Sha384IsThatOfTheStandard) {
  EXPECT_EQ(base::Hex(Sha384(base::AsBytes(kAbc))),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
            "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
}

TEST(DigestTest, Sha512IsThatOfTheStandard) {
  EXPECT_EQ(base::Hex(Sha512(base::AsBytes(kAbc))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Sha256StreamTest, HashesPiecesLikeTheWhole) {
  Sha256Stream stream;
  for (size_t i = 0; i < kTwoBlocks.size(); i += 5) {
    const std::string piece = kTwoBlocks.substr(i, 5);
    stream.Update(base::AsBytes(piece));
  }
  EXPECT_EQ(stream.Finish(), Sha256(base::AsBytes(kTwoBlocks)));
}

TEST(Sha256StreamTest, StartsAfreshAfterFinish) {
  Sha256Stream stream;
  stream.Update(base::AsBytes(kTwoBlocks)).Finish();
  EXPECT_EQ(stream.Update(base::AsBytes(kAbc)).Finish(),
            Sha256(base::AsBytes(kAbc)));
}

}  // namespace
}  // namespace chancery::crypto
