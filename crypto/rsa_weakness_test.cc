#include "crypto/rsa_weakness.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "der/writer.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::IsOk;
using testing::Shell;
using testing::WriteTemp;

PublicKey FromSpki(const std::string& der) {
  auto key = PublicKey::FromSpki(base::AsBytes(der));
  EXPECT_THAT(key, IsOk());
  return *std::move(key);
}

PublicKey FromOpenSsl(const std::string& arguments) {
  return FromSpki(Shell("openssl genpkey " + arguments +
                        " | openssl pkey -pubout -outform DER"));
}

PublicKey WithModulus(const std::string& modulus) {
  der::Writer key, spki;
  key.AddSequence([&](der::Writer& w) {
    w.AddUnsigned(base::AsBytes(modulus));
    w.AddInteger(65537);
  });
  const std::string bits = key.Take();
  spki.AddSequence([&](der::Writer& w) {
    w.AddElement(KeyAlgorithmIdentifier(KeyType::kRsa));
    w.AddBitString(base::AsBytes(bits));
  });
  return FromSpki(spki.Take());
}

// Runs Python, which prints a modulus in hexadecimal.
PublicKey FromPython(const std::string& program) {
  std::string hex = Shell("python3 " + WriteTemp("modulus.py", program));
  while (!hex.empty() && hex.back() == '\n') hex.pop_back();
  return WithModulus(*base::FromHex(hex));
}

