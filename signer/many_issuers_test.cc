// How long a signer with many issuers needs from its configuration until it can
// sign. The budget is for 10,000 and an optimised build:
//
//   CHANCERY_ISSUERS=10000 bazel run -c opt --config=opt
//   //signer:many_issuers_test
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "signer/block_signer.h"
#include "signer/config.h"
#include "signer/issuance.h"
#include "signer/issuer.h"
#include "signer/issuer_record.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/rocksdb_store.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using crypto::testing::TempPath;

constexpr absl::Duration kBudget = absl::Seconds(10);

size_t CountIssuers() {
  size_t count = 0;
  const char* const wanted = std::getenv("CHANCERY_ISSUERS");
  if (wanted != nullptr && absl::SimpleAtoi(wanted, &count)) return count;
  return 500;
}

// Makes NAME.key and NAME.pem, a self-signed CA, and says where they are.
void AddIssuer(const std::string& name, config::Signer& config) {
  const auto key = *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  x509::CertificateFacts facts;
  facts.serial = "\x01" + name;
  facts.issuer = facts.subject = *x509::EncodeName({{"O", "T"}, {"CN", name}});
  facts.not_before =
      absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) - absl::Hours(1);
  facts.not_after = facts.not_before + absl::Hours(24 * 3650);
  facts.public_key = base::ToString(key->public_key().spki());
  facts.extensions.is_ca = true;
  facts.extensions.key_usage = x509::kKeyCertSign | x509::kCrlSign;
  facts.extensions.subject_key_identifier =
      base::ToString(key->public_key().KeyHashSha1());
  const std::string der = *x509::SignCertificate(facts, *key);
  const std::string pem = x509::EncodePem("CERTIFICATE", base::AsBytes(der));
  const base::Secret secret = *crypto::EncodePkcs8Pem(*key, nullptr);
  ASSERT_THAT(base::WriteFileAtomically(TempPath(name + ".key"),
                                        base::AsBytes(secret.Reveal()), 0600),
              IsOk());
  ASSERT_THAT(
      base::WriteFileAtomically(TempPath(name + ".pem"), base::AsBytes(pem)),
      IsOk());
  config::Issuer& issuer = *config.add_issuer();
  issuer.set_name(name);
  issuer.set_certificate_file(TempPath(name + ".pem"));
  issuer.mutable_key()->set_file(TempPath(name + ".key"));
  issuer.set_ocsp_url("http://ocsp.example.com");
  issuer.set_crl_url(absl::StrCat("http://crl.example.com/", name, ".crl"));
  issuer.add_profile("server");
}

config::Signer Configuration(size_t issuers) {
  config::Signer config;
  config.set_ledger_dir(TempPath("many-ledger"));
  config.mutable_listen()->add_address("unix:" + TempPath("socket"));
  config::Profile& profile = *config.add_profile();
  profile.set_name("server");
  profile.set_validity_hours(2160);
  profile.add_key_usage("digital_signature");
  profile.add_extended_key_usage("server_auth");
  profile.set_allow_dns(true);
  for (size_t i = 0; i < issuers; ++i) {
    AddIssuer(absl::StrCat("issuer-", i), config);
  }
  *config.mutable_manifest_key() = config.issuer(0).key();
  return config;
}

TEST(ManyIssuersTest, StartInSeconds) {
  const size_t count = CountIssuers();
  const config::Signer config = Configuration(count);

  const absl::Time begun = absl::Now();
  const std::clock_t cpu_begun = std::clock();
  ASSERT_THAT(CheckConfig(config), IsOk());
  {
    crypto::KeyOpener opener;  // As a start does in CheckFiles.
    ASSERT_THAT(ReadIssuers(config, opener), IsOk());
  }
  crypto::KeyOpener opener;
  auto loaded = LoadIssuers(config, opener);
  ASSERT_THAT(loaded, IsOk());
  const IssuerTable issuers(*std::move(loaded));
  ASSERT_THAT(base::MakeDirectories(config.ledger_dir()), IsOk());
  auto store = OpenRocksDbStore(config.ledger_dir());
  ASSERT_THAT(store, IsOk());
  const auto ledger = Ledger::Open(*std::move(store), base::SystemClock(), {});
  ASSERT_THAT(ledger, IsOk());
  ASSERT_THAT(RecordIssuers(issuers.all(), **ledger), IsOk());
  BlockSigner blocks(**ledger, issuers, *issuers.all()[0].key,
                     base::SystemClock(), {});
  Issuance issuance(**ledger, issuers, blocks, base::SystemClock(),
                    base::SystemRandom());
  const absl::Duration taken = absl::Now() - begun;
  const double cpu_seconds =
      static_cast<double>(std::clock() - cpu_begun) / CLOCKS_PER_SEC;

  EXPECT_EQ(issuers.all().size(), count);
  std::printf("%zu issuers in %.2f s, %.2f s of CPU\n", count,
              absl::ToDoubleSeconds(taken), cpu_seconds);
  EXPECT_LT(taken, kBudget);
}

}  // namespace
}  // namespace chancery::signer