TEST(RsaWeaknessTest, AHealthyKeyHasNone) {
  const PublicKey key =
      FromOpenSsl("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  EXPECT_EQ(SmallRsaFactor(key), 0u);
  EXPECT_FALSE(HasPrimeModulus(key));
  EXPECT_FALSE(HasRocaFingerprint(key));
  EXPECT_FALSE(HasClosePrimes(key, 100));
}

TEST(RsaWeaknessTest, OtherKeysHaveNoModulus) {
  const PublicKey key =
      FromOpenSsl("-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  EXPECT_EQ(RsaModulus(key), "");
  EXPECT_EQ(SmallRsaFactor(key), 0u);
  EXPECT_FALSE(HasPrimeModulus(key));
  EXPECT_FALSE(HasRocaFingerprint(key));
  EXPECT_FALSE(HasClosePrimes(key, 100));
}

TEST(RsaWeaknessTest, TheModulusIsOpenSsls) {
  const std::string path = testing::TempPath("rsa.key");
  Shell(
      "umask 077; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
      "-out " +
      path);
  const PublicKey key =
      FromSpki(Shell("openssl pkey -pubout -outform DER -in " + path));
  std::string shown = Shell("openssl rsa -noout -modulus -in " + path);
  shown = shown.substr(shown.find('=') + 1);
  shown.pop_back();
  EXPECT_EQ(RsaModulus(key), *base::FromHex(shown));
}

// The key that the finders of ROCA publish with their tool (crocs-muni/roca,
// pubkey03.pem), and one of theirs that is not affected (mod05.txt).
TEST(RsaWeaknessTest, KnowsTheKeysOfRoca) {
  EXPECT_TRUE(HasRocaFingerprint(FromSpki(*base::FromBase64(
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEBqcWmh9uPsqMPgt/43aFU"
      "wpHvJ7BLJeGFuKsgxMal9gSFn+We3lSgr3wOcoiACtcZO7cxpb8eEXDXocZpMNQe"
      "o+sh3t97ivXUKpHDT3IEW5bv1XyxgjAd3MJpZ+VQjpq4iZhtV+g33+cPmfw3xJj0"
      "PBfDubBkz3BEQ9egM+A6ghaXqr8w+ynufTOzdnllqJBY47OXVL06HAB9KKI7DPp5"
      "+dcRrG5MS093sGNLHs1oWRrwPH1TtipfLZEWPU70+PJoMa5GHthexfeIxRI//BLI"
      "dCD9z+odG0pSw1IYJPs5mDSHObYqmG2OdrIom8Lri8BtE4FHhRuDoHGD0hBVn5Bj"
      "IQIDAQAB"))));
  EXPECT_FALSE(HasRocaFingerprint(WithModulus(*base::FromHex(
      "ba68fc5fbb606c4d428ab98b355d66214db4f7e475b5f7ffddc349c73f7d6599"
      "65121ab16a4014e6c465c111d850205853d113f712127e4a230aa97f481eed64"
      "10f6c345f48e25fb81c42ec6815dc35cdd839e0de91fb2bec848d0910fa77e2c"
      "31f99ec9bcc7ed167812bd724318b0adf492d6b47c5ce050184e877ea64045f9"
      "501bf70569cffd102db7299f49e9c00222af9115d0aada967dfe759b7e4576e8"
      "5c3a4ff594039231b90b448b90c3236083bcf819bc318d53a2018ec9b401f102"
      "ba9ee13dde592a42b032df136689d9c5619db55d519853a422d3100624d2d9e4"
      "78218375f460c26930eda8cd0d947e58ffe9b7be2445356deaed988223e3ed1d"))));
}

// Keys as the paper says that the generator made them: primes
// k * M + (65537^a mod M), M the product of the first 126 primes.
TEST(RsaWeaknessTest, KnowsWhatTheirGeneratorMakes) {
  EXPECT_TRUE(HasRocaFingerprint(FromPython(R"(
import random
random.seed(1)
def small():
    n = 2
    while True:
        if all(n % d for d in range(2, int(n ** 0.5) + 1)): yield n
        n += 1
def probable(n):
    return all(pow(b, n - 1, n) == 1 for b in (2, 3))
M, primes = 1, small()
for _ in range(126): M *= next(primes)
def prime():
    while True:
        k = random.getrandbits(1024 - M.bit_length())
        p = k * M + pow(65537, random.getrandbits(250), M)
        if probable(p): return p
n = 0
while n.bit_length() != 2048: n = prime() * prime()
print('%0512x' % n)
)")));
}

// n = p (p + 2d) with p of 1024 bits: a - sqrt(n) is about d^2 / 2p, so that d
// decides in which round a = p + d is met.
std::string ClosePrimes(const std::string& distance) {
  return R"(
from math import isqrt
p = 3 << 1022 | 12345
d = )" + distance +
         R"(
n = p * (p + 2 * d)
a = isqrt(n)
if a * a < n: a += 1
rounds = p + d - a + 1
)";
}

TEST(RsaWeaknessTest, FindsPrimesThatAreCloseInTheRoundOfFermat) {
  EXPECT_TRUE(
      HasClosePrimes(FromPython(ClosePrimes("1") + "print('%x' % n)"), 1));
  EXPECT_TRUE(
      HasClosePrimes(FromPython(ClosePrimes("0") + "print('%x' % n)"), 1));
  const PublicKey key =
      FromPython(ClosePrimes("isqrt(2 * p * 99)") +
                 "assert rounds == 99, rounds\nprint('%x' % n)");
  EXPECT_FALSE(HasClosePrimes(key, 98));
  EXPECT_TRUE(HasClosePrimes(key, 99));
}

TEST(RsaWeaknessTest, KnowsAModulusThatIsAPrime) {
  std::string prime = Shell("openssl prime -generate -bits 2048 -hex");
  while (!prime.empty() && prime.back() == '\n') prime.pop_back();
  EXPECT_TRUE(HasPrimeModulus(WithModulus(*base::FromHex(prime))));
  // A known one (RFC 3526 section 3): not random.
  EXPECT_TRUE(HasPrimeModulus(FromPython(R"(
# floor(2^1918 pi) by Machin's formula, with bits to spare.
bits = 2200
def arctan(x):
    total = term = (1 << bits) // x
    n, sign = 3, -1
    while term:
        term //= x * x
        total += sign * (term // n)
        n, sign = n + 2, -sign
    return total
pi = 4 * (4 * arctan(5) - arctan(239))
print('%x' % (2**2048 - 2**1984 - 1 + 2**64 * ((pi >> (bits - 1918)) + 124476)))
)")));
}

// (6k+1)(12k+1)(18k+1) with all three prime is a Carmichael number: Fermat's
// test takes it for a prime for every base.
TEST(RsaWeaknessTest, ACarmichaelNumberIsNoPrime) {
  EXPECT_FALSE(HasPrimeModulus(FromPython(R"(
def prime(n):
    if any(n % d == 0 for d in (2, 3, 5, 7, 11, 13, 17, 19, 23)): return False
    d, s = n - 1, 0
    while d % 2 == 0: d, s = d // 2, s + 1
    for b in (2, 3, 5, 7, 11, 13):
        x = pow(b, d, n)
        if x in (1, n - 1): continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1: break
        else: return False
    return True
k = 1 << 160
while not (prime(6*k+1) and prime(12*k+1) and prime(18*k+1)): k += 1
n = (6*k+1) * (12*k+1) * (18*k+1)
assert pow(2, n - 1, n) == 1
h = '%x' % n
print(('0' if len(h) % 2 else '') + h)
)")));
}

TEST(RsaWeaknessTest, NamesTheSmallestFactorBelow752) {
  const auto times = [](const char* factor) {
    return FromPython(std::string("print('%x' % (((1 << 2040) - 17) // (") +
                      factor + " * 997) * " + factor + " * 997))");
  };
  // What is left over is found by Python, not assumed.
  const auto smallest = [](const PublicKey& key) {
    const std::string modulus = RsaModulus(key);
    return std::stoul(
        Shell("python3 -c \"n=int('" + base::Hex(base::AsBytes(modulus)) +
              "',16); print(next((d for d in range(2,752) if n%d==0),0))\""));
  };
  for (const char* factor : {"3", "7", "743", "751", "757"}) {
    const PublicKey key = times(factor);
    EXPECT_EQ(SmallRsaFactor(key), smallest(key)) << factor;
  }
  EXPECT_NE(SmallRsaFactor(times("751")), 0u);
}

}  // namespace
}  // namespace chancery::crypto
